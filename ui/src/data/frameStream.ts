import { ON_THE_CPU, PictureStream } from "./pictureStream";
import { readFrame, taken } from "./pictureWire";

/** A decoder that is given frames and gives nothing for so long is begun anew. */
const STUCK_MS = 2500;

/**
 * Brightness and colour are as BT.601 has them, in whatever size (RFC 6386 §9.2); left to themselves, web views take BT.709 for large pictures.
 */
const VP8: VideoDecoderConfig = {
  codec: "vp8",
  optimizeForLatency: true,
  colorSpace: { matrix: "smpte170m", primaries: "bt709", transfer: "iec61966-2-1", fullRange: false },
};

/** A stream of frames that the web view decodes. */
export class FrameStream extends PictureStream {
  #decoder: VideoDecoder | null = null;
  #waitsForKey = true;
  #unsaid = 0;
  #heardAt = 0;
  #next: VideoFrame | null = null;

  protected override taken(message: ArrayBuffer): void {
    const frame = readFrame(message);
    if (!frame) return;
    const isStuck = this.#unsaid > 0 && performance.now() - this.#heardAt > STUCK_MS;
    if (isStuck) this.#failed();
    if (!this.canvas || (this.#waitsForKey && !frame.isKey)) {
      this.#say();
      if (this.canvas) this.ask();
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

  override begin(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    if (decoder && decoder.state !== "closed") decoder.close();
    for (; this.#unsaid > 0; this.#unsaid -= 1) this.#say();
    this.#waitsForKey = true;
  }

  override end(): void {
    super.end();
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
    decoder.configure(VP8);
    return decoder;
  }

  #say(): void {
    this.told.say(taken(this.name));
  }

  /** Frames are answered as the decoder takes them; some give a picture only after they were given the next ones. */
  #answer(): void {
    const waiting = this.#decoder?.decodeQueueSize ?? 0;
    if (this.#unsaid > waiting) this.#heardAt = performance.now();
    for (; this.#unsaid > waiting; this.#unsaid -= 1) this.#say();
  }

  #failed(): void {
    this.begin();
    this.ask();
    this.told.failed();
  }

  /** Of the frames that come between two paintings the last one is drawn. */
  #draw(frame: VideoFrame): void {
    const isAsked = this.#next !== null;
    this.#next?.close();
    this.#next = frame;
    if (isAsked) return;
    requestAnimationFrame(() => {
      const [next, canvas] = [this.#next, this.canvas];
      this.#next = null;
      if (!next) return;
      const { displayWidth: width, displayHeight: height } = next;
      if (canvas) {
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
        canvas.getContext("2d", ON_THE_CPU)?.drawImage(next, 0, 0);
        this.count(canvas);
      }
      next.close();
    });
  }
}
