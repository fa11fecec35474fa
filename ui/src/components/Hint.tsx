import type { ReactNode } from "react";
import { Button, Tooltip, TooltipTrigger } from "react-aria-components";
import styles from "./Hint.module.css";

interface Props {
  children: ReactNode;
  /** What the few words mean, in a sentence or two. */
  why: string;
  tone?: "quiet" | "danger";
  testId?: string;
}

/** A few quiet words that explain themselves to whoever points at them, or comes to them by the keyboard. */
export function Hint({ children, why, tone = "quiet", testId }: Props): ReactNode {
  return (
    <TooltipTrigger delay={250} closeDelay={80}>
      <Button className={styles["hint"] ?? ""} data-tone={tone} data-testid={testId}>
        {children}
      </Button>
      <Tooltip className={styles["tooltip"] ?? ""} placement="top" offset={6}>
        {why}
      </Tooltip>
    </TooltipTrigger>
  );
}
