import { fromBase64Url, isId, type Bytes } from "./crypto/bytes";

/** What the address says: `https://RELAY/call/LINK#…`. */
export interface Link {
  /** The link's id. */
  readonly id: string;
  /** Where the relay takes this page's connection. */
  readonly events: URL;
  /** The call. */
  readonly call: Bytes;
  /** From which the keys of signals come. */
  readonly secret: Bytes;
  /** The key by which the members sign what they say. */
  readonly members: Bytes;
}

const VERSION = 1;
const CALL_BYTES = 16;
const KEY_BYTES = 32;

/**
 * Reads the address of the page; undefined where a part of it is missing or damaged. The fragment stays in the address bar: browsers never
 * send it, and without it a reload would have lost the way in.
 */
export function parseLink(address: string): Link | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const id = /\/call\/([^/]+)$/.exec(url.pathname)?.[1];
  const bytes = fromBase64Url(url.hash.slice(1));
  if (!isId(id) || !bytes || bytes.length !== 1 + CALL_BYTES + 2 * KEY_BYTES || bytes[0] !== VERSION) return undefined;
  const events = new URL(`../v1/guest/${id}`, url);
  events.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  events.hash = events.search = "";
  const call = bytes.slice(1, 1 + CALL_BYTES);
  const secret = bytes.slice(1 + CALL_BYTES, 1 + CALL_BYTES + KEY_BYTES);
  return { id, events, call, secret, members: bytes.slice(1 + CALL_BYTES + KEY_BYTES) };
}
