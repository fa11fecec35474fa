import type { ReactNode } from "react";
import styles from "./Avatar.module.css";

const HUES = 7;

/** A letter on a colour that stays the same for the same name. */
export function Avatar({ name, small = false }: { name: string; small?: boolean }): ReactNode {
  const letters = name
    .split(/[\s._-]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((part) => part.charAt(0).toUpperCase())
    .join("");
  const hue = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % HUES;
  const className = [styles["avatar"], styles[`hue${String(hue)}`], small ? styles["small"] : ""].join(" ");
  return (
    <span className={className} aria-hidden="true">
      {letters || "·"}
    </span>
  );
}
