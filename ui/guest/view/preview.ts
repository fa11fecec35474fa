import { Camera, ChevronDown, Mic, Video, VideoOff } from "lucide";
import { t } from "../i18n";
import { LevelMeter } from "../media/level";
import { devices, type Device, type LocalMedia } from "../media/local";
import { DeviceButtons } from "./devices";
import { h, icon, set, show } from "./dom";
import { Picture } from "./picture";
import { Trouble } from "./trouble";

/** Camera and microphone of this person, to be checked before anybody sees or hears them. */
export class Preview {
  readonly element: HTMLElement;
  readonly #picture = new Picture("own-picture", t("yourPicture"));
  readonly #invitation: HTMLElement;
  readonly #blank = h("div", { class: "invitation" }, icon(VideoOff, 28), h("p", {}, t("cameraOff")));
  readonly #buttons: DeviceButtons;
  readonly #bar = h("div", { class: "preview-bar" });
  readonly #meter = h("div", {
    class: "meter",
    role: "meter",
    "aria-label": t("level"),
    "aria-valuemin": 0,
    "aria-valuemax": 100,
  });
  readonly #choices = h("div", { class: "choices" });
  readonly #microphones: HTMLSelectElement;
  readonly #cameras: HTMLSelectElement;
  readonly #trouble = new Trouble();
  #level: { track: MediaStreamTrack; meter: LevelMeter } | undefined;
  /** Whether the person has let the page have devices at all. */
  #isOpened = false;
  #isClosed = false;

  constructor(private readonly media: LocalMedia) {
    this.#buttons = new DeviceButtons(media, this.#trouble.tell);
    this.#microphones = this.#choice("microphone");
    this.#cameras = this.#choice("camera");
    const turnOn = h(
      "button",
      { type: "button", class: "button", "data-testid": "turn-on", onclick: () => void this.#open() },
      t("turnOn"),
    );
    this.#invitation = h(
      "div",
      { class: "invitation" },
      icon(Camera, 28),
      h("p", {}, t("devicesOff")),
      turnOn,
      h("p", { class: "hint" }, t("without")),
    );
    this.#bar.append(this.#buttons.microphone.element, this.#meter, this.#buttons.camera.element);
    const frame = h("div", { class: "frame" }, this.#picture.element, this.#invitation, this.#blank, this.#bar);
    this.element = h(
      "section",
      { class: "preview", "aria-label": t("yourPicture") },
      frame,
      this.#trouble.element,
      this.#choices,
    );
    navigator.mediaDevices.addEventListener("devicechange", this.#listed);
    this.update();
  }

  update(): void {
    // The browser's question may be answered when another screen stands here.
    if (this.#isClosed) return;
    const { camera } = this.media.state();
    const microphone = this.media.track("audio");
    this.#isOpened ||= camera || microphone !== null;
    this.#picture.update(this.media.track("camera"));
    show(this.#picture.element, camera);
    show(this.#invitation, !this.#isOpened);
    show(this.#blank, this.#isOpened && !camera);
    show(this.#bar, this.#isOpened);
    show(this.#choices, this.#choices.querySelector("option") !== null);
    this.#buttons.update();
    if (this.#level?.track !== microphone) this.#measure(microphone);
  }

  close(): void {
    this.#isClosed = true;
    navigator.mediaDevices.removeEventListener("devicechange", this.#listed);
    this.#level?.meter.close();
    this.#level = undefined;
  }

  async #open(): Promise<void> {
    this.#trouble.tell(await this.media.open());
    // Whoever said no may turn on each by itself.
    this.#isOpened = true;
    this.update();
    // What was clicked is gone. Who went on to the name while the browser asked is not called back from there.
    const focused = document.activeElement;
    const isElsewhere = focused !== document.body && !this.element.contains(focused);
    if (!isElsewhere && !this.#bar.hidden) this.#buttons.microphone.element.focus();
    this.#listed();
  }

  #measure(track: MediaStreamTrack | null): void {
    this.#level?.meter.close();
    this.#level = undefined;
    this.#draw(0);
    if (!track) return;
    const meter = new LevelMeter(track, (level) => {
      this.#draw(track.enabled ? level : 0);
    });
    this.#level = { track, meter };
  }

  #draw(level: number): void {
    this.#meter.style.setProperty("--level", level.toFixed(2));
    set(this.#meter, "aria-valuenow", Math.round(level * 10) * 10);
  }

  #choice(device: Device): HTMLSelectElement {
    const select = h("select", {
      "data-testid": `choose-${device}`,
      "aria-label": t(device),
      onchange: () => void this.media.choose(device, select.value).then(this.#trouble.tell),
    });
    const sign = icon(device === "camera" ? Video : Mic, 18);
    this.#choices.append(h("div", { class: "select", hidden: true }, sign, select, icon(ChevronDown, 18)));
    return select;
  }

  readonly #listed = (): void => {
    void this.#list("microphone", this.#microphones);
    void this.#list("camera", this.#cameras);
  };

  async #list(device: Device, select: HTMLSelectElement): Promise<void> {
    const there = await devices(device);
    const used = this.media.track(device === "camera" ? "camera" : "audio")?.getSettings().deviceId;
    const options = there.map(({ deviceId, label }) =>
      h("option", { value: deviceId, selected: deviceId === used }, label),
    );
    select.replaceChildren(...options);
    if (select.parentElement) show(select.parentElement, there.length > 0);
    this.update();
  }
}
