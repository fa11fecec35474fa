import { History, Reply } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Hint } from "../../components/Hint";
import { Markdown } from "../../components/markdown";
import type { CallSummary, FileView, MessageView } from "../../data/client";
import { clock } from "../../data/time";
import { Foot } from "./Foot";
import styles from "./Thread.module.css";

interface Props {
  message: MessageView;
  opensGroup: boolean;
  /** The message that it answers; `null` where that one is not here; `undefined` where it answers none. */
  answers: MessageView | null | undefined;
  onReply?: (message: MessageView) => void;
  renderFile: (file: FileView) => ReactNode;
  renderCall: (call: CallSummary) => ReactNode;
}

export function Message({ message, opensGroup, answers, onReply, renderFile, renderCall }: Props): ReactNode {
  const { t, i18n } = useTranslation();
  const time = (
    <time className={styles["time"]} dateTime={message.sent_at}>
      {clock(message.sent_at, i18n.language)}
    </time>
  );
  const tools = onReply && message.kind === "text" && message.sequence !== null && (
    <span className={styles["tools"]}>
      <Button
        kind="icon"
        aria-label={t("thread.reply")}
        onPress={() => {
          onReply(message);
        }}
      >
        <Reply size="1rem" className="mirrored" aria-hidden />
      </Button>
    </span>
  );
  if (message.mine) {
    return (
      <article
        className={[styles["message"], styles["own"], opensGroup ? styles["first"] : ""].join(" ")}
        data-testid="message"
        data-state={message.state}
      >
        <div className={styles["bubble"]}>
          <Before message={message} />
          <Quote answers={answers} />
          <Body message={message} renderFile={renderFile} renderCall={renderCall} />
          <Foot message={message} time={time} />
        </div>
        {tools}
      </article>
    );
  }
  return (
    <article
      className={[styles["message"], opensGroup ? styles["first"] : ""].join(" ")}
      data-testid="message"
      data-state={message.state}
    >
      {opensGroup ? (
        <>
          <span className={styles["avatar"]}>
            <Avatar name={message.from} />
          </span>
          <span className={styles["sender"]}>
            <span className={styles["name"]}>{message.from}</span>
            {time}
          </span>
        </>
      ) : null}
      <div className={styles["text"]}>
        <Before message={message} />
        <Quote answers={answers} />
        <Body message={message} renderFile={renderFile} renderCall={renderCall} />
        {message.state === "lost" && <p className={styles["lost"]}>{t("thread.lost")}</p>}
      </div>
      {tools}
    </article>
  );
}

/** The body by what the message is; a kind that this version doesn't know is one of a newer version. */
function Body({ message, renderFile, renderCall }: Pick<Props, "message" | "renderFile" | "renderCall">): ReactNode {
  const { t } = useTranslation();
  if (message.kind === "unreadable" || !message.verified) {
    return (
      <p className={styles["problem"]}>
        {t("thread.unreadable")} {message.problem}
      </p>
    );
  }
  if (message.kind === "text") {
    return (
      <div className={styles["words"]} dir="auto">
        <Markdown text={message.text ?? ""} />
      </div>
    );
  }
  if (message.call) return renderCall(message.call);
  if (message.file) return renderFile(message.file);
  return <p className={styles["problem"]}>{t("thread.unknown")}</p>;
}

/** That it came late: what stands above it was not there when it was written. */
function Before({ message }: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  if (!message.written_before) return null;
  return (
    <div>
      <Hint why={t("thread.writtenBeforeWhy")} testId="written-before">
        <History size="0.75rem" className="mirrored" aria-hidden />
        {t("thread.writtenBefore")}
      </Hint>
    </div>
  );
}

function Quote({ answers }: { answers: MessageView | null | undefined }): ReactNode {
  const { t } = useTranslation();
  if (answers === undefined) return null;
  return (
    <blockquote className={styles["quote"]}>
      {answers ? `${answers.from}: ${(answers.text ?? "").slice(0, 120)}` : t("thread.replyGone")}
    </blockquote>
  );
}
