/** The same rule as the core's, so that one sees it while typing; the core judges. */
export function isHandle(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{1,31}$/.test(text.trim());
}

/** Whether a whole link may be in what was pasted, wrapped or not; the core reads it out of what stands around it. */
export function isLink(text: string): boolean {
  const secret = /bezel:\/\/join\?[^#]+#([\s\S]*)$/i.exec(text)?.[1] ?? "";
  return /^[\w-]{80,}/.test(secret.replace(/[\s>=]/g, ""));
}

/** Nothing, https, or http on this computer: without a user, and with nothing behind the path. */
export function isAddress(text: string): boolean {
  const address = text.trim();
  if (address === "") return true;
  if (!/^https?:\/\/[^\s/@?#\\][^\s@?#\\]*$/i.test(address) || !URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Why the core refused a passphrase, from the code of its error. */
export function unfit(code: string | undefined) {
  switch (code) {
    case "bad_passphrase":
      return "invalid";
    case "passphrase_common":
      return "common";
    case "passphrase_word":
      return "word";
    case "passphrase_name":
      return "name";
    case "passphrase_keyboard":
      return "keyboard";
    case "passphrase_repetition":
      return "repetition";
    case "passphrase_sequence":
      return "sequence";
    case "passphrase_date":
      return "date";
    case "passphrase_short":
      return "short";
    default:
      return null;
  }
}
