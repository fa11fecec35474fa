import type { StreamName } from "./pictureWire";

/** Decoded pictures lie in memory: a canvas that lies there too is drawn several times as fast where there is no real graphics card. */
export const ON_THE_CPU: CanvasRenderingContext2DSettings = { alpha: false, willReadFrequently: true };

/** A key frame is asked for at most so often. */
const ASK_MS = 500;
/** Where nothing comes for so long, the way may wait for a key frame: one is asked for. */
export const SILENT_MS = 1500;

/** What a stream tells. */
export interface Told {
  /** To the app. */
  say(answer: ArrayBuffer): void;
  wantKey(): void;
  drew(): void;
  /** That nothing could be made of what came. */
  failed(): void;
}

/** One stream, and the canvas that shows it. */
export abstract class PictureStream {
  readonly name: StreamName;
  protected readonly told: Told;
  #canvas: HTMLCanvasElement | null = null;
  #askedAt = -ASK_MS;
  #cameAt = 0;
  #drawn = 0;

  constructor(name: StreamName, told: Told) {
    this.name = name;
    this.told = told;
  }

  get canvas(): HTMLCanvasElement | null {
    return this.#canvas;
  }

  show(canvas: HTMLCanvasElement): void {
    this.#canvas = canvas;
    this.begin();
    this.ask();
  }

  hide(canvas: HTMLCanvasElement): void {
    if (this.#canvas !== canvas) return;
    this.#canvas = null;
    this.begin();
  }

  end(): void {
    this.#canvas = null;
    this.begin();
  }

  /** Frames were left out: what comes next builds on them. */
  gap(): void {
    if (this.#canvas) this.ask();
  }

  /** Asks for a key frame where something should be seen and nothing comes. */
  check(): void {
    if (this.#canvas && performance.now() - this.#cameAt > SILENT_MS) this.ask();
  }

  /** Takes a message. */
  take(message: ArrayBuffer): void {
    this.#cameAt = performance.now();
    this.taken(message);
  }

  /** Begins anew with the next key frame. */
  abstract begin(): void;

  protected abstract taken(message: ArrayBuffer): void;

  protected ask(): void {
    const now = performance.now();
    if (now - this.#askedAt < ASK_MS) return;
    this.#askedAt = now;
    this.told.wantKey();
  }

  protected count(canvas: HTMLCanvasElement): void {
    this.#drawn += 1;
    canvas.dataset["frames"] = String(this.#drawn);
    this.told.drew();
  }
}
