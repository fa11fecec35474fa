import { expect, test } from "vitest";
import { isAddress, isHandle, isLink } from "./validate";

test("a handle has small letters or digits, and at least two", () => {
  expect(["ana", "b2", "mira.k-1"].every(isHandle)).toBe(true);
  expect(["a", "Ana", ".ana", "a b", "é é", "x".repeat(33)].some(isHandle)).toBe(false);
});

test("half a link is no link", () => {
  const link = `bezel://join?relay=http%3A%2F%2F127.0.0.1%3A7300%2F&workspace=w&invite=i#${"A".repeat(86)}`;
  expect(isLink(`  ${link}\n`)).toBe(true);
  expect(isLink(link.slice(0, 90))).toBe(false);
});

test("no address means this computer", () => {
  expect(isAddress("")).toBe(true);
  expect(isAddress("relay.example")).toBe(false);
});
