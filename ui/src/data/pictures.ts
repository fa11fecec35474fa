import type { Host, PictureWire } from "../host/host";

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

const KEY = 1;
const SCREEN = 2;
const OWN = 4;
/** Frames of a stream were left out: there was no room. */
const GAP = 8;

/** The head of a message: flags, the id of the person by its length, the time in 1/90000 s; the rest is the frame. */
export function readFrame(message: ArrayBuffer): Frame | null {
  const bytes = new Uint8Array(message);
  const [flags = 0, length = 0] = bytes;
  const start = 2 + length + 8;
  if (bytes.length <= start) return null;
  const person = new TextDecoder().decode(bytes.subarray(2, 2 + length));
  return {
    stream: { person: flags & OWN ? null : person, isScreen: (flags & SCREEN) !== 0 },
    isKey: (flags & KEY) !== 0,
    timestamp: Math.round((Number(new DataView(message).getBigInt64(2 + length)) * 100) / 9),
    data: bytes.subarray(start),
  };
}

/** The stream of which frames were left out, where a message says that. */
export function readGap(message: ArrayBuffer): StreamName | null {
  const bytes = new Uint8Array(message);
  const [flags = 0, length = 0] = bytes;
  if (!(flags & GAP) || bytes.length !== 2 + length) return null;
  const person = flags & OWN ? null : new TextDecoder().decode(bytes.subarray(2));
  return { person, isScreen: (flags & SCREEN) !== 0 };
}

/** Says that a frame of a stream was taken: the next one may come. */
export function taken({ person, isScreen }: StreamName): ArrayBuffer {
  const id = new TextEncoder().encode(person ?? "");
  const answer = new Uint8Array(2 + id.length);
  answer.set([(isScreen ? SCREEN : 0) | (person === null ? OWN : 0), id.length]);
  answer.set(id, 2);
  return answer.buffer;
}

const nameOf = ({ person, isScreen }: StreamName): string => `${person ?? ""}/${isScreen ? "screen" : "camera"}`;

/** A key frame is asked for at most so often. */
const ASK_MS = 500;
/** A decoder that is given frames and gives nothing for so long is begun anew. */
const STUCK_MS = 2500;
const AGAIN_MS = 1000;
/** Decoded pictures lie in memory: a canvas that lies there too is drawn several times as fast where there is no real graphics card. */
const ON_THE_CPU: CanvasRenderingContext2DSettings = { alpha: false, willReadFrequently: true };
/** Where nothing comes for so long, the way may wait for a key frame: one is asked for. */
const SILENT_MS = 1500;

/** The pictures of a call: decoded by the web view as they come, each drawn on the canvas that shows its stream. */
export class Pictures {
  readonly #host: Host;
  readonly #streams = new Map<string, Stream>();
  #wire: PictureWire | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Shows a stream on a canvas until the returned function is called. */
  show(name: StreamName, canvas: HTMLCanvasElement): () => void {
    const stream = this.#stream(name);
    stream.show(canvas);
    return () => {
      stream.hide(canvas);
    };
  }

  open(): void {
    this.#watch ??= setInterval(() => {
      this.#streams.forEach((stream) => {
        stream.check();
      });
    }, SILENT_MS);
    this.#wire ??= this.#host.openPictures(
      (message) => {
        const gap = readGap(message);
        if (gap) this.#stream(gap).gap();
        const frame = gap ? null : readFrame(message);
        if (frame) this.#stream(frame.stream).take(frame);
      },
      () => {
        this.#wire = null;
        this.#streams.forEach((stream) => {
          stream.begin();
        });
        this.#again = setTimeout(() => {
          this.open();
        }, AGAIN_MS);
      },
    );
  }

  close(): void {
    clearTimeout(this.#again);
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#wire?.close();
    this.#wire = null;
    this.#streams.forEach((stream) => {
      stream.end();
    });
    this.#streams.clear();
  }

  #stream(name: StreamName): Stream {
    const found = this.#streams.get(nameOf(name));
    if (found) return found;
    const stream = new Stream(
      () => this.#wire?.say(taken(name)),
      () => {
        // One's own pictures have no id: the core knows which are meant by none.
        const request = { person: name.person ?? "", is_screen: name.isScreen };
        this.#host.commands.call_want_key_frame({ request }).catch(() => undefined);
      },
    );
    this.#streams.set(nameOf(name), stream);
    return stream;
  }
}

