// @vitest-environment node
import { beforeAll, expect, test } from "vitest";
import { exchangeKeyPair, openSecret } from "./hpke";
import { CALL, EXCHANGE, SEALED } from "./vectors";

let ours: CryptoKeyPair;
beforeAll(async () => {
  const curve = { name: "ECDH", namedCurve: "P-384" };
  const { kty, crv, x, y } = EXCHANGE;
  ours = {
    privateKey: await crypto.subtle.importKey("jwk", EXCHANGE, curve, false, ["deriveBits"]),
    publicKey: await crypto.subtle.importKey("jwk", { kty, crv, x, y } as JsonWebKey, curve, true, []),
  };
});

test("a secret that was sealed elsewhere opens", async () => {
  expect(await openSecret(CALL, 3, SEALED, ours)).toEqual(new Uint8Array(32).fill(0x22));
});

test("for another guest, call or generation it does not", async () => {
  expect(await openSecret(CALL, 3, SEALED, await exchangeKeyPair())).toBeUndefined();
  expect(await openSecret(new Uint8Array(16), 3, SEALED, ours)).toBeUndefined();
  expect(await openSecret(CALL, 4, SEALED, ours)).toBeUndefined();
});

test("changed, or anything else, it is refused", async () => {
  const { enc, ciphertext } = SEALED;
  const damaged = [
    { enc, ciphertext: `D${ciphertext.slice(1)}` },
    { enc: `${enc.slice(0, -3)}AAA`, ciphertext },
    { enc: "", ciphertext },
    { enc, ciphertext: "" },
    { enc: "AAAA", ciphertext: "AAAA" },
    { enc: "not base64url!", ciphertext },
  ];
  for (const sealed of damaged) expect(await openSecret(CALL, 3, sealed, ours)).toBeUndefined();
});

test("the private side of a key can't be read out", async () => {
  const { privateKey } = await exchangeKeyPair();
  expect(privateKey.extractable).toBe(false);
  await expect(crypto.subtle.exportKey("pkcs8", privateKey)).rejects.toThrow();
});
