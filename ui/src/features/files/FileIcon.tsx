import { File, FileAudio, FileImage, FileText, FileVideo } from "lucide-react";
import type { ReactNode } from "react";
import type { FileKind } from "../../data/client";

const ICONS = { image: FileImage, video: FileVideo, audio: FileAudio, pdf: FileText, other: File } as const;

/** What kind of thing a file is, where it has no picture. */
export function FileIcon({ kind, size = "1.5rem" }: { kind: FileKind; size?: string }): ReactNode {
  const Icon = ICONS[kind];
  return <Icon size={size} strokeWidth={1.5} aria-hidden />;
}
