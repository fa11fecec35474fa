// @vitest-environment node
import { expect, test } from "vitest";
import { CALL, FRAGMENT, MEMBERS, SECRET } from "./crypto/vectors";
import { parseLink } from "./link";

const ID = "01010101-0101-0101-0101-010101010101";
const address = `https://calls.example/call/${ID}#${FRAGMENT}`;

test("a link says where the relay is, which call it is, and by whom members sign", () => {
  const link = parseLink(address);
  expect(link).toMatchObject({ id: ID, call: CALL, secret: SECRET, members: MEMBERS });
  expect(link?.events.href).toBe(`wss://calls.example/v1/guest/${ID}`);
});

test("on this machine the way to the relay needs no TLS, and a relay may stand below a path", () => {
  const link = parseLink(`http://127.0.0.1:7300/bezel/call/${ID}?from=mail#${FRAGMENT}`);
  expect(link?.events.href).toBe(`ws://127.0.0.1:7300/bezel/v1/guest/${ID}`);
});

test("the secret is in nothing that is sent", () => {
  expect(parseLink(address)?.events.href).not.toContain(FRAGMENT.slice(0, 8));
});

test("any cut of a link is refused", () => {
  for (let length = 0; length < address.length; length += 1)
    expect(parseLink(address.slice(0, length))).toBeUndefined();
});

test("a longer one, another version, another id and any text are refused", () => {
  const others = [
    `${address}A`,
    `${address}AA`,
    `${address}AAAA`,
    address.replace("#A", "#B"),
    address.replace("#A", "#"),
    address.replace(ID, "x"),
  ];
  for (const other of [
    ...others,
    "",
    "#",
    "javascript:alert(1)",
    "https://x/call/#",
    "\u0000",
    `${address}%00`,
    `${address}é`,
    `${address}=`,
  ]) {
    expect(parseLink(other), other).toBeUndefined();
  }
});
