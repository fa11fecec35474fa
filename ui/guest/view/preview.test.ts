import { expect, test, vi } from "vitest";
import { LocalMedia } from "../media/local";
import { Preview } from "./preview";

// The door opened while the browser still asked: a meter went on measuring that nobody saw and nobody ended.
test("a preview that was closed measures no microphone that is allowed later", async () => {
  let allow: (stream: unknown) => void = () => undefined;
  const mediaDevices = Object.assign(new EventTarget(), {
    getUserMedia: () => new Promise((resolve) => (allow = resolve)),
    enumerateDevices: () => Promise.resolve([]),
  });
  vi.stubGlobal("navigator", { mediaDevices });
  const context = vi.fn();
  vi.stubGlobal("AudioContext", context);
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe = () => undefined;
    },
  );
  const media = new LocalMedia(() => undefined);
  const preview = new Preview(media);
  preview.element.querySelector<HTMLButtonElement>('[data-testid="turn-on"]')?.click();
  preview.close();
  allow({ getTracks: () => [{ kind: "audio", getSettings: () => ({}), stop: () => undefined }] });
  await vi.waitFor(() => {
    expect(media.track("audio")).not.toBeNull();
  });
  await new Promise((resolve) => setTimeout(resolve));
  expect(context).not.toHaveBeenCalled();
  vi.unstubAllGlobals();
});
