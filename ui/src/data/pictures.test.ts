import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeHost } from "../host/fake";
import type { Host } from "../host/host";
import { message } from "./frameMessage";
import { Pictures } from "./pictures";

const BEN = { person: "d-ben-1", isScreen: false };

test("where frames were left out a key frame is asked for at once", () => {
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  hear(message("d-ben-1", true));
  vi.advanceTimersByTime(600);
  asked.mockReset();
  hear(new Uint8Array([8, 7, ...new TextEncoder().encode("d-ben-1")]).buffer);
  expect(asked).toHaveBeenCalledExactlyOnceWith("d-ben-1");
});

/** A decoder that gives a picture for each frame, or fails when told. */
class Decoder {
  static opened: Decoder[] = [];
  static holds = 0;
  static supports = true;
  static isConfigSupported = (): Promise<{ supported: boolean }> => Promise.resolve({ supported: Decoder.supports });
  state = "configured";
  decodeQueueSize = 0;
  ondequeue: (() => void) | null = null;
  decoded: string[] = [];
  readonly told: VideoDecoderInit;
  constructor(told: VideoDecoderInit) {
    this.told = told;
    Decoder.opened.push(this);
  }
  configure = (): void => undefined;
  close(): void {
    this.state = "closed";
  }
  decode({ type }: { type: string }): void {
    this.decoded.push(type);
    if (this.decodeQueueSize < Decoder.holds) {
      this.decodeQueueSize += 1;
      return;
    }
    this.told.output({ displayWidth: 4, displayHeight: 3, close: () => undefined } as unknown as VideoFrame);
  }
}

let hear: (message: ArrayBuffer) => void;
let lose: () => void;
const said = vi.fn();
const asked = vi.fn();
let forms: string[] = [];

function watching(): { pictures: Pictures; canvas: HTMLCanvasElement } {
  const host: Host = {
    ...fakeHost("call"),
    openPictures(form, listener, onLost) {
      [hear, lose] = [listener, onLost];
      forms.push(form);
      return { say: said, close: () => undefined };
    },
  };
  vi.spyOn(host.commands, "call_want_key_frame").mockImplementation(({ request }) => {
    asked(request.person);
    return Promise.resolve(null);
  });
  const pictures = new Pictures(host);
  pictures.open();
  const canvas = document.createElement("canvas");
  canvas.getContext = (() => ({ drawImage: () => undefined })) as never;
  return { pictures, canvas };
}

