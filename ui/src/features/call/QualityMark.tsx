import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Grade } from "../../data/calls";
import styles from "./Tile.module.css";

const BARS: Record<Grade, number> = { good: 3, fair: 2, poor: 1 };

/** Three bars, and in words for whoever can't tell them. */
export function QualityMark({ grade }: { grade: Grade }): ReactNode {
  const { t } = useTranslation();
  return (
    <span
      className={styles["quality"]}
      role="img"
      aria-label={t(`call.grade.${grade}`)}
      title={t(`call.grade.${grade}`)}
    >
      {[1, 2, 3].map((bar) => (
        <span key={bar} data-lit={bar <= BARS[grade]} />
      ))}
    </span>
  );
}
