import { MicOff } from "lucide";
import type { Call } from "../call/call";
import type { Peer } from "../call/peer";
import { t } from "../i18n";
import { h, icon, say, set, show } from "./dom";
import { Picture } from "./picture";

/** Louder than that somebody speaks. */
const SPEAKS = 0.02;

/** Somebody's camera, or, without one, the first letter of a name; the voice with it. */
export class Tile {
  readonly element: HTMLElement;
  readonly #picture: Picture;
  readonly #initial = h("span", { class: "initial", "aria-hidden": "true" });
  readonly #name = h("span", { "data-testid": "tile-name" });
  readonly #muted = h("span", { class: "muted", role: "img", "aria-label": t("muted") }, icon(MicOff, 14));
  readonly #state = h("span", { class: "tile-state" });
  readonly #voice = h("audio", { autoplay: true });
  #track: MediaStreamTrack | undefined;

  constructor(
    private readonly call: Call,
    readonly peer: Peer,
    private readonly silenced: (voice: HTMLAudioElement) => void,
  ) {
    this.#picture = new Picture("picture", call.nameOf(peer.device));
    const caption = h("figcaption", {}, this.#muted, this.#name, this.#state);
    this.element = h(
      "figure",
      { class: "tile", "data-testid": "tile", "data-device": peer.device },
      this.#initial,
      this.#picture.element,
      caption,
      this.#voice,
    );
  }

  update(): void {
    const { peer } = this;
    const name = this.call.nameOf(peer.device);
    say(this.#name, name);
    say(this.#initial, Array.from(name)[0]?.toLocaleUpperCase() ?? "");
    set(this.#picture.element, "aria-label", name);
    const isSeen = peer.media.camera && peer.tracks.has("camera");
    this.#picture.update(isSeen ? (peer.tracks.get("camera") ?? null) : null);
    show(this.#picture.element, isSeen);
    show(this.#muted, !peer.media.microphone);
    say(this.#state, peer.state === "connecting" ? t("connecting") : "");
    set(this.element, "data-state", peer.state);
    this.#hear(peer.tracks.get("audio"));
  }

  /** Shows who speaks; called a few times a second. */
  listen(): void {
    void this.peer.level().then((level) => {
      set(this.element, "data-speaks", this.peer.media.microphone && level > SPEAKS);
    });
  }

  close(): void {
    this.#voice.srcObject = null;
    this.element.remove();
  }

  #hear(track: MediaStreamTrack | undefined): void {
    if (this.#track === track) return;
    this.#track = track;
    this.#voice.srcObject = track ? new MediaStream([track]) : null;
    if (track) {
      this.#voice.play().catch((error: unknown) => {
        // Some browsers play sound after a click alone.
        if (error instanceof DOMException && error.name === "NotAllowedError") this.silenced(this.#voice);
      });
    }
  }
}

/** Somebody's screen. */
export class ScreenTile {
  readonly element: HTMLElement;
  readonly #picture: Picture;
  readonly #name = h("span");

  constructor(
    private readonly call: Call,
    readonly peer: Peer,
  ) {
    this.#picture = new Picture("screen-picture", "");
    const caption = h("figcaption", {}, this.#name);
    this.element = h("figure", { class: "tile screen", "data-testid": "screen-tile" }, this.#picture.element, caption);
  }

  update(): void {
    const name = t("screenOf", { name: this.call.nameOf(this.peer.device) });
    say(this.#name, name);
    set(this.#picture.element, "aria-label", name);
    this.#picture.update(this.peer.tracks.get("screen") ?? null);
  }

  close(): void {
    this.#picture.update(null);
    this.element.remove();
  }
}
