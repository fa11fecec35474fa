import { h, set } from "./dom";

/** A picture is cut to fill its place where its shape is so close to it; else all of it is shown: what is held up is not at the centre alone. */
const CUT = 1.35;

/** A moving picture of one track, or nothing. */
export class Picture {
  readonly element: HTMLVideoElement;
  #track: MediaStreamTrack | null = null;

  constructor(id: string, label: string) {
    this.element = h("video", { autoplay: true, playsinline: true, "data-testid": id, "aria-label": label });
    // Sound plays by itself; a picture that is muted plays without a click.
    this.element.muted = true;
    this.element.addEventListener("resize", this.#fit);
    new ResizeObserver(this.#fit).observe(this.element);
  }

  update(track: MediaStreamTrack | null): void {
    if (this.#track === track) return;
    this.#track = track;
    this.element.srcObject = track && new MediaStream([track]);
  }

  readonly #fit = (): void => {
    const { videoWidth, videoHeight, clientWidth, clientHeight } = this.element;
    if (videoWidth === 0 || clientHeight === 0) return;
    const [picture, place] = [videoWidth / videoHeight, clientWidth / clientHeight];
    set(this.element, "data-fit", Math.max(picture / place, place / picture) < CUT ? "cover" : "contain");
  };
}
