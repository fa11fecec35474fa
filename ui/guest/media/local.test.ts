import { afterEach, expect, test, vi } from "vitest";
import { LocalMedia } from "./local";

/** Devices of a browser that asks: each question is answered by the test. */
function asking() {
  const answers: ((track: MediaStreamTrack) => void)[] = [];
  const ask = () =>
    new Promise((resolve) =>
      answers.push((track) => {
        resolve({ getTracks: () => [track], getVideoTracks: () => [track] });
      }),
    );
  const [getUserMedia, getDisplayMedia] = [vi.fn(ask), vi.fn(ask)];
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia, getDisplayMedia } });
  return { answers, getUserMedia };
}

const track = (kind: string) =>
  ({ kind, stop: vi.fn() }) as unknown as MediaStreamTrack & { stop: ReturnType<typeof vi.fn> };

afterEach(() => {
  vi.unstubAllGlobals();
});

// The light of a camera stayed on behind the end of the call.
test.each([
  ["camera", (media: LocalMedia) => media.choose("camera"), track("video")],
  ["microphone", (media: LocalMedia) => media.choose("microphone"), track("audio")],
  ["screen", (media: LocalMedia) => media.shareScreen(), track("video")],
] as const)("a %s that is allowed after the call is over is closed at once", async (_, ask, granted) => {
  const { answers } = asking();
  const media = new LocalMedia(() => undefined);
  const asked = ask(media);
  media.close();
  answers[0]?.(granted);
  await asked;
  expect(granted.stop).toHaveBeenCalledOnce();
  expect(media.state()).toEqual({ microphone: false, camera: false, screen: false });
});

test("nobody is asked for devices after the call is over", async () => {
  const { getUserMedia } = asking();
  const media = new LocalMedia(() => undefined);
  getUserMedia.mockImplementation(() => {
    media.close();
    return Promise.reject(new DOMException("none", "NotFoundError"));
  });
  // Both at once are asked for first, then each alone.
  await media.open();
  expect(getUserMedia).toHaveBeenCalledOnce();
});
