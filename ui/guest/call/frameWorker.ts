import { toHex, type Bytes } from "../crypto/bytes";
import type { Track } from "../crypto/frameKey";
import type { FrameStats, FromWorker, ToWorker, TransformOptions } from "./workerMessages";

/** The worker in which frames are sealed and opened; one a page. */
export class FrameWorker {
  readonly #worker = new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
  readonly #asked = new Map<number, (stats: FrameStats) => void>();
  #questions = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.#asked.get(data.asked)?.(data.stats);
      this.#asked.delete(data.asked);
    };
  }

  /** Hands over the secret of a generation and wipes it here. */
  secret(me: Bytes, call: Bytes, generation: number, secret: Bytes): void {
    this.#tell({ kind: "secret", me, call, generation, secret });
    secret.fill(0);
  }

  /** Seals what goes out by `sender`. */
  seal(sender: RTCRtpSender, track: Track): void {
    sender.transform = this.#transform({ side: "send", track });
  }

  /** Opens what a device, by its id's bytes, sends by `receiver`. */
  open(receiver: RTCRtpReceiver, device: Bytes, track: Track): void {
    receiver.transform = this.#transform({ side: "receive", sender: toHex(device), track });
  }

  /** How many frames there were. */
  stats(): Promise<FrameStats> {
    this.#questions += 1;
    const asked = this.#questions;
    return new Promise((resolve) => {
      this.#asked.set(asked, resolve);
      this.#tell({ kind: "stats", asked });
    });
  }

  /** Ends it, and its keys with it. */
  end(): void {
    this.#worker.terminate();
  }

  #transform(options: TransformOptions): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.#worker, options);
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}
