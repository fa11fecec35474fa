import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import styles from "./Call.module.css";

/** What stands beside the pictures. */
export function SidePanel({
  title,
  testId,
  onClose,
  children,
}: {
  title: string;
  testId: string;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const { t } = useTranslation();
  return (
    <aside className={styles["panel"]} aria-label={title} data-testid={testId} tabIndex={0}>
      <header className={styles["panelHead"]}>
        <h2 className={styles["panelTitle"]}>{title}</h2>
        <Button kind="icon" aria-label={t("call.control.close")} testId="call-panel-close" onPress={onClose}>
          <X size="1.125rem" aria-hidden />
        </Button>
      </header>
      {children}
    </aside>
  );
}