/** One stream: its decoder, and the canvas that shows it. */
class Stream {
  readonly #say: () => void;
  readonly #wantKey: () => void;
  #decoder: VideoDecoder | null = null;
  #canvas: HTMLCanvasElement | null = null;
  #waitsForKey = true;
  #unsaid = 0;
  #askedAt = -ASK_MS;
  #heardAt = 0;
  #cameAt = 0;
  #next: VideoFrame | null = null;
  #drawn = 0;

  constructor(say: () => void, wantKey: () => void) {
    this.#say = say;
    this.#wantKey = wantKey;
  }

  show(canvas: HTMLCanvasElement): void {
    this.#canvas = canvas;
    this.begin();
    this.#ask();
  }

  hide(canvas: HTMLCanvasElement): void {
    if (this.#canvas !== canvas) return;
    this.#canvas = null;
    this.begin();
  }

  /** Frames were left out: what comes next builds on them. */
  gap(): void {
    if (this.#canvas) this.#ask();
  }

  /** Asks for a key frame where something should be seen and nothing comes. */
  check(): void {
    if (this.#canvas && performance.now() - this.#cameAt > SILENT_MS) this.#ask();
  }

  take(frame: Frame): void {
    this.#cameAt = performance.now();
    const isStuck = this.#unsaid > 0 && performance.now() - this.#heardAt > STUCK_MS;
    if (isStuck) this.begin();
    if (!this.#canvas || typeof VideoDecoder === "undefined" || (this.#waitsForKey && !frame.isKey)) {
      this.#say();
      if (this.#canvas) this.#ask();
      return;
    }
    try {
      this.#decoder ??= this.#open();
      if (this.#unsaid === 0) this.#heardAt = performance.now();
      this.#unsaid += 1;
      this.#waitsForKey = false;
      const { isKey, timestamp, data } = frame;
      this.#decoder.decode(new EncodedVideoChunk({ type: isKey ? "key" : "delta", timestamp, data }));
      this.#answer();
    } catch {
      this.#failed();
    }
  }

  /** Begins anew with the next key frame. */
  begin(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    if (decoder && decoder.state !== "closed") decoder.close();
    for (; this.#unsaid > 0; this.#unsaid -= 1) this.#say();
    this.#waitsForKey = true;
  }

  end(): void {
    this.#canvas = null;
    this.begin();
    this.#next?.close();
    this.#next = null;
  }

  #open(): VideoDecoder {
    const decoder: VideoDecoder = new VideoDecoder({
      output: (frame) => {
        if (decoder !== this.#decoder) {
          frame.close();
          return;
        }
        this.#answer();
        this.#draw(frame);
      },
      error: () => {
        if (decoder === this.#decoder) this.#failed();
      },
    });
    decoder.ondequeue = () => {
      if (decoder === this.#decoder) this.#answer();
    };
    decoder.configure({ codec: "vp8", optimizeForLatency: true });
    return decoder;
  }

  /** Frames are answered as the decoder takes them; some give a picture only after they were given the next ones. */
  #answer(): void {
    const waiting = this.#decoder?.decodeQueueSize ?? 0;
    if (this.#unsaid > waiting) this.#heardAt = performance.now();
    for (; this.#unsaid > waiting; this.#unsaid -= 1) this.#say();
  }

  #failed(): void {
    this.begin();
    this.#ask();
  }

  #ask(): void {
    const now = performance.now();
    if (now - this.#askedAt < ASK_MS) return;
    this.#askedAt = now;
    this.#wantKey();
  }

  /** Of the frames that come between two paintings the last one is drawn. */
  #draw(frame: VideoFrame): void {
    const isAsked = this.#next !== null;
    this.#next?.close();
    this.#next = frame;
    if (isAsked) return;
    requestAnimationFrame(() => {
      const [next, canvas] = [this.#next, this.#canvas];
      this.#next = null;
      if (!next) return;
      const { displayWidth: width, displayHeight: height } = next;
      if (canvas) {
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
        canvas.getContext("2d", ON_THE_CPU)?.drawImage(next, 0, 0);
        this.#drawn += 1;
        canvas.dataset["frames"] = String(this.#drawn);
      }
      next.close();
    });
  }
}
