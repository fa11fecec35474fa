import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Bar } from "../../components/States";
import styles from "./Thread.module.css";

/** Widths of the lines of others (percent), and where one's own words stand between them. */
const LINES = [{ width: 54 }, { width: 38 }, { width: 42, own: true }, { width: 61 }, { width: 30, own: true }];

/** A thread that is being read: a few messages from both sides, at the end where they will be. */
export function ThreadSkeleton(): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["skeleton"]} role="status" aria-label={t("app.loading")}>
      {LINES.map(({ width, own }, index) => (
        <div key={index} className={styles[own ? "skeletonOwn" : "skeletonOther"]}>
          {own ? null : <Bar round />}
          <Bar width={`${String(width)}%`} tall={own === true} />
        </div>
      ))}
    </div>
  );
}
