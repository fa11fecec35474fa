import type { Track } from "../crypto/frameKey";
import type { MediaState } from "../call/signal";

/** What a person may be asked for. */
export type Device = "microphone" | "camera";

/** Why a device is not there. */
export type DeviceTrouble = "denied" | "missing" | "busy";

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const SCREEN = { video: { frameRate: { ideal: 15, max: 30 } }, audio: false };

/** Microphone, camera and screen of this page. Each is opened by a click of the person, and closed when it is off. */
export class LocalMedia {
  readonly #tracks = new Map<Track, MediaStreamTrack>();
  #isMuted = false;
  #isClosed = false;

  /** `changed` is called after each change, whatever made it. */
  constructor(private readonly changed: () => void) {}

  /** What goes out on a track; null where nothing does. */
  track(track: Track): MediaStreamTrack | null {
    return this.#tracks.get(track) ?? null;
  }

  state(): MediaState {
    const has = (track: Track) => this.#tracks.has(track);
    return { microphone: has("audio") && !this.#isMuted, camera: has("camera"), screen: has("screen") };
  }

  /** Whether this browser shares screens: those of phones don't. */
  static get sharesScreens(): boolean {
    return "getDisplayMedia" in navigator.mediaDevices;
  }

  /** Opens microphone and camera, as far as they are there; the first trouble is told, the other goes on. */
  async open(): Promise<DeviceTrouble | undefined> {
    const both = await this.#take({ audio: sound(), video: CAMERA });
    if (both === undefined) return undefined;
    const [microphone, camera] = [await this.choose("microphone"), await this.choose("camera")];
    return microphone ?? camera;
  }

  /** Opens a device, by its id or the one that the system prefers. */
  async choose(device: Device, id?: string): Promise<DeviceTrouble | undefined> {
    const chosen = id === undefined ? {} : { deviceId: { exact: id } };
    // Some phones don't open a second camera while the first is open.
    if (device === "camera") this.#drop("camera");
    return this.#take(device === "camera" ? { video: { ...CAMERA, ...chosen } } : { audio: { ...sound(), ...chosen } });
  }

  /** Stops the camera, and its light with it. */
  stopCamera(): void {
    this.#drop("camera");
    this.changed();
  }

  /** A muted microphone stays open: it is back at once. */
  mute(isMuted: boolean): void {
    this.#isMuted = isMuted;
    const track = this.#tracks.get("audio");
    if (track) track.enabled = !isMuted;
    this.changed();
  }

  /** Asks the person which screen or window to share; nothing happens where they close the question. */
  async shareScreen(): Promise<void> {
    const stream = await navigator.mediaDevices.getDisplayMedia(SCREEN).catch(() => undefined);
    const [track] = stream?.getVideoTracks() ?? [];
    if (!track) return;
    track.contentHint = "detail";
    this.#hold("screen", track);
    this.changed();
  }

  stopScreen(): void {
    this.#drop("screen");
    this.changed();
  }

  /** Closes all of it for good: what the person still allows is closed as it comes. */
  close(): void {
    this.#isClosed = true;
    for (const track of [...this.#tracks.keys()]) this.#drop(track);
  }

  async #take(wanted: MediaStreamConstraints): Promise<DeviceTrouble | undefined> {
    if (this.#isClosed) return undefined;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      for (const track of stream.getTracks()) this.#hold(track.kind === "audio" ? "audio" : "camera", track);
      return undefined;
    } catch (error) {
      return troubleOf(error);
    } finally {
      this.changed();
    }
  }

  #hold(name: Track, track: MediaStreamTrack): void {
    if (this.#isClosed) {
      track.stop();
      return;
    }
    this.#drop(name);
    if (name === "audio") track.enabled = !this.#isMuted;
    // Unplugged, or ended by the browser's own button.
    track.onended = () => {
      if (this.#tracks.get(name) === track) this.#tracks.delete(name);
      this.changed();
    };
    this.#tracks.set(name, track);
  }

  #drop(name: Track): void {
    const track = this.#tracks.get(name);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.#tracks.delete(name);
  }
}

function sound(): MediaTrackConstraints {
  return { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
}

function troubleOf(error: unknown): DeviceTrouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}

/** The microphones or cameras that there are, each with its name; without permission a browser names none. */
export async function devices(device: Device): Promise<MediaDeviceInfo[]> {
  const kind = device === "camera" ? "videoinput" : "audioinput";
  const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return all.filter((each) => each.kind === kind && each.deviceId !== "" && each.label !== "");
}
