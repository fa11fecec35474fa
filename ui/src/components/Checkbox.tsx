import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { Checkbox as AriaCheckbox } from "react-aria-components";
import styles from "./Checkbox.module.css";

interface Props {
  isSelected: boolean;
  onChange: (selected: boolean) => void;
  testId: string;
  handle: string;
  children: ReactNode;
}

/** Chosen or not; the whole line can be pressed. */
export function Checkbox({ isSelected, onChange, testId, handle, children }: Props): ReactNode {
  return (
    <AriaCheckbox
      className={styles["checkbox"] ?? ""}
      isSelected={isSelected}
      onChange={onChange}
      data-testid={testId}
      data-handle={handle}
    >
      <span className={styles["box"]}>{isSelected ? <Check size="0.875rem" strokeWidth={3} aria-hidden /> : null}</span>
      {children}
    </AriaCheckbox>
  );
}
