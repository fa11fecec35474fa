import i18next from "i18next";
import type { Commands } from "../bindings/commands";
import type { AppError, Attachment, ChosenFile, SendFileRequest } from "../bindings/types";

/** Where the bytes of a file that is about to be sent lie: on the disk, or in the core's memory. */
export type Source = { about: Attachment } & ({ path: string } | { staged: string });

/** What holds for the files that are sent together. */
export interface ShareOptions {
  /** Handles of those who get them; none for everyone in the conversation. */
  named: string[] | null;
  viewOnly: boolean;
  /** After how many days they end; none for never. */
  days: number | null;
}

export const FOR_EVERYONE: ShareOptions = { named: null, viewOnly: false, days: null };

/** The most bytes that go over from the web view; larger files are chosen in the system's dialog and read from the disk. */
export const MAX_STAGED_BYTES = 256 * 1024 * 1024;

const DAY_MS = 86_400_000;

export const fromPath = ({ path, attachment }: ChosenFile): Source => ({ path, about: attachment });

/** Hands the bytes of a file that has no path here (pasted, or dropped out of another program) to the core. */
export async function stage(commands: Commands, file: File): Promise<Source> {
  if (file.size > MAX_STAGED_BYTES) {
    throw {
      code: "too_large_to_paste",
      message: i18next.t("files.tooLarge"),
      next_step: i18next.t("files.tooLargeNext"),
      details: "too_large_to_paste",
    } satisfies AppError as unknown as Error;
  }
  const staged = await commands.file_stage({ request: { name: file.name, content: await base64(file) } });
  return { staged: staged.id, about: staged.attachment };
}

/** What is asked of the core to send a file. */
export function toSend(conversation: string, source: Source, options: ShareOptions, now = Date.now()): SendFileRequest {
  return {
    conversation,
    path: "path" in source ? source.path : null,
    staged: "staged" in source ? source.staged : null,
    name: source.about.name,
    named: options.named,
    view_only: options.viewOnly,
    expires_at: options.days === null ? null : new Date(now + options.days * DAY_MS).toISOString(),
  };
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const url = typeof reader.result === "string" ? reader.result : "";
      resolve(url.slice(url.indexOf(",") + 1));
    };
    reader.onerror = () => {
      reject(
        Object.assign(new Error(i18next.t("files.unread")), {
          code: "not_read",
          next_step: i18next.t("files.unreadNext"),
          details: "not_read",
        }),
      );
    };
    reader.readAsDataURL(file);
  });
}
