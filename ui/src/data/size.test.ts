import { expect, test } from "vitest";
import { seconds, size } from "./size";

test("a size has at most three figures and the unit of the language", () => {
  expect(size(0, "en")).toBe("0 bytes");
  expect(size(999, "en")).toBe("999 bytes");
  expect(size(1500, "en")).toBe("1.5 kB");
  expect(size(10_737_418_240, "en")).toBe("10.7 GB");
  expect(size(1500, "fr")).toMatch(/1,5\sko/);
});

test("a time is told in the unit in which one thinks of it", () => {
  expect(seconds(5, "en")).toBe("5 sec");
  expect(seconds(600, "en")).toBe("10 min");
  expect(seconds(7200, "en")).toBe("2 hr");
});
