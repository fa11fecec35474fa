// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { concat, fromHex, toHex } from "./bytes";
import { frameSecret, open, readHeader, seal, writeHeader } from "./sframe";

interface Vectors {
  readonly header: readonly Record<"kid" | "ctr" | "encoded", string>[];
  readonly sframe: readonly Record<"kid" | "ctr" | "base_key" | "sframe_salt" | "metadata" | "pt" | "ct", string>[];
}

/** Numbers of 64 bits are more than JSON.parse keeps. */
const text = readFileSync(new URL("../../../tests/vectors/sframe/rfc9605.json", import.meta.url), "utf8");
const vectors = JSON.parse(text.replaceAll(/"(kid|ctr)": (\d+)/g, '"$1": "$2"')) as Vectors;

test("there are vectors", () => {
  expect(vectors.header.length).toBeGreaterThan(100);
  expect(vectors.sframe.length).toBeGreaterThan(0);
});

test("headers are those of RFC 9605", () => {
  for (const { kid, ctr, encoded } of vectors.header) {
    const [id, counter] = [BigInt(kid), BigInt(ctr)];
    expect(toHex(writeHeader(id, counter))).toBe(encoded);
    expect(readHeader(fromHex(encoded))).toEqual({ id, counter, length: encoded.length / 2 });
    expect(readHeader(fromHex(encoded.slice(2)).subarray(0, 0))).toBeUndefined();
  }
});

describe("AES_256_GCM_SHA512_128 of RFC 9605", () => {
  test.each(vectors.sframe)(
    "counter $ctr of key $kid",
    async ({ kid, ctr, base_key, sframe_salt, metadata, pt, ct }) => {
      const [aad, plaintext, sealed] = [fromHex(metadata), fromHex(pt), fromHex(ct)];
      const sealing = await frameSecret(BigInt(kid), fromHex(base_key), "encrypt");
      expect(toHex(sealing.salt)).toBe(sframe_salt);
      expect(toHex(await seal(sealing, BigInt(ctr), aad, plaintext))).toBe(ct);
      const opening = await frameSecret(BigInt(kid), fromHex(base_key), "decrypt");
      const header = readHeader(sealed);
      if (!header) throw new Error("no header");
      expect(toHex(await open(opening, header, aad, sealed))).toBe(pt);
      const other = { ...header, counter: header.counter + 1n };
      await expect(open(opening, other, aad, sealed)).rejects.toThrow();
      await expect(open(opening, header, concat(aad, Uint8Array.of(0)), sealed)).rejects.toThrow();
    },
  );
});

test("any bytes are a header or none", () => {
  for (let first = 0; first < 256; first += 1) {
    for (let length = 0; length < 20; length += 1) {
      const header = readHeader(Uint8Array.of(first, ...new Uint8Array(length)));
      expect(header === undefined || header.length <= length + 1).toBe(true);
    }
  }
});
