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
      if (newDay) rows.push({ kind: "day", key: `day-${message.id}`, at: message.sent_at });
      if (message.id === firstUnread) rows.push({ kind: "unread", key: "unread" });
      const opensGroup = index === 0 || newDay || message.id === firstUnread || !continues(before, message);
      rows.push({ kind: "message", key: message.id, message, opensGroup });
      before = message;
    }
  }
  return rows;
}

/** Whether a message stands below the one before it as one of the same breath. */
function continues(before: MessageView | null, message: MessageView): boolean {
  if (!before || before.kind === "event" || before.user !== message.user) return false;
  return new Date(message.sent_at).getTime() - new Date(before.sent_at).getTime() <= GROUP_MS;
}
