import type { Commands } from "../bindings/commands";

/** Files of this computer that are held over the window, or let go of there. */
export type NativeDrop = { kind: "over" } | { kind: "leave" } | { kind: "drop"; paths: string[] };

/** In which form pictures come: as frames of VP8, or decoded. */
export type PictureForm = "vp8" | "i420";

/** The way by which the pictures of calls come. */
export interface PictureWire {
  /** Tells that a frame was taken. */
  say(answer: ArrayBuffer): void;
  close(): void;
}

/** What the interface stands on: the app, or a fake in a plain browser. */
export interface Host {
  readonly commands: Commands;
  /** Tells which topics changed, until the returned function is called. */
  onChanged(listener: (topics: string[]) => void): () => void;
  /** Tells of files that the system drags over the window, until the returned function is called. */
  onDrop(listener: (drop: NativeDrop) => void): () => void;
  /** Opens the way of the pictures in a form: each is heard as a message; `onLost` tells that no more come. */
  openPictures(form: PictureForm, hear: (message: ArrayBuffer) => void, onLost: () => void): PictureWire;
  closeWindow(): void;
  copy(text: string): Promise<void>;
}
