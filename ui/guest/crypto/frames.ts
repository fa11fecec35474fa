// Frames end to end: sealed before they are cut into packets, opened after they were put together.
import { concat, type Bytes } from "./bytes";
import { frameKey, type Generation, type Track } from "./frameKey";
import { frameSecret, open, readHeader, seal, type FrameSecret } from "./sframe";

/** So long frames of the generation before are still taken, in milliseconds. */
const OVERLAP_MS = 5_000;
/** How far behind the newest frame one may come. */
const REPLAY_WINDOW = 512;

/** Why a frame is neither sealed nor opened. */
export class FrameError extends Error {
  constructor(
    /** `short`: shorter than its codec's header; `closed`: changed, or no key of ours; `replayed`: it came before, or is too old. */
    readonly reason: "short" | "closed" | "replayed",
  ) {
    super(`the frame is not taken: ${reason}`);
  }
}

/**
 * How many bytes at the start of a frame stay clear. Of VP8 (RFC 6386 §9.1) the frame tag, and start code and size of a key frame: the browser
 * reads key or not, and size, from them. They are authenticated. Of Opus none.
 */
export function clearBytes(track: Track, frame: Uint8Array): number {
  if (track === "audio") return 0;
  const [first] = frame;
  const clear = first !== undefined && (first & 1) === 0 ? 10 : 3;
  if (frame.length < clear) throw new FrameError("short");
  return clear;
}

/** The generations of a call's secret that hold: the newest, and for a few seconds the one before. */
export class Generations {
  #current: Generation | undefined;
  #previous: { generation: Generation; since: number } | undefined;

  /** Takes a newer generation. One that is not newer would begin to count anew under an old key, and is left. */
  take(next: Generation, now: number): boolean {
    if (this.#current && next.number <= this.#current.number) return false;
    if (this.#current) this.#previous = { generation: this.#current, since: now };
    this.#current = next;
    return true;
  }

  get current(): Generation | undefined {
    return this.#current;
  }

  /** Those whose frames are taken at the time `now`, the newest first. */
  holding(now: number): Generation[] {
    if (this.#previous && now - this.#previous.since > OVERLAP_MS) this.#previous = undefined;
    return [this.#current, this.#previous?.generation].filter((each) => each !== undefined);
  }
}

/**
 * Seals the frames of one track of this page, whichever connections they go out on: a counter is never used twice. It begins anywhere below
 * 2^62, so that not even a relay that gives two pages one id makes them use a nonce twice (RFC 9605 §9.1).
 */
export class FrameSealer {
  #sealing: { number: number; secret: Promise<FrameSecret>; counter: bigint } | undefined;

  constructor(
    private readonly generations: Generations,
    private readonly sender: Bytes,
    private readonly track: Track,
  ) {}

  /** The clear bytes, then the SFrame ciphertext. */
  async seal(frame: Bytes): Promise<Bytes> {
    const clear = clearBytes(this.track, frame);
    const generation = this.generations.current;
    if (!generation) throw new FrameError("closed");
    if (this.#sealing?.number !== generation.number) {
      const secret = secretOf(generation, this.sender, this.track, "encrypt");
      this.#sealing = { number: generation.number, secret, counter: anywhere() };
    }
    const sealing = this.#sealing;
    const counter = sealing.counter++;
    const metadata = frame.slice(0, clear);
    return concat(metadata, await seal(await sealing.secret, counter, metadata, frame.slice(clear)));
  }
}

/** Opens the frames of one track of one sender. Every key has a window of its own, so a frame that came before is refused. */
export class FrameOpener {
  readonly #opening = new Map<number, { secret: Promise<FrameSecret>; window: ReplayWindow }>();

  constructor(
    private readonly generations: Generations,
    private readonly sender: Bytes,
    private readonly track: Track,
  ) {}

  /** Opens a frame at the time `now`, in milliseconds; rejects with a {@link FrameError}. */
  async open(sealed: Bytes, now: number): Promise<Bytes> {
    const clear = clearBytes(this.track, sealed);
    const metadata = sealed.slice(0, clear);
    const ciphertext = sealed.slice(clear);
    const header = readHeader(ciphertext);
    if (!header) throw new FrameError("closed");
    const holding = this.generations.holding(now);
    for (const number of this.#opening.keys()) {
      if (!holding.some((generation) => generation.number === number)) this.#opening.delete(number);
    }
    for (const generation of holding) {
      const { secret, window } = this.#of(generation);
      const known = await secret;
      if (known.id !== header.id) continue;
      if (!window.allows(header.counter)) throw new FrameError("replayed");
      const plaintext = await open(known, header, metadata, ciphertext).catch(() => {
        throw new FrameError("closed");
      });
      // Marked when it has proven genuine, and looked at again: another may have been opened meanwhile.
      if (!window.mark(header.counter)) throw new FrameError("replayed");
      return concat(metadata, plaintext);
    }
    throw new FrameError("closed");
  }

  #of(generation: Generation): { secret: Promise<FrameSecret>; window: ReplayWindow } {
    let opening = this.#opening.get(generation.number);
    if (!opening) {
      opening = { secret: secretOf(generation, this.sender, this.track, "decrypt"), window: new ReplayWindow() };
      this.#opening.set(generation.number, opening);
    }
    return opening;
  }
}

async function secretOf(
  generation: Generation,
  sender: Bytes,
  track: Track,
  usage: "encrypt" | "decrypt",
): Promise<FrameSecret> {
  const key = await frameKey(generation, sender, track);
  return frameSecret(key.id, key.base, usage);
}

/** Where a counter begins. */
function anywhere(): bigint {
  const [random = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return random >> 2n;
}

/** Which counters of a key came. */
class ReplayWindow {
  #newest = -1n;
  readonly #seen: (bigint | undefined)[] = Array.from({ length: REPLAY_WINDOW });

  allows(counter: bigint): boolean {
    return (
      counter + BigInt(REPLAY_WINDOW) > this.#newest && this.#seen[Number(counter % BigInt(REPLAY_WINDOW))] !== counter
    );
  }

  mark(counter: bigint): boolean {
    if (!this.allows(counter)) return false;
    this.#seen[Number(counter % BigInt(REPLAY_WINDOW))] = counter;
    if (counter > this.#newest) this.#newest = counter;
    return true;
  }
}
