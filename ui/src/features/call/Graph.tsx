import type { ReactNode } from "react";
import styles from "./Statistics.module.css";

const WIDTH = 116;
const HEIGHT = 28;
/** So many values fill the whole width. */
const WHOLE = 60;

interface Props {
  label: string;
  /** The last value, as it is read. */
  value: string;
  values: number[];
  /** The height is at least this much. */
  least: number;
}

/** What something was over the last minute, and what it is now. */
export function Graph({ label, value, values, least }: Props): ReactNode {
  const top = Math.max(least, ...values) * 1.15;
  const x = (index: number): number => WIDTH - ((values.length - 1 - index) * WIDTH) / (WHOLE - 1);
  const y = (each: number): number => HEIGHT - 1 - (Math.min(each, top) / top) * (HEIGHT - 3);
  const points = values.map((each, index) => `${x(index).toFixed(1)},${y(each).toFixed(1)}`);
  const first = x(0).toFixed(1);
  return (
    <div className={styles["graph"]}>
      <dt className={styles["label"]}>{label}</dt>
      <dd className={styles["value"]}>{value}</dd>
      <dd className={styles["line"]} aria-hidden>
        <svg viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} preserveAspectRatio="none">
          {points.length > 1 ? (
            <>
              <path
                className={styles["area"]}
                d={`M${first},${String(HEIGHT)} L${points.join(" L")} L${String(WIDTH)},${String(HEIGHT)} Z`}
              />
              <path className={styles["curve"]} d={`M${points.join(" L")}`} vectorEffect="non-scaling-stroke" />
            </>
          ) : null}
        </svg>
      </dd>
    </div>
  );
}
