import { expect, test } from "vitest";
import { brief, relative, wholeDays } from "./time";

const now = new Date(2026, 10, 23, 15, 0);
const at = (...parts: [number, number, number, number?, number?]): string => new Date(...parts).toISOString();

test("a time of today is a clock, of this week a day, else a date", () => {
  expect(brief(at(2026, 10, 23, 9, 5), now, "en-GB")).toBe("09:05");
  expect(brief(at(2026, 10, 20, 9, 5), now, "en-GB")).toBe("Fri");
  expect(brief(at(2026, 9, 2, 9, 5), now, "en-GB")).toBe("2 Oct");
});

test("yesterday begins at midnight, not a day ago", () => {
  expect(wholeDays(new Date(2026, 10, 22, 23, 59), now)).toBe(1);
});

test("ages are said in the largest whole unit", () => {
  expect(relative(at(2026, 10, 20, 15, 0), now, "en")).toBe("3 days ago");
  expect(relative(at(2026, 10, 23, 14, 55), now, "en")).toBe("5 minutes ago");
  expect(relative(at(2026, 11, 20, 15, 0), now, "en")).toBe("in 27 days");
});
