import type { ReactNode } from "react";
import { Button } from "../../components/Button";
import styles from "./Call.module.css";

interface Props {
  tone: "note" | "danger" | "quiet";
  action?: string;
  onAction?: () => void;
  children: ReactNode;
}

/** A line across the window: what holds now, and what one can do about it. */
export function Bar({ tone, action, onAction, children }: Props): ReactNode {
  return (
    <div className={styles["bar"]} data-tone={tone}>
      <span className={styles["barText"]}>{children}</span>
      {action ? <Button onPress={() => onAction?.()}>{action}</Button> : null}
    </div>
  );
}
