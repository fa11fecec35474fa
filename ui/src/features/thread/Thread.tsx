import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Empty, Problem } from "../../components/States";
import { type CallSummary, type FileView, type MessageView, useMessages } from "../../data/client";
import { Arrivals } from "./Arrivals";
import { Messages } from "./Messages";
import styles from "./Thread.module.css";
import { ThreadSkeleton } from "./ThreadSkeleton";

interface Props {
  conversation: string;
  title: string;
  canReply: boolean;
  onReply: (message: MessageView) => void;
  renderFile: (file: FileView) => ReactNode;
  renderCall: (call: CallSummary) => ReactNode;
}

/** The messages of a conversation, or why there are none to see. */
export function Thread({ conversation, title, canReply, onReply, renderFile, renderCall }: Props): ReactNode {
  const { t } = useTranslation();
  const read = useMessages(conversation);
  const pages = useMemo(() => (read.data ?? []).map((page) => page.messages), [read.data]);
  const messages = useMemo(() => pages.flat(), [pages]);
  if (read.isPending) return <ThreadSkeleton />;
  return (
    <div className={styles["pane"]}>
      {read.isError ? (
        <div className={styles["problemPlace"]}>
          <Problem
            error={read.error}
            onRetry={() => void (read.isFetchNextPageError ? read.fetchNextPage() : read.refetch())}
          />
        </div>
      ) : null}
      {messages.length > 0 ? (
        <Messages
          conversation={conversation}
          title={title}
          pages={pages}
          hasEarlier={read.hasNextPage}
          canReply={canReply}
          onReply={onReply}
          renderFile={renderFile}
          renderCall={renderCall}
          onEarlier={() => {
            if (read.hasNextPage && !read.isFetchingNextPage && !read.isError) void read.fetchNextPage();
          }}
        />
      ) : read.isError ? null : (
        <Empty title={t("thread.empty")} lead={t("thread.emptyLead")} />
      )}
      <Arrivals messages={messages} />
    </div>
  );
}
