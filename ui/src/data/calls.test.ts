import { expect, test } from "vitest";
import { grade, rates, type Sample, series } from "./calls";

const sample = (at: number, bytes: number, fps: number): Sample =>
  ({ at, stats: { peers: [{ peer: "ben", bytes_in: bytes, frames_per_second: fps }] } }) as unknown as Sample;

test("a graph has a value for each moment at which somebody was there", () => {
  const samples = [sample(0, 0, 30), { at: 1, stats: { peers: [] } } as unknown as Sample, sample(2, 0, 15)];
  expect(series(samples, "ben", (each) => each.frames_per_second)).toEqual([30, 15]);
  expect(series(samples, "lena", (each) => each.frames_per_second)).toEqual([]);
});

test("what grew is told per second, also where moments are not a second apart, and never below nothing", () => {
  const samples = [sample(0, 0, 0), sample(2000, 500, 0), sample(2500, 1000, 0), sample(3500, 10, 0)];
  expect(rates(samples, "ben", (each) => each.bytes_in)).toEqual([250, 1000, 0]);
});

test.each([
  [20, 0, "good"],
  [250, 0, "fair"],
  [20, 0.05, "fair"],
  [600, 0, "poor"],
  [20, 0.2, "poor"],
] as const)("%i ms and %f lost are %s", (round_trip_ms, loss_out, expected) => {
  expect(grade({ round_trip_ms, loss_out })).toBe(expected);
});
