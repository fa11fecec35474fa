import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import styles from "./Call.module.css";

interface Props {
  tone: "note" | "danger" | "quiet";
  action?: string;
  onAction?: () => void;
  /** Puts it away. */
  onClose?: () => void;
  testId?: string;
  children: ReactNode;
}

/** A line across the window: what holds now, and what one can do about it. */
export function Bar({ tone, action, onAction, onClose, testId, children }: Props): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["bar"]} data-tone={tone} data-testid={testId}>
      <span className={styles["barText"]}>{children}</span>
      {action ? (
        <Button testId={`${testId ?? "call-bar"}-action`} onPress={() => onAction?.()}>
          {action}
        </Button>
      ) : null}
      {onClose ? (
        <Button kind="icon" aria-label={t("app.close")} onPress={onClose}>
          <X size="1.125rem" aria-hidden />
        </Button>
      ) : null}
    </div>
  );
}
