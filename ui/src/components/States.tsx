import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type AppError, useHost } from "../data/client";
import { Button } from "./Button";
import { Mark } from "./Mark";
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

/** A pane whose content could not be read: the problem stands where the content begins. */
export function ProblemPage({ children }: { children: ReactNode }): ReactNode {
  return <div className={styles["page"]}>{children}</div>;
}

/** The app before it knows what it holds. */
export function Opening(): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["empty"]} role="status">
      <Mark size="2.75rem" />
      <p className={styles["lead"]}>{t("app.loading")}</p>
    </div>
  );
}

interface BarProps {
  width?: string;
  /** A disc, where a picture of somebody will be. */
  round?: boolean;
  /** As high as a message, rather than a line. */
  tall?: boolean;
}

/** A place that something is going to fill. */
export function Bar({ width = "100%", round = false, tall = false }: BarProps): ReactNode {
  if (round) return <span className={styles["dot"]} />;
  return <span className={[styles["bar"], tall ? styles["tall"] : ""].join(" ")} style={{ inlineSize: width }} />;
}

/** What is being read, in the shape it will have: people or conversations, or facts by name. */
export function Skeleton({ shape, lines = 6 }: { shape: "rows" | "facts"; lines?: number }): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["skeleton"]} data-shape={shape} role="status" aria-label={t("app.loading")}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className={styles[shape === "rows" ? "row" : "fact"]}>
          {shape === "rows" ? <Bar round /> : <Bar width="60%" />}
          {shape === "rows" ? (
            <span className={styles["lines"]}>
              <Bar width={index % 2 ? "34%" : "46%"} />
              <Bar width={index % 3 ? "72%" : "58%"} />
            </span>
          ) : (
            <Bar width={index % 2 ? "48%" : "72%"} />
          )}
        </div>
      ))}
    </div>
  );
}
