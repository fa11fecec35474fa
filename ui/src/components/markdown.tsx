import { Fragment, type ReactNode } from "react";

const INLINE = /(\*\*[^*\n]+\*\*|\*[^*\n]+\*|`[^`\n]+`|https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/g;

/** Light Markdown: bold, italic, code, addresses. Nothing else, and never HTML; addresses are shown, not opened or fetched. */
export function Markdown({ text }: { text: string }): ReactNode {
  return text.split(INLINE).map((part, index) => {
    if (index % 2 === 0) return <Fragment key={index}>{part}</Fragment>;
    if (part.startsWith("**")) return <strong key={index}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("*")) return <em key={index}>{part.slice(1, -1)}</em>;
    if (part.startsWith("`")) return <code key={index}>{part.slice(1, -1)}</code>;
    return <u key={index}>{part}</u>;
  });
}
