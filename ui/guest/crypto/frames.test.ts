// @vitest-environment node
import { beforeEach, describe, expect, test } from "vitest";
import { toHex, type Bytes } from "./bytes";
import { frameKey, generation, type Track } from "./frameKey";
import { FrameError, FrameOpener, FrameSealer, Generations } from "./frames";

const CALL = new Uint8Array(16).fill(0x11);
const ANA = new Uint8Array(16).fill(1);
const BEN = new Uint8Array(16).fill(2);

async function holding(...numbers: number[]): Promise<Generations> {
  const generations = new Generations();
  for (const number of numbers) {
    generations.take(await generation(CALL, number, new Uint8Array(32).fill(0x20 + number)), 0);
  }
  return generations;
}

function frame(first: number, length = 200): Bytes {
  const bytes = Uint8Array.from({ length }, (_, index) => index);
  bytes[0] = first;
  return bytes;
}

const refused = (reason: FrameError["reason"]) => new FrameError(reason);

let generations: Generations;
let sealer: FrameSealer;
let opener: FrameOpener;
beforeEach(async () => {
  generations = await holding(0);
  sealer = new FrameSealer(generations, ANA, "camera");
  opener = new FrameOpener(generations, ANA, "camera");
});

test("a key is what the core derives", async () => {
  const key = await frameKey(
    await generation(CALL, 3, new Uint8Array(32).fill(0x22)),
    new Uint8Array(16).fill(0x33),
    "camera",
  );
  expect(key.id).toBe((0xa088_eff9n << 10n) | (1n << 8n) | 3n);
  expect(toHex(key.base)).toBe("e851806855ac1ba035a0d3de97921c3c5e1b01137c3bf4220672fac41ed7bc9a");
});

test("no two senders, tracks or generations share a key id", async () => {
  const ids = new Set<bigint>();
  for (const number of [0, 1, 2]) {
    for (const sender of [ANA, BEN]) {
      for (const track of ["audio", "camera", "screen"] satisfies Track[]) {
        ids.add((await frameKey(await generation(CALL, number, new Uint8Array(32)), sender, track)).id);
      }
    }
  }
  expect(ids.size).toBe(18);
});

describe.each([
  ["a key frame of VP8", "camera", 0x10, 10],
  ["a later frame of VP8", "camera", 0x11, 3],
  ["a packet of Opus", "audio", 0x10, 0],
] as const)("%s", (_, track, first, clear) => {
  test("comes out as it went in, and only its header is clear", async () => {
    const plain = frame(first);
    const sealed = await new FrameSealer(generations, ANA, track).seal(plain);
    expect(sealed.slice(0, clear)).toEqual(plain.slice(0, clear));
    expect(toHex(sealed)).not.toContain(toHex(plain.slice(clear, clear + 8)));
    expect(await new FrameOpener(generations, ANA, track).open(sealed, 0)).toEqual(plain);
  });

  test("is refused with any byte changed, its clear header too", async () => {
    const sealed = await new FrameSealer(generations, ANA, track).seal(frame(first, 40));
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 4;
      await expect(new FrameOpener(generations, ANA, track).open(changed, 0), `byte ${String(at)}`).rejects.toThrow(
        FrameError,
      );
    }
  });
});

test("a frame that came before is refused, one that was overtaken is not", async () => {
  const frames = [];
  for (const first of [0, 1, 1, 1]) frames.push(await sealer.seal(frame(first)));
  const [a, b, c, d] = frames as [Bytes, Bytes, Bytes, Bytes];
  for (const each of [a, c, b, d]) await opener.open(each, 0);
  for (const each of frames) await expect(opener.open(each, 0)).rejects.toEqual(refused("replayed"));
});

test("a frame of long ago is refused", async () => {
  const old = await sealer.seal(frame(0));
  for (let count = 0; count < 600; count += 1) await opener.open(await sealer.seal(frame(1, 20)), 0);
  await expect(opener.open(old, 0)).rejects.toEqual(refused("replayed"));
});

test("a forged frame does not keep the genuine one out", async () => {
  const sealed = await sealer.seal(frame(0));
  const forged = sealed.slice();
  forged[50] = (forged[50] ?? 0) ^ 1;
  await expect(opener.open(forged, 0)).rejects.toEqual(refused("closed"));
  await expect(opener.open(sealed, 0)).resolves.toBeDefined();
});

test("a frame of another sender, track or secret is refused", async () => {
  const sealed = await sealer.seal(frame(0));
  const others = [
    new FrameOpener(generations, BEN, "camera"),
    new FrameOpener(generations, ANA, "screen"),
    new FrameOpener(await holding(1), ANA, "camera"),
  ];
  for (const other of others) await expect(other.open(sealed, 0)).rejects.toEqual(refused("closed"));
});

test("nothing is sealed without a key, and nothing shorter than its header", async () => {
  const keyless = new FrameSealer(new Generations(), ANA, "camera");
  await expect(keyless.seal(frame(0))).rejects.toEqual(refused("closed"));
  await expect(sealer.seal(frame(0, 9))).rejects.toEqual(refused("short"));
  await expect(opener.open(new Uint8Array(), 0)).rejects.toEqual(refused("short"));
});

test("two frames sealed at once have counters of their own", async () => {
  const sealed = await Promise.all([sealer.seal(frame(0)), sealer.seal(frame(0)), sealer.seal(frame(0))]);
  expect(new Set(sealed.map(toHex)).size).toBe(3);
  for (const each of sealed) await opener.open(each, 0);
});

test("after a new secret the old one opens for five seconds, and never seals again", async () => {
  const before = await sealer.seal(frame(0));
  const late = await sealer.seal(frame(0));
  const next = await generation(CALL, 1, new Uint8Array(32).fill(9));
  expect(generations.take(next, 1_000)).toBe(true);
  const after = await sealer.seal(frame(0));
  await opener.open(after, 1_000);
  await opener.open(before, 5_900);
  await expect(opener.open(late, 6_100)).rejects.toEqual(refused("closed"));
  expect(generations.take(next, 7_000), "the same again would count anew").toBe(false);
  await expect(opener.open(after, 7_000)).rejects.toEqual(refused("replayed"));
});

test("any bytes are opened or refused", async () => {
  for (let length = 0; length < 60; length += 1) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    await expect(opener.open(bytes, 0)).rejects.toThrow(FrameError);
  }
});
