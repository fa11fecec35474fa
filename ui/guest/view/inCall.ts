import { LayoutGrid, PhoneOff, RectangleHorizontal, Volume2 } from "lucide";
import type { Call } from "../call/call";
import { t } from "../i18n";
import type { LocalMedia } from "../media/local";
import { DeviceButtons } from "./devices";
import { h, icon, mark, say, set, show } from "./dom";
import { Picture } from "./picture";
import { Safety } from "./safety";
import { ScreenTile, Tile } from "./tile";
import { Toggle } from "./toggle";
import { Trouble } from "./trouble";

/** Voices are looked at this often, in milliseconds. */
const LISTEN_MS = 250;
/** After so many seconds without a connection more is said than that it is tried again. */
const LONG_S = 20;

/** The call: everybody's pictures, one's own, the controls. */
export class InCall {
  readonly element: HTMLElement;
  readonly #stage = h("div", { class: "stage", "data-testid": "stage" });
  readonly #own = new Picture("own-picture", t("yourPicture"));
  readonly #self = h("div", { class: "self" }, this.#own.element, h("span", {}, t("you")));
  readonly #state = h("p", { class: "state", role: "status", "data-testid": "call-state" });
  readonly #time = h("span", { class: "time", role: "timer", "data-testid": "time" });
  readonly #shop = h("h1", { tabindex: -1, class: "shop" });
  readonly #hear: HTMLButtonElement;
  readonly #trouble = new Trouble();
  readonly #buttons: DeviceButtons;
  readonly #layout: Toggle;
  readonly #safety: Safety;
  readonly #tiles = new Map<string, Tile>();
  readonly #screens = new Map<string, ScreenTile>();
  readonly #silent = new Set<HTMLAudioElement>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #since = performance.now();
  #isSpeaker = true;
  #large: string | undefined;
  #brokenSince: number | undefined;
  #lock: { release: () => Promise<void> } | undefined;

