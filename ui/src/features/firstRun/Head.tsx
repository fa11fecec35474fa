import type { ReactNode } from "react";
import { Mark } from "../../components/Mark";
import styles from "./FirstRun.module.css";

/** The mark, what is asked, and why. */
export function Head({ title, lead }: { title: string; lead: string }): ReactNode {
  return (
    <header className={styles["head"]}>
      <Mark size="3.25rem" />
      <h1 className={styles["title"]}>{title}</h1>
      <p className={styles["lead"]}>{lead}</p>
    </header>
  );
}
