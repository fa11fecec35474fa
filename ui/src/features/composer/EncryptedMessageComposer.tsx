import { Paperclip, Video, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { choose, sendAttached, useAttachments } from "../../data/attachments";
import {
  type Algorithm,
  type MemberView,
  type MessageView,
  type Sent,
  useAction,
  useConversation,
} from "../../data/client";
import { draft, setDraft } from "./drafts";
import styles from "./EncryptedMessageComposer.module.css";
import { Hallmark } from "./Hallmark";

export interface EncryptedMessageComposerProps {
  conversationId: string;
  userId: string;
  participants: MemberView[];
  isEncrypted: boolean;
  encryptionAlgorithm: Algorithm;
  onMessageSent?: (sent: Sent) => void;
  /** Told of each file that goes on its way. */
  onFileUploaded?: (file: string) => void;
  /** Offered where given. */
  onVideoCallInitiated?: () => void;
  /** Shows what goes along, where something does. */
  attachments?: ReactNode;
  replyTo?: MessageView | null;
  onStopReply?: () => void;
}

/** Where one writes. Its hallmark says, before anything is sent, what holds now: by which keys, and who can read it. */
export function EncryptedMessageComposer(props: EncryptedMessageComposerProps): ReactNode {
  const { conversationId, participants, isEncrypted, encryptionAlgorithm, onMessageSent, onFileUploaded } = props;
  const { replyTo, onStopReply } = props;
  const { t } = useTranslation();
  const id = useId();
  const closed = useWhyClosed(props);
  const title = useConversation(conversationId).data?.title ?? "";
  const [text, setText] = useState(() => draft(conversationId));
  const send = useAction<string, Sent>(async (commands, words) => {
    const request = {
      conversation: conversationId,
      text: words,
      reply_to: replyTo?.id ?? null,
      reply_device: replyTo?.device ?? null,
    };
    const sent = await commands.message_send({ request });
    // Here, and not when shown: the conversation may have been left before the answer came.
    if (draft(conversationId) === words) setDraft(conversationId, "");
    return sent;
  });
  const waiting = useAttachments(conversationId);
  const ready = waiting.files.some((file) => file.standing.state === "ready");
  const choosing = useAction<null>((commands) => choose(commands, conversationId));
  const sendFiles = useAction<null, string[]>((commands) => sendAttached(commands, conversationId));
  const isEmpty = text.trim() === "" && !ready;
  const write = (words: string): void => {
    setText(words);
    setDraft(conversationId, words);
  };
  const submit = (): void => {
    if (isEmpty || send.isPending || sendFiles.isPending) return;
    if (ready) {
      sendFiles.mutate(null, {
        onSuccess: (files) => {
          files.forEach((file) => onFileUploaded?.(file));
        },
      });
    }
    if (text.trim() === "") return;
    send.mutate(text, {
      onSuccess: (sent) => {
        setText((now) => (now === text ? "" : now));
        onMessageSent?.(sent);
      },
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape" && replyTo) onStopReply?.();
  };
  if (closed) {
    return (
      <div className={styles["composer"]}>
        <p className={styles["closed"]}>{closed}</p>
      </div>
    );
  }
  return (
    <div className={styles["composer"]}>
      {replyTo ? (
        <div className={styles["reply"]}>
          {t("composer.replying", { from: replyTo.from })}
          <Button kind="icon" aria-label={t("composer.stopReply")} onPress={() => onStopReply?.()}>
            <X size="1rem" aria-hidden />
          </Button>
        </div>
      ) : null}
      <label className="visually-hidden" htmlFor={id}>
        {t("composer.placeholder", { title })}
      </label>
      <textarea
        id={id}
        rows={1}
        className={styles["input"]}
        data-testid="composer-input"
        placeholder={t("composer.placeholder", { title })}
        value={text}
        onChange={(event) => {
          write(event.target.value);
        }}
        onKeyDown={onKeyDown}
      />
      {waiting.files.length > 0 ? props.attachments : null}
      <Problem error={choosing.error} />
      <Problem error={send.error} onRetry={submit} />
      <div className={styles["bar"]}>
        <Hallmark
          conversation={conversationId}
          algorithm={encryptionAlgorithm}
          participants={participants}
          isEncrypted={isEncrypted}
        />
        <Button
          kind="icon"
          testId="attach"
          aria-label={t("composer.attach")}
          onPress={() => {
            choosing.mutate(null);
          }}
        >
          <Paperclip size="1.125rem" aria-hidden />
        </Button>
        {props.onVideoCallInitiated ? (
          <Button
            kind="icon"
            testId="composer-call"
            aria-label={t("composer.call")}
            onPress={props.onVideoCallInitiated}
          >
            <Video size="1.125rem" aria-hidden />
          </Button>
        ) : null}
        <span className={styles["space"]} />
        <Button
          kind="primary"
          testId="composer-send"
          isDisabled={isEmpty || send.isPending || sendFiles.isPending}
          onPress={submit}
        >
          {t("composer.send")}
        </Button>
      </div>
    </div>
  );
}

/** Why nothing can be written here, in words. */
function useWhyClosed({ userId, participants, isEncrypted }: EncryptedMessageComposerProps): string | null {
  const { t } = useTranslation();
  if (!isEncrypted) return t("composer.unencrypted");
  const me = participants.find((member) => member.user === userId);
  if (!me) return t("composer.removed");
  return me.role === "read_only" ? t("composer.readOnly") : null;
}
