// @vitest-environment node
import { beforeAll, expect, test } from "vitest";
import { utf8 } from "./bytes";
import { Envelope, FROM_GUEST, MAX_SIGNAL_BYTES, signingKeyPair, TO_GUEST, verifyingKey } from "./envelope";
import { CALL, MEMBERS, MEMBERS_PRIVATE, SECRET, SIGNAL, SIGNAL_JSON } from "./vectors";

let members: CryptoKey;
let incoming: Envelope;
beforeAll(async () => {
  members = await verifyingKey(MEMBERS);
  incoming = await Envelope.of(TO_GUEST, CALL, SECRET, "decrypt");
});

test("what a member sealed elsewhere opens", async () => {
  expect(await incoming.open(SIGNAL, members)).toBe(SIGNAL_JSON);
});

test("what is sealed here opens on the other side alone", async () => {
  const { publicKey, privateKey } = await signingKeyPair();
  const sealed = await (await Envelope.of(FROM_GUEST, CALL, SECRET, "encrypt")).seal('{"number":1}', privateKey);
  const other = await Envelope.of(FROM_GUEST, CALL, SECRET, "decrypt");
  expect(await other.open(sealed, publicKey)).toBe('{"number":1}');
  expect(await incoming.open(sealed, publicKey), "said back to its sender").toBeUndefined();
});

test("another secret, another call and another signer open nothing", async () => {
  const secret = await Envelope.of(TO_GUEST, CALL, new Uint8Array(32).fill(8), "decrypt");
  const call = await Envelope.of(TO_GUEST, new Uint8Array(16), SECRET, "decrypt");
  expect(await secret.open(SIGNAL, members)).toBeUndefined();
  expect(await call.open(SIGNAL, members)).toBeUndefined();
  const { publicKey } = await signingKeyPair();
  expect(await incoming.open(SIGNAL, publicKey), "whoever has the link is no member").toBeUndefined();
});

test("a changed signal is refused", async () => {
  for (let at = 0; at < SIGNAL.length; at += 1) {
    const changed = SIGNAL.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x80;
    expect(await incoming.open(changed, members), `byte ${String(at)}`).toBeUndefined();
  }
});

test("what is signed for the other direction is refused, though it is sealed for this one", async () => {
  const key = await crypto.subtle.importKey("pkcs8", MEMBERS_PRIVATE, "Ed25519", false, ["sign"]);
  const wrong = await Envelope.of(FROM_GUEST, CALL, SECRET, "encrypt");
  expect(await incoming.open(await wrong.seal(SIGNAL_JSON, key), members)).toBeUndefined();
});

test("any bytes, and too many, are refused", async () => {
  for (const length of [0, 1, 11, 12, 76, 77, 200, MAX_SIGNAL_BYTES + 1]) {
    expect(await incoming.open(new Uint8Array(length), members)).toBeUndefined();
  }
  const key = await crypto.subtle.importKey("pkcs8", MEMBERS_PRIVATE, "Ed25519", false, ["sign"]);
  const long = await (await Envelope.of(TO_GUEST, CALL, SECRET, "encrypt")).seal("x".repeat(MAX_SIGNAL_BYTES), key);
  expect(await incoming.open(long, members)).toBeUndefined();
  expect(utf8("é").length).toBe(2);
});
