import type { MessageView } from "../../data/client";
import { wholeDays } from "../../data/time";

/** What stands in a row of the thread. */
export type ThreadRow =
  | { kind: "day"; key: string; at: string }
  | { kind: "unread"; key: string }
  | { kind: "message"; key: string; message: MessageView; opensGroup: boolean };

const GROUP_MS = 5 * 60_000;

/**
 * Days, groups by sender, and the line before the first unread message. A row that is there stays as it is when an earlier page comes
 * before it: each page opens a group, and the first page tells its day once nothing is before it.
 */
export function threadRows(pages: MessageView[][], firstUnread: string | null, hasEarlier: boolean): ThreadRow[] {
  const rows: ThreadRow[] = [];
  let before: MessageView | null = null;
  for (const messages of pages) {
    for (const [index, message] of messages.entries()) {
      const newDay = before ? wholeDays(new Date(before.sent_at), new Date(message.sent_at)) !== 0 : !hasEarlier;
      if (newDay) rows.push({ kind: "day", key: `day-${messageKey(message)}`, at: message.sent_at });
      if (messageKey(message) === firstUnread) rows.push({ kind: "unread", key: "unread" });
      const opensGroup = index === 0 || newDay || messageKey(message) === firstUnread || !continues(before, message);
      rows.push({ kind: "message", key: messageKey(message), message, opensGroup });
      before = message;
    }
  }
  return rows;
}

/** Names one message of a conversation: its id is its sender's choice, and unique on that device alone. */
export function messageKey(message: Pick<MessageView, "id" | "device">): string {
  return `${message.device}/${message.id}`;
}

/** Whether a message stands below the one before it as one of the same breath. */
function continues(before: MessageView | null, message: MessageView): boolean {
  if (!before || before.user !== message.user) return false;
  return new Date(message.sent_at).getTime() - new Date(before.sent_at).getTime() <= GROUP_MS;
}
