import { BellOff, Phone, PhoneOff, Video } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button as Press } from "react-aria-components";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { storedOptions } from "../../data/callOptions";
import { useCall } from "../../data/calls";
import { type CallMedia, type CallView, useAction, useConversation, useHost } from "../../data/client";
import { ring } from "../../data/ring";
import styles from "./Incoming.module.css";

/** The small window that rings. */
export function IncomingWindow(): ReactNode {
  const host = useHost();
  const call = useCall().data;
  const isRinging = call?.phase === "incoming";
  useEffect(() => {
    // Answered elsewhere, or given up: the shell closes the window, this only shows nothing false until then.
    if (call && !isRinging) host.closeWindow();
  }, [host, call, isRinging]);
  if (!call || !isRinging) return <main className={styles["window"]} />;
  return <Ringing call={call} />;
}

function Ringing({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const title = useConversation(call.conversation).data?.title ?? "";
  const [isSilent, setIsSilent] = useState(false);
  const guest = call.guests_waiting[0];
  // Whoever answers a knock lets the client in.
  const answer = useAction((commands, media: CallMedia) =>
    commands.call_answer({ request: { call: call.call, options: storedOptions(media) } }),
  );
  const decline = useAction<null>((commands) =>
    guest ? commands.call_guest_refuse({ guest: guest.id }) : commands.call_decline({ call: call.call }),
  );
  const who = guest?.name ?? call.from;
  useEffect(() => {
    document.title = t(guest ? "call.door.waits" : "call.incoming.title", { from: who, name: who });
  }, [t, guest, who]);
  useEffect(() => (isSilent ? undefined : ring()), [isSilent]);
  const busy = answer.isPending || decline.isPending;
  const rings = call.media === "video" ? (["video", "audio"] as const) : (["audio", "video"] as const);
  const words = guest
    ? { video: t("call.incoming.admitVideo"), audio: t("call.incoming.admitAudio") }
    : { video: t("call.incoming.answerVideo"), audio: t("call.incoming.answerAudio") };
  return (
    <main className={styles["window"]} data-testid="incoming" data-call={call.call}>
      <span className={styles["who"]}>
        <Avatar name={who} />
      </span>
      <div className={styles["words"]} role="alert">
        <h1 className={styles["title"]}>
          {guest ? t("call.door.waits", { name: who }) : t("call.incoming.title", { from: who })}
        </h1>
        <p className={styles["lead"]}>{t(`call.incoming.${call.media}`, { title })}</p>
        {guest ? <p className={styles["lead"]}>{t("call.door.lead")}</p> : null}
      </div>
      <div className={styles["answers"]}>
        <Answer
          kind="decline"
          label={guest ? t("call.door.refuse") : t("call.incoming.decline")}
          testId="incoming-decline"
          isDisabled={busy}
          onPress={() => {
            decline.mutate(null);
          }}
        >
          <PhoneOff size="1.375rem" aria-hidden />
        </Answer>
        {rings.map((media, index) => (
          <Answer
            key={media}
            kind={index === 0 ? "first" : "other"}
            label={words[media]}
            testId={`incoming-${media}`}
            isDisabled={busy}
            onPress={() => {
              answer.mutate(media);
            }}
          >
            {media === "video" ? <Video size="1.375rem" aria-hidden /> : <Phone size="1.375rem" aria-hidden />}
          </Answer>
        ))}
      </div>
      {isSilent ? null : (
        <Button
          kind="quiet"
          testId="incoming-silence"
          onPress={() => {
            setIsSilent(true);
          }}
        >
          <BellOff size="1rem" aria-hidden /> {t("call.incoming.silence")}
        </Button>
      )}
      <Problem error={answer.error ?? decline.error} />
    </main>
  );
}

interface AnswerProps {
  kind: "decline" | "first" | "other";
  label: string;
  testId: string;
  isDisabled: boolean;
  onPress: () => void;
  children: ReactNode;
}

function Answer({ kind, label, testId, isDisabled, onPress, children }: AnswerProps): ReactNode {
  return (
    <Press className={styles["answer"] ?? ""} data-testid={testId} isDisabled={isDisabled} onPress={onPress}>
      <span className={styles["disc"]} data-kind={kind}>
        {children}
      </span>
      {label}
    </Press>
  );
}
