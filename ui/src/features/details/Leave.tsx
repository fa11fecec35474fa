import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Confirm } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { type ConversationDetails, useAction } from "../../data/client";
import styles from "./Details.module.css";

/** The way out. The last owner is told why there is none. */
export function Leave({ details }: { details: ConversationDetails }): ReactNode {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const leave = useAction<undefined>((commands) => commands.conversation_leave({ conversation: details.id }));
  if (details.removed) return null;
  const close = (): void => {
    setAsking(false);
  };
  return (
    <section className={styles["section"]}>
      {details.rights.leave ? (
        <Button
          kind="danger"
          testId="leave"
          onPress={() => {
            setAsking(true);
          }}
        >
          {t("details.leaveHeading")}
        </Button>
      ) : (
        <p className={styles["note"]}>{t("details.lastOwner")}</p>
      )}
      {asking ? (
        <Confirm
          danger
          title={t("details.leaveTitle")}
          lead={t("details.leaveLead")}
          action={t("details.leave")}
          busy={leave.isPending}
          problem={<Problem error={leave.error} />}
          onConfirm={() => {
            leave.mutate(undefined, { onSuccess: close });
          }}
          onClose={close}
        />
      ) : null}
    </section>
  );
}
