import { concat, utf8, type Bytes } from "./bytes";
import { hkdf, hkdfKey } from "./hkdf";

/** The tracks of a sender, in the order of the media sections; each has a key and a counter of its own. */
export const TRACKS = ["audio", "camera", "screen"] as const;
export type Track = (typeof TRACKS)[number];

/** What the frame keys of one generation of a call come from. */
export interface Generation {
  readonly number: number;
  readonly call: Bytes;
  readonly key: CryptoKey;
}

/** The key of one track of one sender in one generation. */
export interface FrameKey {
  /** The key id in the header of every frame (RFC 9605 §4.3). */
  readonly id: bigint;
  /** The base key (§4.4.1). */
  readonly base: Bytes;
}

/** Takes a secret of 32 bytes. */
export async function generation(call: Bytes, number: number, secret: Bytes): Promise<Generation> {
  return { number, call, key: await hkdfKey(secret) };
}

/** The key of a track of a sender, whose id has 16 bytes. Senders, tracks and generations never share one. */
export async function frameKey({ number, call, key }: Generation, sender: Bytes, track: Track): Promise<FrameKey> {
  const base = await hkdf("SHA-256", key, concat(utf8("bezel/call/frames"), call, sender, utf8(track)), 32);
  const hash = new DataView(await crypto.subtle.digest("SHA-256", sender)).getUint32(0);
  const id = (BigInt(hash) << 10n) | (BigInt(TRACKS.indexOf(track)) << 8n) | BigInt(number & 0xff);
  return { id, base };
}
