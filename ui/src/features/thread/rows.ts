import type { MessageView } from "../../data/client";
import { wholeDays } from "../../data/time";

/** What stands in a row of the thread. */
export type ThreadRow =
  | { kind: "day"; key: string; at: string }
  | { kind: "unread"; key: string }
  | { kind: "message"; key: string; message: MessageView; opensGroup: boolean };

const GROUP_MS = 5 * 60_000;

/** Days, groups by sender, and the line before the first unread message. */
export function threadRows(messages: MessageView[], firstUnread: string | null): ThreadRow[] {
  const rows: ThreadRow[] = [];
  let before: MessageView | null = null;
  for (const message of messages) {
    const newDay = !before || wholeDays(new Date(before.sent_at), new Date(message.sent_at)) !== 0;
    if (newDay) rows.push({ kind: "day", key: `day-${message.id}`, at: message.sent_at });
    if (message.id === firstUnread) rows.push({ kind: "unread", key: "unread" });
    const apart = before ? new Date(message.sent_at).getTime() - new Date(before.sent_at).getTime() : Infinity;
    const opensGroup = newDay || message.id === firstUnread || before?.user !== message.user || apart > GROUP_MS;
    rows.push({ kind: "message", key: message.id, message, opensGroup });
    before = message;
  }
  return rows;
}
