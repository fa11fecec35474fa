/** What was begun and not sent, by conversation. Kept in memory only: no plaintext is stored outside the encrypted database. */
const drafts = new Map<string, string>();

export function draft(conversation: string): string {
  return drafts.get(conversation) ?? "";
}

export function setDraft(conversation: string, text: string): void {
  if (text === "") drafts.delete(conversation);
  else drafts.set(conversation, text);
}
