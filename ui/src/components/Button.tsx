import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps } from "react-aria-components";
import styles from "./Button.module.css";

type Kind = "plain" | "primary" | "danger" | "quiet" | "icon";

interface Props extends Omit<ButtonProps, "className" | "children"> {
  kind?: Kind;
  testId?: string;
  children: ReactNode;
}

export function Button({ kind = "plain", testId, ...props }: Props): ReactNode {
  const className = [styles["button"], styles[kind]].filter(Boolean).join(" ");
  return <AriaButton {...props} className={className} {...(testId ? { "data-testid": testId } : {})} />;
}
