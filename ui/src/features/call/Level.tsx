import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import styles from "./Controls.module.css";

const STEPS = 14;
/** A voice is rarely louder than this. */
const LOUD = 0.35;

/** How loud a microphone is, 0 to 1: as the ear hears it, not as the number grows. */
export function Level({ value }: { value: number }): ReactNode {
  const { t } = useTranslation();
  const share = Math.min(1, Math.sqrt(value / LOUD));
  return (
    <div
      className={styles["level"]}
      role="meter"
      aria-label={t("call.device.level")}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      data-testid="call-level"
    >
      {Array.from({ length: STEPS }, (_, index) => (
        <span key={index} data-lit={index < Math.round(share * STEPS)} />
      ))}
    </div>
  );
}
