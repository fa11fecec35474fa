import { PhoneIncoming, PhoneMissed, PhoneOutgoing, Video } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { CallSummary } from "../../data/client";
import { elapsed } from "../../data/time";
import styles from "./Calls.module.css";

/** What came of a call, in words. */
export function useOutcome({ outcome, mine, seconds }: CallSummary): { words: string; isMissed: boolean } {
  const { t, i18n } = useTranslation();
  if (outcome === null) return { words: t("calls.outcome.going"), isMissed: false };
  if (outcome === "completed") return { words: elapsed(seconds ?? 0, i18n.language), isMissed: false };
  if (outcome === "missed" && mine) return { words: t("calls.outcome.unanswered"), isMissed: false };
  return { words: t(`calls.outcome.${outcome}`), isMissed: outcome === "missed" };
}

/** Which way a call went. */
export function CallIcon({ call }: { call: CallSummary }): ReactNode {
  const { t } = useTranslation();
  const isMissed = call.outcome === "missed" && !call.mine;
  const Way = isMissed ? PhoneMissed : call.mine ? PhoneOutgoing : PhoneIncoming;
  const label = call.mine ? t("calls.outgoing") : t("calls.incoming", { from: call.from });
  return (
    <span className={styles["icon"]} data-missed={isMissed} role="img" aria-label={label}>
      {call.outcome === null && call.media === "video" ? (
        <Video size="1.125rem" strokeWidth={1.75} aria-hidden />
      ) : (
        <Way size="1.125rem" strokeWidth={1.75} className="mirrored" aria-hidden />
      )}
    </span>
  );
}
