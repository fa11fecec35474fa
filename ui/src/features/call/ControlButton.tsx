import type { ReactNode } from "react";
import { Button, Tooltip, TooltipTrigger } from "react-aria-components";
import styles from "./Controls.module.css";

interface Props {
  label: string;
  /** The key that does the same. */
  shortcut?: string;
  testId: string;
  /** Whether it is pressed in; left out where it is not of that kind. */
  isOn?: boolean;
  /** What it switches is off: a microphone, a camera. */
  isOff?: boolean;
  danger?: boolean;
  /** As small as in a header. */
  plain?: boolean;
  onPress?: () => void;
  children: ReactNode;
}

/** A round button that says what it does, and by which key, to whoever points at it or comes to it by keyboard. */
export function ControlButton(props: Props): ReactNode {
  const { label, shortcut, testId, isOn, isOff, danger, plain, onPress, children } = props;
  const kind = danger ? styles["danger"] : plain ? styles["plain"] : "";
  return (
    <TooltipTrigger delay={350} closeDelay={80}>
      <Button
        className={[styles["control"], kind].join(" ")}
        aria-label={label}
        {...(shortcut ? { "aria-keyshortcuts": shortcut.replace(" ", "+") } : {})}
        {...(isOn === undefined ? {} : { "aria-pressed": isOn })}
        data-testid={testId}
        data-off={isOff ?? false}
        {...(onPress ? { onPress } : {})}
      >
        {children}
      </Button>
      <Tooltip className={styles["tip"] ?? ""} offset={8}>
        {label}
        {shortcut ? <kbd className={styles["key"]}>{shortcut}</kbd> : null}
      </Tooltip>
    </TooltipTrigger>
  );
}
