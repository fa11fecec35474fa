import { useTranslation } from "react-i18next";
import { type Grade, grade } from "../../data/calls";
import type { CallSummary, Quality } from "../../data/client";
import { elapsed } from "../../data/time";

/** How a call was, as a grade. */
export function gradeOf({ round_trip_ms, loss, decrypt_errors }: Quality): Grade {
  return decrypt_errors > 0 ? "poor" : grade({ round_trip_ms, loss_out: loss });
}

/** What is said of calls that were. */
export function useQualityWords(): {
  time: (seconds: number) => string;
  facts: (call: CallSummary) => string;
} {
  const { t, i18n } = useTranslation();
  const whole = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  return {
    time: (seconds) => elapsed(seconds, i18n.language),
    facts: ({ quality }) => {
      if (!quality) return "";
      const { frames_per_second, round_trip_ms, loss, is_relayed, decrypt_errors } = quality;
      const numbers = {
        fps: whole.format(frames_per_second),
        ms: whole.format(round_trip_ms),
        loss: percent.format(loss),
      };
      return [
        t(frames_per_second >= 1 ? "calls.quality.facts" : "calls.quality.voice", numbers),
        is_relayed ? t("calls.quality.relayed") : "",
        decrypt_errors > 0 ? t("calls.quality.refused", { count: decrypt_errors }) : "",
      ]
        .filter(Boolean)
        .join(" · ");
    },
  };
}
