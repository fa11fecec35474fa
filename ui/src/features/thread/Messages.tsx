import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { type CallSummary, type FileView, type MessageView, useAction, useConversations } from "../../data/client";
import { day, wholeDays } from "../../data/time";
import { Message } from "./Message";
import { messageKey, type ThreadRow, threadRows } from "./rows";
import styles from "./Thread.module.css";

interface Props {
  conversation: string;
  title: string;
  /** The oldest page first. */
  pages: MessageView[][];
  hasEarlier: boolean;
  canReply: boolean;
  onReply: (message: MessageView) => void;
  renderFile: (file: FileView) => ReactNode;
  renderCall: (call: CallSummary) => ReactNode;
  onEarlier: () => void;
}

/** Within so many pixels of the end the thread follows what arrives. */
const NEAR_END = 80;
/** So many pixels before its beginning what came earlier is asked for. */
const NEAR_START = 400;

/** The thread, drawn as far as it is in sight. What comes in above it leaves what one reads where it is. */
export function Messages(props: Props): ReactNode {
  const { conversation, title, pages, hasEarlier, canReply, onReply, renderFile, renderCall, onEarlier } = props;
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const messages = useMemo(() => pages.flat(), [pages]);
  const firstUnread = useFirstUnread(conversation, messages);
  const rows = useMemo(() => threadRows(pages, firstUnread, hasEarlier), [pages, firstUnread, hasEarlier]);
  const byId = useMemo(() => new Map(messages.map((message) => [messageKey(message), message])), [messages]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === "message" ? 44 : 38),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
    paddingStart: 12,
    paddingEnd: 12,
    initialRect: { width: 640, height: 620 },
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
  });
  const [atEnd, setAtEnd] = useState(true);
  const newest = messages.at(-1);
  const written = newest?.mine ? newest.id : null;
  useLayoutEffect(() => {
    virtual.scrollToEnd();
    // When it is opened, and when one writes oneself; otherwise one stays where one reads.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [written]);
  useMarkRead(conversation, newest?.id);
  return (
    <div
      ref={scroller}
      className={styles["scroller"]}
      role="region"
      aria-label={t("thread.label", { title })}
      tabIndex={0}
      data-testid="thread"
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END);
        if (scrollTop < NEAR_START) onEarlier();
      }}
    >
      <div className={styles["rows"]} style={{ blockSize: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className={styles["row"]}
              style={{ transform: `translateY(${String(item.start)}px)` }}
            >
              <Row
                row={row}
                byId={byId}
                canReply={canReply}
                onReply={onReply}
                renderFile={renderFile}
                renderCall={renderCall}
              />
            </div>
          );
        })}
      </div>
      {atEnd ? null : (
        <div className={styles["newest"]}>
          <Button
            onPress={() => {
              virtual.scrollToEnd();
            }}
          >
            <ArrowDown size="1rem" aria-hidden /> {t("thread.newest")}
          </Button>
        </div>
      )}
    </div>
  );
}

interface RowProps {
  row: ThreadRow;
  byId: Map<string, MessageView>;
  canReply: boolean;
  onReply: (message: MessageView) => void;
  renderFile: (file: FileView) => ReactNode;
  renderCall: (call: CallSummary) => ReactNode;
}

function Row({ row, byId, canReply, onReply, renderFile, renderCall }: RowProps): ReactNode {
  const { t, i18n } = useTranslation();
  if (row.kind === "unread")
    return <div className={[styles["day"], styles["new"]].join(" ")}>{t("thread.unreadLine")}</div>;
  if (row.kind === "day") {
    const days = wholeDays(new Date(row.at), new Date());
    const name = days === 0 ? t("thread.today") : days === 1 ? t("thread.yesterday") : day(row.at, i18n.language);
    return <div className={styles["day"]}>{name}</div>;
  }
  const { message } = row;
  return (
    <Message
      message={message}
      opensGroup={row.opensGroup}
      renderFile={renderFile}
      renderCall={renderCall}
      answers={answered(message, byId)}
      {...(canReply ? { onReply } : {})}
    />
  );
}

/** The message that this one answers, if it answers one. */
function answered({ reply_to, reply_device }: MessageView, byId: RowProps["byId"]): MessageView | null | undefined {
  if (!reply_to || !reply_device) return undefined;
  return byId.get(messageKey({ id: reply_to, device: reply_device })) ?? null;
}

/** The first message that was unread when the conversation was opened; it stays marked while one looks. */
function useFirstUnread(conversation: string, messages: MessageView[]): string | null {
  const unread = useConversations().data?.find((each) => each.id === conversation)?.unread ?? 0;
  const [first] = useState(() => {
    const first = unread > 0 ? messages.filter((message) => !message.mine).at(-unread) : undefined;
    return first ? messageKey(first) : null;
  });
  return first;
}

function useMarkRead(conversation: string, newest: string | undefined): void {
  const { mutate } = useAction((commands, id: string) => commands.conversation_read({ conversation: id }));
  useEffect(() => {
    if (newest) mutate(conversation);
  }, [conversation, newest, mutate]);
}
