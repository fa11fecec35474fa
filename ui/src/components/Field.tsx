import { type ReactNode, useId } from "react";
import styles from "./Field.module.css";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  testId?: string;
  /** Which of several of its kind it is. */
  index?: number;
  placeholder?: string;
  hint?: string;
  /** What is wrong, in words. */
  problem?: string | undefined;
  type?: "text" | "password";
  autoFocus?: boolean;
}

/** A line to type in, with its label, its hint and what is wrong with it. */
export function Field(props: Props): ReactNode {
  const id = useId();
  const { label, value, onChange, testId, index, placeholder, hint, problem, type = "text", autoFocus } = props;
  return (
    <div className={styles["field"]}>
      <label className={styles["label"]} htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className={styles["input"]}
        data-testid={testId}
        data-index={index}
        type={type}
        value={value}
        placeholder={placeholder}
        autoFocus={autoFocus}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem || hint ? `${id}-note` : undefined}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
      {problem ? (
        <span id={`${id}-note`} className={styles["bad"]}>
          {problem}
        </span>
      ) : hint ? (
        <span id={`${id}-note`} className={styles["hint"]}>
          {hint}
        </span>
      ) : null}
    </div>
  );
}
