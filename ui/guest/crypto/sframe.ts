// SFrame (RFC 9605) with AES_256_GCM_SHA512_128, 0x0005 of §4.5.
import { concat, utf8, type Bytes } from "./bytes";
import { aesKey, hkdf, hkdfKey } from "./hkdf";

const SUITE = 5;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** Key and salt of one key id (§4.4.2). */
export interface FrameSecret {
  readonly id: bigint;
  readonly key: CryptoKey;
  readonly salt: Bytes;
}

/** What stands before a ciphertext (§4.3). */
export interface Header {
  readonly id: bigint;
  readonly counter: bigint;
  /** How many bytes it takes. */
  readonly length: number;
}

/** Derives key and salt from a base key. */
export async function frameSecret(id: bigint, base: Bytes, usage: "encrypt" | "decrypt"): Promise<FrameSecret> {
  const suffix = new Uint8Array(10);
  const view = new DataView(suffix.buffer);
  view.setBigUint64(0, id);
  view.setUint16(8, SUITE);
  const material = await hkdfKey(base);
  const [key, salt] = await Promise.all([
    hkdf("SHA-512", material, concat(utf8("SFrame 1.0 Secret key "), suffix), KEY_BYTES),
    hkdf("SHA-512", material, concat(utf8("SFrame 1.0 Secret salt "), suffix), NONCE_BYTES),
  ]);
  return { id, key: await aesKey(key, usage), salt };
}

/** Writes a header: each number by itself where it is below 8, else in as few bytes as it takes. */
export function writeHeader(id: bigint, counter: bigint): Bytes {
  const [idNibble, idBytes] = written(id);
  const [counterNibble, counterBytes] = written(counter);
  return concat(Uint8Array.of((idNibble << 4) | counterNibble), idBytes, counterBytes);
}

function written(number: bigint): [number, Bytes] {
  if (number < 8n) return [Number(number), new Uint8Array()];
  const bytes: number[] = [];
  for (let rest = number; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
  return [8 | (bytes.length - 1), Uint8Array.from(bytes)];
}

/** Reads the header at the start of `bytes`; undefined where it is cut off. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  const [config] = bytes;
  if (config === undefined) return undefined;
  const idLength = (config & 0x80) === 0 ? 0 : ((config >> 4) & 7) + 1;
  const counterLength = (config & 8) === 0 ? 0 : (config & 7) + 1;
  const length = 1 + idLength + counterLength;
  if (bytes.length < length) return undefined;
  const number = (from: number, to: number) =>
    bytes.subarray(from, to).reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
  const id = idLength === 0 ? BigInt((config >> 4) & 7) : number(1, 1 + idLength);
  const counter = counterLength === 0 ? BigInt(config & 7) : number(1 + idLength, length);
  return { id, counter, length };
}

/** Seals `plaintext`; what comes back is header, ciphertext and tag. `metadata` is authenticated and does not travel in it. */
export async function seal(secret: FrameSecret, counter: bigint, metadata: Bytes, plaintext: Bytes): Promise<Bytes> {
  const header = writeHeader(secret.id, counter);
  const parameters = gcm(secret, counter, header, metadata);
  return concat(header, new Uint8Array(await crypto.subtle.encrypt(parameters, secret.key, plaintext)));
}

/** Opens what {@link seal} made; rejects where it was changed. */
export async function open(secret: FrameSecret, header: Header, metadata: Bytes, sealed: Bytes): Promise<Bytes> {
  const parameters = gcm(secret, header.counter, sealed.subarray(0, header.length), metadata);
  return new Uint8Array(await crypto.subtle.decrypt(parameters, secret.key, sealed.subarray(header.length)));
}

/** The salt with the counter in its last bytes; header and metadata as additional data (§4.4.3). */
function gcm(secret: FrameSecret, counter: bigint, header: Bytes, metadata: Bytes): AesGcmParams {
  const iv = secret.salt.slice();
  const view = new DataView(iv.buffer);
  view.setBigUint64(4, view.getBigUint64(4) ^ counter);
  return { name: "AES-GCM", iv, additionalData: concat(header, metadata), tagLength: 128 };
}
