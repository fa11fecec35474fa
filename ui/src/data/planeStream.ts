import type { PlanePainter } from "./planePainter";
import { PictureStream, type Told } from "./pictureStream";
import { type Planes, readPlanes, shown, type StreamName, taken } from "./pictureWire";

/** A stream of pictures that the app decodes: it is told how large they are shown. */
export class PlaneStream extends PictureStream {
  readonly #painter: PlanePainter;
  readonly #sizes = new ResizeObserver(() => {
    this.#tellSize();
  });
  #told = "";
  #next: Planes | null = null;

  constructor(name: StreamName, told: Told, painter: PlanePainter) {
    super(name, told);
    this.#painter = painter;
  }

  override show(canvas: HTMLCanvasElement): void {
    this.#sizes.disconnect();
    super.show(canvas);
    this.#sizes.observe(canvas);
  }

  override begin(): void {
    if (!this.canvas) this.#sizes.disconnect();
    if (this.#next) this.#say();
    this.#next = null;
    this.#told = "";
    this.#tellSize();
  }

  protected override taken(message: ArrayBuffer): void {
    const planes = readPlanes(message);
    const isAsked = this.#next !== null;
    if (!planes || !this.canvas || isAsked) this.#say();
    if (!planes || !this.canvas) return;
    // Of the pictures that come between two paintings the last one is drawn.
    this.#next = planes;
    if (isAsked) return;
    requestAnimationFrame(() => {
      const [next, canvas] = [this.#next, this.canvas];
      this.#next = null;
      if (!next) return;
      this.#say();
      if (!canvas) return;
      if (this.#painter.paint(next, canvas)) this.count(canvas);
      else this.told.failed();
    });
  }

  #say(): void {
    this.told.say(taken(this.name));
  }

  #tellSize(): void {
    const { clientWidth = 0, clientHeight = 0 } = this.canvas ?? {};
    const [width, height] = [clientWidth, clientHeight].map((side) => Math.ceil(side * devicePixelRatio)) as [
      number,
      number,
    ];
    const size = `${String(width)} ${String(height)}`;
    if (size === this.#told) return;
    this.#told = size;
    this.told.say(shown(this.name, width, height));
    this.gap();
  }
}
