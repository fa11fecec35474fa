import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { CallPerson } from "../../data/client";
import styles from "./Call.module.css";

/** The code that both sides see: read aloud, it tells whether somebody stands between. */
export function SafetyCode({ person }: { person: CallPerson }): ReactNode {
  const { t } = useTranslation();
  if (!person.safety_code) return null;
  return (
    <span className={styles["codePlace"]}>
      <span className={styles["codeTitle"]}>{t("call.code.title", { name: person.name })}</span>
      <span dir="ltr" className={styles["code"]} data-testid="call-code">
        {person.safety_code}
      </span>
      <span className={styles["second"]}>{t("call.code.lead", { name: person.name })}</span>
    </span>
  );
}
