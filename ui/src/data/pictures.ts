import type { Host, PictureForm, PictureWire } from "../host/host";
import { FrameStream } from "./frameStream";
import { PictureStream, SILENT_MS, type Told } from "./pictureStream";
import { readGap, readName, type StreamName } from "./pictureWire";
import { PlanePainter } from "./planePainter";
import { PlaneStream } from "./planeStream";

const nameOf = ({ person, isScreen }: StreamName): string => `${person ?? ""}/${isScreen ? "screen" : "camera"}`;

const AGAIN_MS = 1000;
/** A decoder that refuses so often, and gives no picture between, decodes nothing. */
const REFUSALS = 3;

/**
 * The pictures of a call, each drawn on the canvas that shows its stream. The web view decodes them; where it can't, the app does, and they
 * are drawn by WebGL; where there is none either, there are no pictures.
 */
export class Pictures {
  readonly #host: Host;
  readonly #streams = new Map<string, PictureStream>();
  readonly #listeners = new Set<() => void>();
  #form: PictureForm | null = "vp8";
  #painter: PlanePainter | null = null;
  #refusals = 0;
  #isOpen = false;
  #wire: PictureWire | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(host: Host) {
    this.#host = host;
    if (typeof VideoDecoder === "undefined") this.#fallBack("vp8");
  }

  /** Whether this web view can show pictures, in whatever way; `subscribe` tells when that changes. */
  canShow = (): boolean => this.#form !== null;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Shows a stream on a canvas until the returned function is called. */
  show(name: StreamName, canvas: HTMLCanvasElement): () => void {
    this.#stream(name)?.show(canvas);
    return () => {
      this.#streams.get(nameOf(name))?.hide(canvas);
    };
  }

  open(): void {
    this.#isOpen = true;
    this.#watch ??= setInterval(() => {
      this.#streams.forEach((stream) => {
        stream.check();
      });
    }, SILENT_MS);
    this.#connect();
    if (this.#form !== "vp8") return;
    VideoDecoder.isConfigSupported({ codec: "vp8" }).then(
      ({ supported }) => {
        if (!supported) this.#fallBack("vp8");
      },
      () => {
        this.#fallBack("vp8");
      },
    );
  }

  close(): void {
    this.#isOpen = false;
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#leave();
  }

  #connect(): void {
    if (!this.#isOpen || this.#wire || !this.#form) return;
    this.#wire = this.#host.openPictures(
      this.#form,
      (message) => {
        const gap = readGap(message);
        const name = gap ?? readName(message);
        const stream = name && this.#stream(name);
        if (gap) stream?.gap();
        else stream?.take(message);
      },
      () => {
        this.#wire = null;
        this.#begin();
        this.#again = setTimeout(() => {
          this.#connect();
        }, AGAIN_MS);
      },
    );
    this.#begin();
  }

  #begin(): void {
    this.#streams.forEach((stream) => {
      stream.begin();
    });
  }

  #leave(): void {
    clearTimeout(this.#again);
    this.#wire?.close();
    this.#wire = null;
    this.#streams.forEach((stream) => {
      stream.end();
    });
    this.#streams.clear();
  }

  /** Goes on without what this web view turned out not to have. */
  #fallBack(from: PictureForm): void {
    if (this.#form !== from) return;
    const shown = [...this.#streams.values()].flatMap(({ name, canvas }) => (canvas ? [{ name, canvas }] : []));
    this.#leave();
    this.#painter = from === "vp8" ? PlanePainter.open() : null;
    this.#form = this.#painter && "i420";
    this.#connect();
    shown.forEach(({ name, canvas }) => this.#stream(name)?.show(canvas));
    this.#listeners.forEach((listener) => {
      listener();
    });
  }

  #stream(name: StreamName): PictureStream | null {
    const found = this.#streams.get(nameOf(name));
    const form = this.#form;
    if (found || !form) return found ?? null;
    const told: Told = {
      say: (answer) => this.#wire?.say(answer),
      wantKey: () => {
        // One's own pictures have no id: the core knows which are meant by none.
        const request = { person: name.person ?? "", is_screen: name.isScreen };
        this.#host.commands.call_want_key_frame({ request }).catch(() => undefined);
      },
      drew: () => {
        this.#refusals = 0;
      },
      failed: () => {
        this.#refusals += 1;
        if (form === "i420" || this.#refusals >= REFUSALS) this.#fallBack(form);
      },
    };
    const stream = this.#painter ? new PlaneStream(name, told, this.#painter) : new FrameStream(name, told);
    this.#streams.set(nameOf(name), stream);
    return stream;
  }
}
