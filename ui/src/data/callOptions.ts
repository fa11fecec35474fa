import type { CallMedia, CallOptions, Processing, Source } from "../bindings/types";

const KEY = "bezel.calls";

/** The devices that were last chosen. Their ids are those of this computer. */
export interface Choices {
  camera: Source;
  microphone: Source;
  speaker: Source;
  processing: Processing;
  hidesAddress: boolean;
}

const SYSTEM: Source = { kind: "default" };
const USUAL: Choices = {
  camera: SYSTEM,
  microphone: SYSTEM,
  speaker: SYSTEM,
  processing: { echo: true, noise: true, gain: true },
  hidesAddress: false,
};

export function storedChoices(): Choices {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof stored === "object" ? { ...USUAL, ...stored } : USUAL;
  } catch {
    return USUAL;
  }
}

export function storeChoices(part: Partial<Choices>): Choices {
  const choices = { ...storedChoices(), ...part };
  localStorage.setItem(KEY, JSON.stringify(choices));
  return choices;
}

/** What one comes into a call with: the microphone on, the camera in a call with pictures. */
export function storedOptions(media: CallMedia): CallOptions {
  const { camera, microphone, speaker, processing, hidesAddress } = storedChoices();
  return {
    is_microphone_on: true,
    is_camera_on: media === "video",
    camera,
    microphone,
    speaker,
    processing,
    hides_address: hidesAddress,
  };
}
