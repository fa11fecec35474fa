import { afterEach, expect, test, vi } from "vitest";
import { LocalMedia } from "../media/local";
import { Preview } from "./preview";

class SilentContext {
  createMediaStreamSource = () => ({ connect: () => undefined, disconnect: () => undefined });
  createAnalyser = () => ({ fftSize: 0, getFloatTimeDomainData: () => undefined });
  close = () => Promise.resolve();
}

/** Pretends the browser's media; what is returned answers its question with a microphone. */
function stubMedia(): () => void {
  let allow: (stream: unknown) => void = () => undefined;
  const mediaDevices = Object.assign(new EventTarget(), {
    getUserMedia: () => new Promise((resolve) => (allow = resolve)),
    enumerateDevices: () => Promise.resolve([]),
  });
  vi.stubGlobal("navigator", { mediaDevices });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe = () => undefined;
    },
  );
  return () => {
    allow({ getTracks: () => [{ kind: "audio", enabled: true, getSettings: () => ({}), stop: () => undefined }] });
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

// The door opened while the browser still asked: a meter went on measuring that nobody saw and nobody ended.
test("a preview that was closed measures no microphone that is allowed later", async () => {
  const allow = stubMedia();
  const context = vi.fn();
  vi.stubGlobal("AudioContext", context);
  const media = new LocalMedia(() => undefined);
  const preview = new Preview(media);
  preview.element.querySelector<HTMLButtonElement>('[data-testid="turn-on"]')?.click();
  preview.close();
  allow();
  await vi.waitFor(() => {
    expect(media.track("audio")).not.toBeNull();
  });
  await new Promise((resolve) => setTimeout(resolve));
  expect(context).not.toHaveBeenCalled();
});

// The microphone's button took the keys of whoever had gone on to type the name while the browser asked.
test.each([
  ["stays in the field that was gone to", true, "INPUT"],
  ["goes on to the microphone where nobody went elsewhere", false, "BUTTON"],
])("focus %s", async (_, isElsewhere, focused) => {
  const allow = stubMedia();
  vi.stubGlobal("MediaStream", vi.fn());
  vi.stubGlobal("AudioContext", SilentContext);
  const name = document.createElement("input");
  let preview: Preview | undefined = undefined;
  const media = new LocalMedia(() => preview?.update());
  preview = new Preview(media);
  document.body.append(preview.element, name);
  const turnOn = preview.element.querySelector<HTMLButtonElement>('[data-testid="turn-on"]');
  turnOn?.focus();
  turnOn?.click();
  if (isElsewhere) name.focus();
  allow();
  await vi.waitFor(() => {
    expect(media.track("audio")).not.toBeNull();
  });
  await new Promise((resolve) => setTimeout(resolve));
  expect(document.activeElement?.tagName).toBe(focused);
  preview.close();
});
