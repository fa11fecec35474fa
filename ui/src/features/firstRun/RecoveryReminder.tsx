import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { places } from "./places";
import { RecoveryQuestions } from "./RecoveryQuestions";

/** Asks for three of the recovery words later on, over the main window. */
export function RecoveryReminder({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const [asked] = useState(() => places());
  return (
    <Dialog title={t("recovery.check")} lead={t("recovery.checkLead")} onClose={onClose}>
      <RecoveryQuestions
        asked={asked}
        back={<Button onPress={onClose}>{t("app.cancel")}</Button>}
        onConfirmed={onClose}
      />
    </Dialog>
  );
}
