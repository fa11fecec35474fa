// @vitest-environment node
import { expect, test } from "vitest";
import { loudness } from "./level";

test("silence is 0, loud speech is 1, and between them it goes by decibels", () => {
  expect(loudness(0)).toBe(0);
  expect(loudness(1)).toBe(1);
  expect(loudness(10 ** (-35 / 10))).toBeCloseTo(0.5);
});
