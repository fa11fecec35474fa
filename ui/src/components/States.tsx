import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type AppError, useHost } from "../data/client";
import { Button } from "./Button";
import styles from "./States.module.css";

/** Nothing is here: what this is for, and the one action. */
export function Empty({ title, lead, action }: { title: string; lead?: string; action?: ReactNode }): ReactNode {
  return (
    <div className={styles["empty"]}>
      <h2 className={styles["title"]}>{title}</h2>
      {lead ? <p className={styles["lead"]}>{lead}</p> : null}
      {action ? <div className={styles["action"]}>{action}</div> : null}
    </div>
  );
}

/** What happened and what to do; the details to copy hold no secret. */
export function Problem({ error, onRetry }: { error: AppError | null | undefined; onRetry?: () => void }): ReactNode {
  const { t } = useTranslation();
  const host = useHost();
  if (!error) return null;
  return (
    <div className={styles["error"]} role="alert">
      <strong>{error.message || t("error.title")}</strong>
      <span className={styles["next"]}>{error.next_step}</span>
      <span className={styles["actions"]}>
        {onRetry ? <Button onPress={onRetry}>{t("app.retry")}</Button> : null}
        {error.details ? (
          <Button kind="quiet" onPress={() => void host.copy(error.details)}>
            {t("app.copyDetails")}
          </Button>
        ) : null}
      </span>
    </div>
  );
}

/** Lines of the right shape while something is read. */
export function Skeleton({ lines = 6 }: { lines?: number }): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["skeleton"]} role="status" aria-label={t("app.loading")}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className={styles["line"]}>
          <span className={styles["dot"]} />
          <span className={styles["bar"]} />
        </div>
      ))}
    </div>
  );
}
