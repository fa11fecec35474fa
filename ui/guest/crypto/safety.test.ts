// @vitest-environment node
import { expect, test } from "vitest";
import { safetyCode } from "./safety";

const of = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const call = of(1, 16);

test("the code is the member's", async () => {
  // By Python's hashlib, from what the protocol says.
  expect(await safetyCode(call, of(2), of(3), [of(4), of(5)])).toBe("9020 5407 9998 0478");
});

test("both ends have the same, and a third has another", async () => {
  const code = await safetyCode(call, of(2), of(3), [of(4), of(5)]);
  expect(await safetyCode(call, of(2), of(3), [of(5), of(4)])).toBe(code);
  expect(await safetyCode(call, of(2), of(3), [of(4), of(6)])).not.toBe(code);
  expect(await safetyCode(call, of(2), of(9), [of(4), of(5)])).not.toBe(code);
  expect(await safetyCode(call, of(9), of(3), [of(4), of(5)])).not.toBe(code);
});
