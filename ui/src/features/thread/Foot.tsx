import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { type MessageView, useAction } from "../../data/client";
import styles from "./Thread.module.css";

/** Under one's own message: when, and where it stands; where it was not sent, why, and what one can do. */
export function Foot({ message, time }: { message: MessageView; time: ReactNode }): ReactNode {
  const { t } = useTranslation();
  const retry = useAction((commands, id: string) => commands.message_retry({ message: id }));
  const cancel = useAction((commands, id: string) => commands.message_cancel({ message: id }));
  if (message.state !== "refused") {
    return (
      <div className={styles["foot"]}>
        {time} · {t(message.state === "queued" ? "thread.queued" : "thread.sent")}
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
