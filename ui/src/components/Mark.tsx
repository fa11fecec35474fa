import type { ReactNode } from "react";

/** The mark: a brilliant-cut stone in outline. */
export function Mark({ size = "1.75rem" }: { size?: string }): ReactNode {
  return (
    <svg
      width={size}
      height={size}
      viewBox="64 112 384 312"
      fill="none"
      stroke="var(--accent)"
      strokeWidth={22}
      strokeLinejoin="round"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M160 132h192l76 92-172 180L84 224z" />
      <path d="M84 224h344" />
      <path d="M160 132l34 92 62 180 62-180 34-92" />
      <path d="M194 224l62-92 62 92" />
    </svg>
  );
}