beforeEach(() => {
  Decoder.opened = [];
  Decoder.holds = 0;
  Decoder.supports = true;
  forms = [];
  vi.useFakeTimers({ now: 1_000 });
  vi.stubGlobal("VideoDecoder", Decoder);
  vi.stubGlobal(
    "EncodedVideoChunk",
    class {
      type: string;
      constructor({ type }: { type: string }) {
        this.type = type;
      }
    },
  );
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => {
    draw();
    return 0;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  said.mockReset();
  asked.mockReset();
});

test("decoding begins with a key frame, which is asked for, and every frame is answered", () => {
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  expect(asked).toHaveBeenCalledWith("d-ben-1");
  hear(message("d-ben-1", false));
  expect(Decoder.opened).toHaveLength(0);
  hear(message("d-ben-1", true));
  hear(message("d-ben-1", false));
  expect(Decoder.opened[0]?.decoded).toEqual(["key", "delta"]);
  expect(said).toHaveBeenCalledTimes(3);
  expect(canvas.dataset["frames"]).toBe("2");
  expect([canvas.width, canvas.height]).toEqual([4, 3]);
});

test("after an error decoding begins anew, with a key frame that is asked for", () => {
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  hear(message("d-ben-1", true));
  asked.mockReset();
  vi.advanceTimersByTime(800);
  Decoder.opened[0]?.told.error(new DOMException("broken"));
  expect(asked).toHaveBeenCalledWith("d-ben-1");
  hear(message("d-ben-1", false));
  expect(Decoder.opened).toHaveLength(1);
  hear(message("d-ben-1", true));
  expect(Decoder.opened[1]?.decoded).toEqual(["key"]);
});

test("where nothing comes a key frame is asked for again, in measure", () => {
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  asked.mockReset();
  vi.advanceTimersByTime(4_600);
  expect(asked.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect(asked.mock.calls.length).toBeLessThanOrEqual(4);
});

test("pictures that nobody looks at are answered and not decoded", () => {
  watching();
  hear(message("d-ben-1", true));
  expect(Decoder.opened).toHaveLength(0);
  expect(said).toHaveBeenCalledTimes(1);
});

test("a way that is lost is opened again", () => {
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  hear(message("d-ben-1", true));
  const before = hear;
  lose();
  vi.advanceTimersByTime(1_100);
  expect(hear).not.toBe(before);
  hear(message("d-ben-1", false));
  expect(Decoder.opened).toHaveLength(1);
  hear(message("d-ben-1", true));
  expect(Decoder.opened).toHaveLength(2);
});

test("frames that the decoder has not taken are answered when it takes them", () => {
  Decoder.holds = 2;
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  hear(message("d-ben-1", true));
  hear(message("d-ben-1", false));
  expect(said).not.toHaveBeenCalled();
  const [decoder] = Decoder.opened;
  Object.assign(decoder ?? {}, { decodeQueueSize: 1 });
  decoder?.ondequeue?.();
  expect(said).toHaveBeenCalledTimes(1);
});

test("a decoder that takes nothing for long is begun anew", () => {
  Decoder.holds = 9;
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  hear(message("d-ben-1", true));
  vi.advanceTimersByTime(2_600);
  hear(message("d-ben-1", true));
  expect(Decoder.opened.map(({ state }) => state)).toEqual(["closed", "configured"]);
});

/** As much of WebGL as says that it is there. */
function withWebGl(): void {
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation((kind) =>
    kind === "webgl"
      ? (new Proxy({}, { get: (_, name) => (name === "isContextLost" ? () => false : () => 1) }) as never)
      : null,
  );
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe = (): void => undefined;
      disconnect = (): void => undefined;
    },
  );
}

test("a web view that decodes VP8 is given frames of it", async () => {
  const { pictures } = watching();
  await vi.advanceTimersByTimeAsync(0);
  expect(forms).toEqual(["vp8"]);
  expect(pictures.canShow()).toBe(true);
});

test("one without a decoder is given planes, where it has WebGL", () => {
  vi.stubGlobal("VideoDecoder", undefined);
  withWebGl();
  const { pictures } = watching();
  expect(forms).toEqual(["i420"]);
  expect(pictures.canShow()).toBe(true);
});

test("one that does not know VP8 goes on with planes, and what it showed is shown", async () => {
  Decoder.supports = false;
  withWebGl();
  const { pictures, canvas } = watching();
  Object.defineProperties(canvas, { clientWidth: { value: 320 }, clientHeight: { value: 180 } });
  pictures.show(BEN, canvas);
  await vi.advanceTimersByTimeAsync(0);
  expect(forms).toEqual(["vp8", "i420"]);
  const size = said.mock.calls.map(([answer]) => [...new Uint8Array(answer as ArrayBuffer)]).at(-1);
  expect(size).toEqual([16, 7, ...new TextEncoder().encode("d-ben-1"), 1, 64, 0, 180]);
});

test("a decoder that refuses again and again is given up, and one that refuses once is not", () => {
  withWebGl();
  const { pictures, canvas } = watching();
  pictures.show(BEN, canvas);
  const refuse = (): void => {
    hear(message("d-ben-1", true));
    Decoder.opened.at(-1)?.told.error(new DOMException("refused"));
  };
  refuse();
  refuse();
  expect(forms).toEqual(["vp8"]);
  Decoder.holds = 1;
  hear(message("d-ben-1", true));
  Decoder.holds = 0;
  Decoder.opened
    .at(-1)
    ?.told.output({ displayWidth: 4, displayHeight: 3, close: () => undefined } as unknown as VideoFrame);
  Decoder.holds = 9;
  refuse();
  refuse();
  expect(forms).toEqual(["vp8"]);
  refuse();
  expect(forms).toEqual(["vp8", "i420"]);
});

test("one with neither can show nothing, and says so", () => {
  vi.stubGlobal("VideoDecoder", undefined);
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  const { pictures } = watching();
  expect(forms).toEqual([]);
  expect(pictures.canShow()).toBe(false);
});
