import { expect, test } from "vitest";
import { isAddress, isHandle, isLink } from "./validate";

test("a handle has small letters or digits, and at least two", () => {
  expect(["ana", "b2", "mira.k-1"].every(isHandle)).toBe(true);
  expect(["a", "Ana", ".ana", "a b", "é é", "x".repeat(33)].some(isHandle)).toBe(false);
});

test("half a link is no link", () => {
  const link = `bezel://join?relay=http%3A%2F%2F127.0.0.1%3A7300%2F&workspace=w&invite=i#${"A".repeat(86)}`;
  expect(isLink(`  ${link}\n`)).toBe(true);
  expect(isLink(`Join us (${link.replace("bezel", "BEZEL")}).`)).toBe(true);
  expect(isLink(`${link.slice(0, 60)}\n${link.slice(60, 130)}\n${link.slice(130)}`)).toBe(true);
  expect(isLink(link.slice(0, 90))).toBe(false);
});

test("no address means this computer", () => {
  expect(isAddress("")).toBe(true);
  expect(isAddress(" https://relay.example/bezel ")).toBe(true);
  expect(["http://127.0.0.1:7300", "http://localhost:7300", "http://[::1]:7300"].every(isAddress)).toBe(true);
  const wrong = ["relay.example", "localhost:7300", "ws://127.0.0.1:7300", "ftp://127.0.0.1", "file:///etc/passwd"];
  expect(wrong.some(isAddress)).toBe(false);
  const unsafe = ["http://relay.example", "https://ana:secret@relay.example", "https://relay.example/?a=1", "https://"];
  expect(unsafe.some(isAddress)).toBe(false);
});
