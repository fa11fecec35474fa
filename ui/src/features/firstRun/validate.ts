/** The same rule as the core's, so that one sees it while typing; the core judges. */
export function isHandle(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{1,31}$/.test(text.trim());
}

export function isLink(text: string): boolean {
  return /^bezel:\/\/join\?\S+#[\w-]{80,}$/.test(text.trim());
}

export function isAddress(text: string): boolean {
  return text.trim() === "" || /^https?:\/\/\S+$/.test(text.trim());
}
