import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Empty, Problem, Skeleton } from "../../components/States";
import { type MessageView, useAction, useConversations, useMessages } from "../../data/client";
import { day, wholeDays } from "../../data/time";
import { Message } from "./Message";
import { type ThreadRow, threadRows } from "./rows";
import styles from "./Thread.module.css";

interface Props {
  conversation: string;
  title: string;
  canReply: boolean;
  onReply: (message: MessageView) => void;
}

/** Within so many pixels of the end the thread follows what arrives. */
const NEAR_END = 80;

export function Thread({ conversation, title, canReply, onReply }: Props): ReactNode {
  const { t } = useTranslation();
  const pages = useMessages(conversation);
  const messages = useMemo(() => (pages.data ?? []).flatMap((page) => page.messages), [pages.data]);
  if (pages.isPending) return <Skeleton />;
  if (pages.isError) return <Problem error={pages.error} onRetry={() => void pages.refetch()} />;
  if (messages.length === 0) return <Empty title={t("thread.empty")} lead={t("thread.emptyLead")} />;
  return (
    <Messages
      conversation={conversation}
      title={title}
      messages={messages}
      canReply={canReply}
      onReply={onReply}
      onEarlier={() => {
        if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
      }}
    />
  );
}

interface MessagesProps extends Props {
  messages: MessageView[];
  onEarlier: () => void;
}

function Messages({ conversation, title, messages, canReply, onReply, onEarlier }: MessagesProps): ReactNode {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const firstUnread = useFirstUnread(conversation, messages);
  const rows = useMemo(() => threadRows(messages, firstUnread), [messages, firstUnread]);
  const byId = useMemo(() => new Map(messages.map((message) => [message.id, message])), [messages]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === "message" ? 44 : 38),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
    paddingStart: 12,
    paddingEnd: 12,
    initialRect: { width: 640, height: 620 },
  });
  const [atEnd, setAtEnd] = useState(true);
  const newest = messages.at(-1)?.id;
  const count = rows.length;
  useLayoutEffect(() => {
    if (atEnd && count > 0) virtual.scrollToIndex(count - 1, { align: "end" });
    // Only what arrives moves the thread; scrolling itself must not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [newest, count]);
  useMarkRead(conversation, newest);
  return (
    <div
      ref={scroller}
      className={styles["scroller"]}
      role="log"
      aria-live="polite"
      aria-label={t("thread.label", { title })}
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END);
        if (scrollTop < 200) onEarlier();
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
              <Row row={row} byId={byId} canReply={canReply} onReply={onReply} />
            </div>
          );
        })}
      </div>
      {atEnd ? null : (
        <div className={styles["newest"]}>
          <Button
            onPress={() => {
              virtual.scrollToIndex(count - 1, { align: "end" });
            }}
          >
            <ArrowDown size={15} aria-hidden /> {t("thread.newest")}
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
}

function Row({ row, byId, canReply, onReply }: RowProps): ReactNode {
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
      answers={message.reply_to ? (byId.get(message.reply_to) ?? null) : undefined}
      {...(canReply ? { onReply } : {})}
    />
  );
}

/** The first message that was unread when the conversation was opened; it stays marked while one looks. */
function useFirstUnread(conversation: string, messages: MessageView[]): string | null {
  const unread = useConversations().data?.find((each) => each.id === conversation)?.unread ?? 0;
  const [first] = useState(() => {
    const others = messages.filter((message) => !message.mine);
    return unread > 0 ? (others.at(-unread)?.id ?? null) : null;
  });
  return first;
}

function useMarkRead(conversation: string, newest: string | undefined): void {
  const { mutate } = useAction((commands, id: string) => commands.conversation_read({ conversation: id }));
  useEffect(() => {
    if (newest) mutate(conversation);
  }, [conversation, newest, mutate]);
}
