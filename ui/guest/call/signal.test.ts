// @vitest-environment node
import { expect, test } from "vitest";
import { SIGNAL_JSON } from "../crypto/vectors";
import { readNotice } from "./notice";
import { MAX_SDP, readSignal } from "./signal";

const DEVICE = "03030303-0303-0303-0303-030303030303";
const media = { microphone: true, camera: false, screen: false };
const secret = { enc: "AAAA", ciphertext: "BBBB" };
const bodies = [
  { kind: "waiting", member: "Ana" },
  { kind: "admitted", member: "Ana", generation: 0, secret, media },
  { kind: "refused" },
  { kind: "offer", attempt: 1, sdp: "v=0" },
  { kind: "candidates", attempt: 1, candidates: [{ candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 }] },
  { kind: "candidates", attempt: 1, candidates: [{ candidate: "candidate:1", sdpMid: null, sdpMLineIndex: null }] },
  { kind: "restart" },
  { kind: "media", media },
  { kind: "rekey", generation: 4_294_967_295, secret },
  { kind: "left" },
];
const written = (body: unknown, rest: object = {}) => JSON.stringify({ number: 4, device: DEVICE, body, ...rest });

test("what a member says is read by its kind", () => {
  expect(readSignal(SIGNAL_JSON)).toEqual({ number: 1, device: DEVICE, body: { kind: "waiting", member: "Ana" } });
  for (const body of bodies) expect(readSignal(written(body))).toEqual({ number: 4, device: DEVICE, body });
});

test("a signal with a part missing, or of another shape, is none", () => {
  const spoiled = [undefined, null, 7, -1, 1.5, 2 ** 40, "x", [], {}, [{}], "x".repeat(MAX_SDP + 1)];
  for (const body of bodies) {
    for (const field of Object.keys(body)) {
      for (const value of spoiled) {
        const isStillRight =
          (value === 7 && ["attempt", "generation"].includes(field)) ||
          (typeof value === "string" && (field === "member" || (field === "sdp" && value.length <= MAX_SDP))) ||
          (Array.isArray(value) && value.length === 0 && field === "candidates");
        if (isStillRight) continue;
        expect(
          readSignal(written({ ...body, [field]: value })),
          `${body.kind}: ${field}: ${String(value).slice(0, 20)}`,
        ).toBeUndefined();
      }
    }
  }
  for (const number of spoiled.filter((value) => value !== 7 && value !== 2 ** 40)) {
    expect(readSignal(written({ kind: "left" }, { number }))).toBeUndefined();
  }
  for (const device of spoiled) expect(readSignal(written({ kind: "left" }, { device }))).toBeUndefined();
  for (const json of ["", "{", "null", "[]", "7", '"x"', '{"number":1}']) expect(readSignal(json)).toBeUndefined();
});

test("no more candidates are taken than a signal may have", () => {
  const candidates = Array.from({ length: 33 }, () => ({ candidate: "x", sdpMid: "0", sdpMLineIndex: 0 }));
  expect(readSignal(written({ kind: "candidates", attempt: 1, candidates }))).toBeUndefined();
});

test("what the relay says is read; of servers those that are for ICE", () => {
  const hello = { kind: "hello", guest: DEVICE, token: "t", workspace: "Maison Lune", inviter: "Ana" };
  expect(readNotice(JSON.stringify({ ...hello, expires_at_ms: 1 }))).toEqual(hello);
  expect(readNotice(JSON.stringify({ ...hello, token: 1 }))).toBeUndefined();
  const server = { urls: ["stun:calls.example:3478"] };
  const servers = [
    server,
    { urls: ["https://elsewhere.example"] },
    { urls: "stun:x" },
    null,
    { urls: ["turn:x"], username: 7 },
  ];
  expect(readNotice(JSON.stringify({ kind: "admitted", ice_servers: servers }))).toEqual({
    kind: "admitted",
    iceServers: [server],
  });
  expect(readNotice('{"kind":"closed","reason":"expired"}')).toEqual({ kind: "closed", reason: "expired" });
  expect(readNotice('{"kind":"closed","reason":"of a later version"}')).toEqual({ kind: "closed", reason: "ended" });
  for (const json of ["", "{}", "null", '{"kind":"new"}', '{"kind":"admitted"}'])
    expect(readNotice(json)).toBeUndefined();
});
