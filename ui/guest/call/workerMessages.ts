import type { Bytes } from "../crypto/bytes";
import type { Track } from "../crypto/frameKey";

/** Which way a transform goes: it seals what this page sends, or opens what a device sends, whose id is in hexadecimal digits. */
export type TransformOptions =
  | { readonly side: "send"; readonly track: Track }
  | { readonly side: "receive"; readonly sender: string; readonly track: Track };

export type ToWorker =
  /** A generation's secret; `me` is the id in this page's frame keys. */
  | {
      readonly kind: "secret";
      readonly me: Bytes;
      readonly call: Bytes;
      readonly generation: number;
      readonly secret: Bytes;
    }
  | { readonly kind: "stats"; readonly asked: number };

export type FromWorker = { readonly kind: "stats"; readonly asked: number; readonly stats: FrameStats };

/** How many frames there were since the page was opened. */
export interface FrameStats {
  sealed: number;
  opened: number;
  /** Refused: changed, of somebody else, or without a key. */
  closed: number;
  /** Refused: came before. */
  replayed: number;
  /** Refused: shorter than its codec's header. */
  short: number;
}
