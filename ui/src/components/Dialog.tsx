import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import styles from "./Dialog.module.css";

interface Props {
  title: string;
  lead?: string | undefined;
  onClose: () => void;
  children?: ReactNode;
  actions?: ReactNode;
}

/** Something that floats over the work until it is answered or put away. */
export function Dialog({ title, lead, onClose, children, actions }: Props): ReactNode {
  return (
    <ModalOverlay
      isOpen
      isDismissable
      className={styles["scrim"] ?? ""}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={styles["modal"] ?? ""}>
        <AriaDialog className={styles["dialog"] ?? ""}>
          <Heading slot="title" className={styles["title"] ?? ""}>
            {title}
          </Heading>
          {lead ? <p className={styles["lead"]}>{lead}</p> : null}
          {children}
          {actions ? <div className={styles["actions"]}>{actions}</div> : null}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmProps {
  title: string;
  lead: string;
  action: string;
  danger?: boolean;
  busy?: boolean;
  problem?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks once, naming the thing. */
export function Confirm({ title, lead, action, danger, busy, problem, onConfirm, onClose }: ConfirmProps): ReactNode {
  const { t } = useTranslation();
  return (
    <Dialog
      title={title}
      lead={lead}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
          <Button kind={danger ? "danger" : "primary"} testId="confirm" isDisabled={busy ?? false} onPress={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      {problem}
    </Dialog>
  );
}
