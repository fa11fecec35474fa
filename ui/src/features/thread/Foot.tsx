import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Hint } from "../../components/Hint";
import { Problem } from "../../components/States";
import { type MessageView, useAction } from "../../data/client";
import styles from "./Thread.module.css";

/** Where one's own message stands, in a word. */
const stands = {
  queued: "thread.queued",
  sent: "thread.sent",
  received: "thread.sent",
  refused: "thread.refused",
  lost: "thread.lost",
} as const;

/** Under one's own message: when, and where it stands; where it was not sent, why, and what one can do. */
export function Foot({ message, time }: { message: MessageView; time: ReactNode }): ReactNode {
  const { t } = useTranslation();
  const retry = useAction((commands, id: string) => commands.message_retry({ message: id }));
  const cancel = useAction((commands, id: string) => commands.message_cancel({ message: id }));
  if (message.state !== "refused") {
    return (
      <div className={styles["foot"]}>
        {time} · {t(stands[message.state])}
        {message.unconfirmed ? (
          <>
            {" · "}
            <Hint tone="danger" why={t("thread.unconfirmedWhy")} testId="unconfirmed">
              <TriangleAlert size="0.75rem" aria-hidden />
              {t("thread.unconfirmed")}
            </Hint>
          </>
        ) : null}
      </div>
    );
  }
  const busy = retry.isPending || cancel.isPending;
  return (
    <>
      <div className={[styles["foot"], styles["refused"]].join(" ")}>
        <span>{message.problem ? `${t("thread.refused")}: ${message.problem}` : t("thread.refused")}</span>
        <Button
          kind="quiet"
          isDisabled={busy}
          onPress={() => {
            cancel.reset();
            retry.mutate(message.id);
          }}
        >
          {t("thread.retry")}
        </Button>
        <Button
          kind="quiet"
          isDisabled={busy}
          onPress={() => {
            retry.reset();
            cancel.mutate(message.id);
          }}
        >
          {t("thread.cancel")}
        </Button>
      </div>
      <Problem error={retry.error ?? cancel.error} />
    </>
  );
}
