import { type DragEvent, type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { attach, type Given } from "../../data/attachments";
import { useHost } from "../../data/client";
import styles from "./Files.module.css";

interface Props {
  conversation: string;
  enabled: boolean;
  className: string;
  children: ReactNode;
}

/** Takes files that are dropped on a conversation or pasted into it: from the desktop by their paths, from elsewhere by their bytes. */
export function DropArea({ conversation, enabled, className, children }: Props): ReactNode {
  const { t } = useTranslation();
  const host = useHost();
  const [over, setOver] = useState(false);
  const { commands } = host;
  const add = (given: readonly Given[]): void => void attach(commands, conversation, given);
  useEffect(() => {
    if (!enabled) return undefined;
    return host.onDrop((drop) => {
      setOver(drop.kind === "over");
      if (drop.kind === "drop")
        void attach(
          host.commands,
          conversation,
          drop.paths.map((path) => ({ path })),
        );
    });
  }, [host, enabled, conversation]);
  const carries = (event: DragEvent): boolean => enabled && event.dataTransfer.types.includes("Files");
  return (
    <div
      className={className}
      data-testid="conversation-drop"
      onDragOver={(event) => {
        if (!carries(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        if (!enabled || event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        add([...event.dataTransfer.files]);
      }}
      onPaste={(event) => {
        if (!enabled || event.clipboardData.files.length === 0) return;
        event.preventDefault();
        add([...event.clipboardData.files]);
      }}
    >
      {children}
      {over ? <div className={styles["target"]}>{t("files.drop")}</div> : null}
    </div>
  );
}
