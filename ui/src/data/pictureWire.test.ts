import { expect, test } from "vitest";
import { message } from "./frameMessage";
import { readFrame, readGap, readName, readPlanes, shown, taken } from "./pictureWire";

test("a frame says whose it is, when it was, and whether it stands alone", () => {
  const frame = readFrame(message("d-ben-1", true, true));
  expect(frame).toMatchObject({ stream: { person: "d-ben-1", isScreen: true }, isKey: true, timestamp: 1_000_000 });
  expect([...(frame?.data ?? [])]).toEqual([7, 8, 9]);
  expect(readFrame(message(null, false))).toMatchObject({ stream: { person: null, isScreen: false }, isKey: false });
});

test("what is too short to be a frame is none", () => {
  const whole = new Uint8Array(message("d-ben-1", true));
  for (let length = 0; length < 17; length += 1) expect(readFrame(whole.slice(0, length).buffer)).toBeNull();
});

test("a gap names the stream of which frames were left out", () => {
  expect(readGap(new Uint8Array([8 | 2, 2, 97, 98]).buffer)).toEqual({ person: "ab", isScreen: true });
  expect(readGap(new Uint8Array([8 | 4, 0]).buffer)).toEqual({ person: null, isScreen: false });
  expect(readGap(message("ab", true))).toBeNull();
});

test("an answer names the stream as frames do", () => {
  expect([...new Uint8Array(taken({ person: "ab", isScreen: true }))]).toEqual([2, 2, 97, 98]);
  expect([...new Uint8Array(taken({ person: null, isScreen: false }))]).toEqual([4, 0]);
});

/** A picture as the app sends it: 3 × 2 pixels. */
function picture(change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): ArrayBuffer {
  const bytes = new Uint8Array([16 | 4, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 3, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  return new Uint8Array(change(bytes)).buffer;
}

test("a picture has its size and three planes, those of colour rounded up", () => {
  const planes = readPlanes(picture());
  expect(planes).toMatchObject({ width: 3, height: 2 });
  expect([planes?.y, planes?.u, planes?.v].map((each) => [...(each ?? [])])).toEqual([
    [1, 2, 3, 4, 5, 6],
    [7, 8],
    [9, 10],
  ]);
  expect(readName(picture())).toEqual({ person: null, isScreen: false });
});

test("a picture whose planes are not what its size says is none", () => {
  const wrong = [
    (bytes: Uint8Array) => bytes.subarray(0, 23),
    (bytes: Uint8Array) => new Uint8Array([...bytes, 0]),
    (bytes: Uint8Array) => bytes.subarray(0, 12),
    (bytes: Uint8Array) => bytes.with(11, 0),
    (bytes: Uint8Array) => bytes.with(0, 4),
  ];
  for (const change of wrong) expect(readPlanes(picture(change))).toBeNull();
});

test("how large a stream is shown is said with its name", () => {
  expect([...new Uint8Array(shown({ person: "ab", isScreen: true }, 0x123, 70_000))]).toEqual([
    18, 2, 97, 98, 1, 0x23, 255, 255,
  ]);
});
