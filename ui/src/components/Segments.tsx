import type { ReactNode } from "react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import styles from "./Segments.module.css";

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string; testId: string }[];
  onChange: (value: T) => void;
}

/** One of a few that stand side by side. */
export function Segments<T extends string>({ label, value, options, onChange }: Props<T>): ReactNode {
  return (
    <ToggleButtonGroup
      className={styles["segments"] ?? ""}
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const option = options.find((each) => keys.has(each.value));
        if (option) onChange(option.value);
      }}
    >
      {options.map((option) => (
        <ToggleButton
          key={option.value}
          id={option.value}
          className={styles["segment"] ?? ""}
          data-testid={option.testId}
        >
          {option.label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
