import { Check, ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from "react-aria-components";
import styles from "./Choice.module.css";

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  testId?: string;
  hideLabel?: boolean;
}

/** One of a few, from a list that opens. */
export function Choice<T extends string>({ label, value, options, onChange, testId, hideLabel }: Props<T>): ReactNode {
  return (
    <Select
      className={styles["choice"] ?? ""}
      selectedKey={value}
      onSelectionChange={(key) => {
        const option = options.find((each) => each.value === key);
        if (option) onChange(option.value);
      }}
    >
      <Label className={hideLabel ? "visually-hidden" : (styles["label"] ?? "")}>{label}</Label>
      <Button className={styles["button"] ?? ""} {...(testId ? { "data-testid": testId } : {})}>
        <SelectValue className={styles["value"] ?? ""}>{({ selectedText }) => selectedText}</SelectValue>
        <ChevronDown size="1rem" aria-hidden />
      </Button>
      <Popover className={styles["popover"] ?? ""}>
        <ListBox className={styles["list"] ?? ""}>
          {options.map((option) => (
            <ListBoxItem
              key={option.value}
              id={option.value}
              textValue={option.label}
              className={styles["option"] ?? ""}
              data-testid={`option-${option.value}`}
            >
              {({ isSelected }) => (
                <>
                  <span className={styles["check"]}>{isSelected ? <Check size="0.875rem" aria-hidden /> : null}</span>
                  {option.label}
                </>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
}