  constructor(
    private readonly call: Call,
    private readonly media: LocalMedia,
  ) {
    this.#buttons = new DeviceButtons(media, this.#trouble.tell);
    this.#safety = new Safety(call);
    this.#layout = new Toggle(
      "layout",
      { label: t("layoutSpeaker"), icon: RectangleHorizontal },
      { label: t("layoutGrid"), icon: LayoutGrid },
      () => {
        this.#isSpeaker = !this.#isSpeaker;
        this.update();
      },
    );
    this.#hear = h(
      "button",
      { type: "button", class: "button hear", onclick: () => this.#play() },
      icon(Volume2, 18),
      t("hear"),
    );
    const { microphone, camera, screen } = this.#buttons;
    const leave = h(
      "button",
      {
        type: "button",
        class: "round leave",
        "aria-label": t("leave"),
        title: t("leave"),
        "data-testid": "leave",
        onclick: () => call.leave(),
      },
      icon(PhoneOff),
    );
    const controls = [microphone.element, camera.element, screen?.element ?? null, this.#layout.element, leave];
    this.element = h(
      "main",
      { class: "call" },
      h("header", { class: "head" }, mark(), this.#shop, this.#time, this.#safety.button),
      h("div", { class: "middle" }, this.#stage, this.#self, this.#state, this.#hear, this.#safety.panel),
      this.#trouble.element,
      h("div", { class: "bar", role: "toolbar", "aria-label": t("controls") }, ...controls),
    );
    this.#timer = setInterval(() => {
      this.#listen();
    }, LISTEN_MS);
    document.addEventListener("visibilitychange", this.#stayAwake);
    this.#stayAwake();
    this.update();
  }

  /** Where reading goes on when the door has opened. */
  focus(): void {
    this.#shop.focus();
  }

  update(): void {
    const peers = [...this.call.peers.values()];
    this.#sync(
      this.#tiles,
      peers.map((peer) => peer.device),
      (device) => this.#tile(device),
    );
    const sharing = peers.filter((peer) => peer.media.screen && peer.tracks.has("screen"));
    this.#sync(
      this.#screens,
      sharing.map((peer) => peer.device),
      (device) => this.#screen(device),
    );
    for (const tile of [...this.#tiles.values(), ...this.#screens.values()]) tile.update();
    this.#arrange();
    this.#buttons.update();
    this.#own.update(this.media.track("camera"));
    show(this.#self, this.media.state().camera);
    say(this.#shop, this.call.shop);
    show(this.#hear, this.#silent.size > 0);
    this.#tellState();
    void this.#safety.update();
  }

  close(): void {
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#stayAwake);
    void this.#lock?.release().catch(() => undefined);
    for (const tile of [...this.#tiles.values(), ...this.#screens.values()]) tile.close();
  }

  #tile(device: string): Tile | undefined {
    const peer = this.call.peers.get(device);
    const silenced = (voice: HTMLAudioElement) => {
      this.#silent.add(voice);
      show(this.#hear, true);
    };
    return peer && new Tile(this.call, peer, silenced);
  }

  #screen(device: string): ScreenTile | undefined {
    const peer = this.call.peers.get(device);
    return peer && new ScreenTile(this.call, peer);
  }

  /** Makes what is new, ends what has gone, and leaves the rest. */
  #sync<T extends Tile | ScreenTile>(
    have: Map<string, T>,
    wanted: readonly string[],
    make: (device: string) => T | undefined,
  ): void {
    for (const [device, tile] of have) {
      if (wanted.includes(device) && this.call.peers.get(device) === tile.peer) continue;
      tile.close();
      have.delete(device);
    }
    for (const device of wanted) {
      if (have.has(device)) continue;
      const tile = make(device);
      if (!tile) continue;
      have.set(device, tile);
      this.#stage.append(tile.element);
    }
  }

  /** A shared screen, or who spoke last, is large; or all are alike. */
  #arrange(): void {
    const count = this.#tiles.size + this.#screens.size;
    const [screen] = this.#screens.values();
    const speaker = this.#tiles.get(this.#large ?? "") ?? this.#tiles.values().next().value;
    const large = this.#isSpeaker && count > 1 ? (screen ?? speaker) : undefined;
    for (const tile of [...this.#tiles.values(), ...this.#screens.values()])
      set(tile.element, "data-large", tile === large);
    set(this.#stage, "data-layout", large ? "speaker" : "grid");
    set(this.#stage, "data-count", Math.min(count, 9));
    this.#stage.style.setProperty("--beside", String(count - 1));
    this.#layout.update(this.#isSpeaker);
    show(this.#layout.element, count > 1);
  }

  #listen(): void {
    for (const tile of this.#tiles.values()) {
      tile.listen();
      if (tile.element.hasAttribute("data-speaks") && this.#large !== tile.peer.device) {
        this.#large = tile.peer.device;
        this.#arrange();
      }
    }
    void this.#count();
    say(this.#time, clock((performance.now() - this.#since) / 1000));
    this.#tellState();
  }

  /** What was sealed, opened and refused is written where tests and the curious find it. */
  async #count(): Promise<void> {
    const { sealed, opened, closed, replayed, short } = await this.call.frames();
    set(this.#stage, "data-sealed", sealed);
    set(this.#stage, "data-opened", opened);
    set(this.#stage, "data-refused", closed + short);
    // A packet that was sent again though it had come, as happens on slow machines.
    set(this.#stage, "data-replayed", replayed);
  }

  #tellState(): void {
    const peers = [...this.call.peers.values()];
    const isBroken = peers.some((peer) => peer.state === "broken");
    this.#brokenSince = isBroken ? (this.#brokenSince ?? performance.now()) : undefined;
    const isLong = this.#brokenSince !== undefined && performance.now() - this.#brokenSince > LONG_S * 1000;
    let text = t("inCall");
    if (isBroken) text = t(isLong ? "stillReconnecting" : "reconnecting");
    else if (peers.length === 0) text = t("alone");
    else if (peers.every((peer) => peer.state === "connecting")) text = t("connecting");
    say(this.#state, text);
    // That all is well is heard, and not seen.
    set(this.#state, "data-quiet", text === t("inCall"));
  }

  #play(): void {
    for (const voice of this.#silent) void voice.play().catch(() => undefined);
    this.#silent.clear();
    show(this.#hear, false);
  }

  /** The screen of a phone stays on while there is a call. */
  readonly #stayAwake = (): void => {
    if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    navigator.wakeLock.request("screen").then(
      (lock) => (this.#lock = lock),
      () => undefined,
    );
  };
}

/** Minutes and seconds, with hours where there are some. */
function clock(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours = 0, minutes = 0, rest = 0] = parts;
  return hours > 0 ? `${String(hours)}:${two(minutes)}:${two(rest)}` : `${String(minutes)}:${two(rest)}`;
}
