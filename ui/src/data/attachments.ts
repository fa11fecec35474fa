import { useSyncExternalStore } from "react";
import type { Commands } from "../bindings/commands";
import type { AppError, Attachment } from "../bindings/types";
import { FOR_EVERYONE, fromPath, type ShareOptions, type Source, stage, toSend } from "./send";

/** Where a file that was attached stands. */
export type Standing =
  | { state: "reading" }
  | { state: "unread"; problem: AppError; from: Given }
  | { state: "ready"; source: Source; problem: AppError | null }
  | { state: "sending"; source: Source };

/** A file that was attached, and waits to be sent. */
export interface Attached {
  key: string;
  name: string;
  standing: Standing;
}

/** What was given: a file of the web view, or a path of this computer. */
export type Given = File | { path: string };

/** What waits in a conversation. */
export interface Waiting {
  files: readonly Attached[];
  options: ShareOptions;
}

const NOTHING: Waiting = { files: [], options: FOR_EVERYONE };

/** Kept in memory by conversation, as drafts are: nothing that was attached is lost by looking elsewhere. */
const waiting = new Map<string, Waiting>();
const listeners = new Set<() => void>();
let counter = 0;

export const attachments = (conversation: string): Waiting => waiting.get(conversation) ?? NOTHING;

export function useAttachments(conversation: string): Waiting {
  return useSyncExternalStore(subscribe, () => attachments(conversation));
}

/** What is known of a file, once it was read. */
export function about({ standing }: Attached): Attachment | null {
  return "source" in standing ? standing.source.about : null;
}

/** Attaches what was dropped, pasted or chosen. */
export async function attach(commands: Commands, conversation: string, given: readonly Given[]): Promise<void> {
  const added = given.map((from) => ({ key: nextKey(), from }));
  change(conversation, (files) => [
    ...files,
    ...added.map(({ key, from }) => ({ key, name: nameOf(from), standing: { state: "reading" } as const })),
  ]);
  // One after the other: several large ones at once would all lie in memory.
  for (const { key, from } of added) await read(commands, conversation, key, from);
}

/** Asks the person which files to attach. */
export async function choose(commands: Commands, conversation: string): Promise<void> {
  const chosen = await commands.file_choose();
  change(conversation, (files) => [
    ...files,
    ...chosen.map((file) => ({
      key: nextKey(),
      name: file.attachment.name,
      standing: { state: "ready", source: fromPath(file), problem: null } as const,
    })),
  ]);
}

/** Reads one again that could not be read. */
export async function readAgain(commands: Commands, conversation: string, { key, standing }: Attached): Promise<void> {
  if (standing.state !== "unread") return;
  stand(conversation, key, { state: "reading" });
  await read(commands, conversation, key, standing.from);
}

export function detach(commands: Commands, conversation: string, { key, standing }: Attached): void {
  change(conversation, (files) => files.filter((each) => each.key !== key));
  if ("source" in standing) discard(commands, standing.source);
}

export function setOptions(conversation: string, options: ShareOptions): void {
  put(conversation, { ...attachments(conversation), options });
}

/** Sends what is ready, each for itself; what can't be sent stays, with its reason. Answers the ids of what goes. */
export async function sendAttached(commands: Commands, conversation: string): Promise<string[]> {
  const { files, options } = attachments(conversation);
  const sent: string[] = [];
  for (const { key, standing } of files) {
    if (standing.state !== "ready") continue;
    const { source } = standing;
    stand(conversation, key, { state: "sending", source });
    try {
      sent.push(await commands.file_send({ request: toSend(conversation, source, options) }));
      change(conversation, (now) => now.filter((each) => each.key !== key));
    } catch (problem) {
      stand(conversation, key, { state: "ready", source, problem: problem as AppError });
    }
  }
  return sent;
}

async function read(commands: Commands, conversation: string, key: string, from: Given): Promise<void> {
  try {
    const source =
      from instanceof File
        ? await stage(commands, from)
        : { path: from.path, about: await commands.file_attachment({ path: from.path }) };
    // It may have been taken away in the meantime.
    if (attachments(conversation).files.some((each) => each.key === key)) {
      stand(conversation, key, { state: "ready", source, problem: null });
    } else discard(commands, source);
  } catch (problem) {
    stand(conversation, key, { state: "unread", problem: problem as AppError, from });
  }
}

function discard(commands: Commands, source: Source): void {
  if ("staged" in source) commands.file_discard({ staged: source.staged }).catch(() => undefined);
}

function nameOf(from: Given): string {
  return from instanceof File ? from.name : (from.path.split(/[\\/]/).at(-1) ?? from.path);
}

function nextKey(): string {
  counter += 1;
  return `a-${String(counter)}`;
}

function stand(conversation: string, key: string, standing: Standing): void {
  change(conversation, (files) => files.map((each) => (each.key === key ? { ...each, standing } : each)));
}

function change(conversation: string, how: (files: readonly Attached[]) => readonly Attached[]): void {
  const now = attachments(conversation);
  put(conversation, { ...now, files: how(now.files) });
}

function put(conversation: string, next: Waiting): void {
  if (next.files.length === 0) waiting.delete(conversation);
  else waiting.set(conversation, next);
  listeners.forEach((listener) => {
    listener();
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
