import { Phone, Video } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { storedOptions } from "../../data/callOptions";
import { useCallHistory } from "../../data/calls";
import { type CallView, useAction, useConversation, useHost } from "../../data/client";
import styles from "./Call.module.css";
import { useQualityWords } from "./quality";

/** A call that simply ended is looked at for so long; then its window goes. */
const LINGERS_MS = 5000;

/** What came of the call, and what one can do now. */
export function Ended({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const host = useHost();
  const title = useConversation(call.conversation).data?.title ?? "";
  const summary = useCallHistory().data?.find((each) => each.call === call.call);
  const words = useQualityWords();
  const again = useAction<null>((commands) =>
    commands.call_start({
      request: { conversation: call.conversation, media: call.media, options: storedOptions(call.media) },
    }),
  );
  const outcome = call.outcome ?? "completed";
  const isDone = outcome === "completed" || (outcome === "cancelled" && call.is_outgoing);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => {
      host.closeWindow();
    }, LINGERS_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [host, isDone]);
  const Icon = call.media === "video" ? Video : Phone;
  return (
    <main className={[styles["window"], styles["ended"]].join(" ")} data-testid="call-ended" data-outcome={outcome}>
      <div className={styles["endedCard"]} role="status">
        <Icon size="1.75rem" strokeWidth={1.5} aria-hidden />
        <h1 className={styles["endedTitle"]}>
          {call.is_elsewhere ? t("call.ended.elsewhere") : t(`call.ended.${outcome}`)}
        </h1>
        <p className={styles["second"]}>
          <bdi>{title}</bdi>
          {summary?.seconds ? ` · ${words.time(summary.seconds)}` : ""}
        </p>
        {summary?.quality ? <p className={styles["second"]}>{words.facts(summary)}</p> : null}
        {outcome === "failed" ? <p className={styles["second"]}>{t("call.ended.failedLead")}</p> : null}
        <div className={styles["endedActions"]}>
          <Button
            testId="call-close"
            autoFocus
            onPress={() => {
              host.closeWindow();
            }}
          >
            {t("call.ended.close")}
          </Button>
          {isDone || call.is_elsewhere ? null : (
            <Button
              kind="primary"
              testId="call-again"
              isDisabled={again.isPending}
              onPress={() => {
                again.mutate(null);
              }}
            >
              {t("call.ended.again")}
            </Button>
          )}
        </div>
        <Problem error={again.error} />
      </div>
    </main>
  );
}
