import { Reply } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Markdown } from "../../components/markdown";
import { type MessageView, useAction } from "../../data/client";
import { clock } from "../../data/time";
import styles from "./Thread.module.css";

interface Props {
  message: MessageView;
  opensGroup: boolean;
  /** The message that it answers; `null` where that one is not here; `undefined` where it answers none. */
  answers: MessageView | null | undefined;
  onReply?: (message: MessageView) => void;
}

export function Message({ message, opensGroup, answers, onReply }: Props): ReactNode {
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
        <Reply size={16} aria-hidden />
      </Button>
    </span>
  );
  if (message.mine) {
    return (
      <article
        className={[styles["message"], styles["own"], opensGroup ? styles["first"] : ""].join(" ")}
        style={{ gridTemplateColumns: "1fr" }}
        data-testid="message"
        data-state={message.state}
      >
        <div className={styles["bubble"]}>
          <Quote answers={answers} />
          <Body message={message} />
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
        <Quote answers={answers} />
        <Body message={message} />
      </div>
      {tools}
    </article>
  );
}

function Body({ message }: { message: MessageView }): ReactNode {
  const { t } = useTranslation();
  if (message.kind === "text" && message.verified) {
    return (
      <div className={styles["text"]}>
        <Markdown text={message.text ?? ""} />
      </div>
    );
  }
  return (
    <p className={styles["problem"]}>
      {t(message.kind === "unknown" ? "thread.unknown" : "thread.unreadable")} {message.problem}
    </p>
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

function Foot({ message, time }: { message: MessageView; time: ReactNode }): ReactNode {
  const { t } = useTranslation();
  const retry = useAction((commands, id: string) => commands.message_retry({ message: id }));
  const cancel = useAction((commands, id: string) => commands.message_cancel({ message: id }));
  if (message.state !== "refused") {
    const state = message.state === "queued" ? t("thread.queued") : t("thread.sent");
    return (
      <div className={styles["foot"]}>
        {time} · {state}
      </div>
    );
  }
  return (
    <div className={[styles["foot"], styles["refused"]].join(" ")}>
      <span>{message.problem ? `${t("thread.refused")}: ${message.problem}` : t("thread.refused")}</span>
      <Button
        kind="quiet"
        onPress={() => {
          retry.mutate(message.id);
        }}
      >
        {t("thread.retry")}
      </Button>
      <Button
        kind="quiet"
        onPress={() => {
          cancel.mutate(message.id);
        }}
      >
        {t("thread.cancel")}
      </Button>
    </div>
  );
}
