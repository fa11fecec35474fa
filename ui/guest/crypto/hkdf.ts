import type { Bytes } from "./bytes";

/** A key to derive from; it can't be read out. */
export function hkdfKey(secret: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
}

/** HKDF (RFC 5869) without salt. */
export async function hkdf(hash: "SHA-256" | "SHA-512", key: CryptoKey, info: Bytes, length: number): Promise<Bytes> {
  const parameters = { name: "HKDF", hash, salt: new Uint8Array(), info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, length * 8));
}

/** A key of AES-256-GCM; it can't be read out. */
export function aesKey(bytes: Bytes, usage: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, [usage]);
}
