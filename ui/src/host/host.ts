import type { Commands } from "../bindings/commands";

/** What the interface stands on: the app, or a fake in a plain browser. */
export interface Host {
  readonly commands: Commands;
  /** Tells which topics changed, until the returned function is called. */
  onChanged(listener: (topics: string[]) => void): () => void;
  copy(text: string): Promise<void>;
}
