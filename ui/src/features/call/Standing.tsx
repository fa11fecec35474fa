import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { useNow } from "../../data/calls";
import { type CallView, useAction, useConversation, useSettings } from "../../data/client";
import styles from "./Stage.module.css";

/** Where the call stands as long as it does not simply go on: over the pictures. */
export function Standing({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const title = useConversation(call.conversation).data?.title ?? "";
  const retry = useAction<null>((commands) => commands.call_retry());
  const leave = useAction<null>((commands) => commands.call_leave());
  const { phase } = call;
  const settings = useSettings().data;
  const attempt = Math.max(1, call.attempt);
  const isBegun = phase === "live" || phase === "ended" || phase === "incoming";
  return (
    <div className={styles["standing"]} data-testid="call-standing" data-phase={phase} role="status">
      {isBegun ? null : (
        <div className={styles["card"]} data-over={call.live_since !== null}>
          {call.live_since ? null : (
            <span className={styles["who"]}>
              <Avatar name={title || call.from} />
            </span>
          )}
          {phase === "reconnecting" ? (
            // How often and how long it is tried is known a moment later.
            settings ? (
              <>
                <h2 className={styles["headline"]}>
                  {t("call.phase.reconnecting", { attempt, count: settings.call_attempts })}
                </h2>
                <Countdown
                  since={call.since}
                  attempt={attempt}
                  attempts={settings.call_attempts}
                  attemptSeconds={settings.call_attempt_seconds}
                />
              </>
            ) : null
          ) : phase === "lost" ? (
            <>
              <h2 className={styles["headline"]}>{t("call.phase.lost")}</h2>
              <p className={styles["lead"]}>{t("call.phase.lostLead")}</p>
              <div className={styles["actions"]}>
                <Button
                  testId="call-lost-leave"
                  onPress={() => {
                    leave.mutate(null);
                  }}
                >
                  {t("call.control.leave")}
                </Button>
                <Button
                  kind="primary"
                  testId="call-retry"
                  onPress={() => {
                    retry.mutate(null);
                  }}
                >
                  {t("call.control.retry")}
                </Button>
              </div>
              <Problem error={retry.error ?? leave.error} />
            </>
          ) : (
            <>
              <h2 className={styles["headline"]}>
                <bdi>{title}</bdi>
              </h2>
              <p className={styles["lead"]}>{t(`call.phase.${phase}`)}</p>
            </>
          )}
        </div>
      )}
    </div>
  );
}

interface CountdownProps {
  since: string;
  attempt: number;
  attempts: number;
  attemptSeconds: number;
}

/** How long is left until the person is asked. */
function Countdown({ since, attempt, attempts, attemptSeconds }: CountdownProps): ReactNode {
  const { t } = useTranslation();
  const now = useNow();
  const whole = Math.max(1, attemptSeconds * attempts);
  const gone = (now - new Date(since).getTime()) / 1000;
  const left = Math.max(0, Math.min(whole - gone, (attempts - attempt + 1) * attemptSeconds));
  return (
    <>
      <span className={styles["progress"]} aria-hidden>
        <span style={{ inlineSize: `${String((left / whole) * 100)}%` }} />
      </span>
      <p className={styles["lead"]} role="timer" aria-live="off" data-testid="call-countdown">
        {t("call.phase.seconds", { count: Math.ceil(left) })}
      </p>
    </>
  );
}
