/** Whose pictures, of the camera or the screen; without a person, one's own. */
export interface StreamName {
  person: string | null;
  isScreen: boolean;
}

/** A frame of VP8 as it comes over the wire. */
export interface Frame {
  stream: StreamName;
  isKey: boolean;
  /** Microseconds. */
  timestamp: number;
  data: Uint8Array;
}

/** A picture in I420 (BT.601, limited range): luma in full size, then both planes of colour in half of it both ways, without gaps. */
export interface Planes {
  width: number;
  height: number;
  y: Uint8Array;
  u: Uint8Array;
  v: Uint8Array;
}

const KEY = 1;
const SCREEN = 2;
const OWN = 4;
/** Frames of a stream were left out: there was no room. */
const GAP = 8;
/** What is said is of pixels: a picture, or how large one is shown. */
const PIXELS = 16;
const TIME_BYTES = 8;

/** The stream of which a message is. */
export function readName(message: ArrayBuffer): StreamName | null {
  const bytes = new Uint8Array(message);
  const [flags = 0, length = 0] = bytes;
  if (bytes.length < 2 + length) return null;
  const person = flags & OWN ? null : new TextDecoder().decode(bytes.subarray(2, 2 + length));
  return { person, isScreen: (flags & SCREEN) !== 0 };
}

/** The head of a message: flags, the id of the person by its length, the time in 1/90000 s; the rest is the frame. */
export function readFrame(message: ArrayBuffer): Frame | null {
  const bytes = new Uint8Array(message);
  const [flags = 0, length = 0] = bytes;
  const start = 2 + length + TIME_BYTES;
  const stream = readName(message);
  if (!stream || bytes.length <= start) return null;
  return {
    stream,
    isKey: (flags & KEY) !== 0,
    timestamp: Math.round((Number(new DataView(message).getBigInt64(2 + length)) * 100) / 9),
    data: bytes.subarray(start),
  };
}

/** The planes of a message, after width and height. */
export function readPlanes(message: ArrayBuffer): Planes | null {
  const bytes = new Uint8Array(message);
  const [flags = 0, length = 0] = bytes;
  const sizes = 2 + length + TIME_BYTES;
  if (!(flags & PIXELS) || bytes.length < sizes + 4) return null;
  const view = new DataView(message);
  const [width, height] = [view.getUint16(sizes), view.getUint16(sizes + 2)];
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  const [y, u, v] = [sizes + 4, sizes + 4 + width * height, sizes + 4 + width * height + chroma];
  if (width === 0 || height === 0 || bytes.length !== v + chroma) return null;
  return { width, height, y: bytes.subarray(y, u), u: bytes.subarray(u, v), v: bytes.subarray(v) };
}

/** The stream of which frames were left out, where a message says that. */
export function readGap(message: ArrayBuffer): StreamName | null {
  const bytes = new Uint8Array(message);
  const [flags = 0, length = 0] = bytes;
  return flags & GAP && bytes.length === 2 + length ? readName(message) : null;
}

/** Says that a frame of a stream was taken: the next one may come. */
export function taken(stream: StreamName): ArrayBuffer {
  return head(stream, 0, 0).buffer;
}

/** Says at how many pixels a stream is shown: decoded pictures are no larger; nothing of it comes where that is nothing. */
export function shown(stream: StreamName, width: number, height: number): ArrayBuffer {
  const message = head(stream, PIXELS, 4);
  const view = new DataView(message.buffer);
  view.setUint16(message.length - 4, Math.min(width, 0xffff));
  view.setUint16(message.length - 2, Math.min(height, 0xffff));
  return message.buffer;
}

function head({ person, isScreen }: StreamName, flags: number, room: number): Uint8Array<ArrayBuffer> {
  const id = new TextEncoder().encode(person ?? "");
  const message = new Uint8Array(2 + id.length + room);
  message.set([flags | (isScreen ? SCREEN : 0) | (person === null ? OWN : 0), id.length]);
  message.set(id, 2);
  return message;
}
