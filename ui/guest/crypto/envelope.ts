// Signals as they travel: nonce, AES-256-GCM under the link's secret; inside, an Ed25519 signature and the JSON.
import { concat, utf8, type Bytes } from "./bytes";
import { aesKey, hkdf, hkdfKey } from "./hkdf";

/** The most bytes of a sealed signal. */
export const MAX_SIGNAL_BYTES = 64 * 1024;
const NONCE_BYTES = 12;
const SIGNATURE_BYTES = 64;

/** Which way a signal goes: the label in keys, additional data and signatures. */
export const FROM_GUEST = "bezel/guest/from";
export const TO_GUEST = "bezel/guest/to";
export type Direction = typeof FROM_GUEST | typeof TO_GUEST;

/** Signs and seals for one direction, or opens and verifies. */
export class Envelope {
  private constructor(
    private readonly label: Bytes,
    private readonly key: CryptoKey,
  ) {}

  /** The envelope of a direction of a call, under the secret of its link. */
  static async of(direction: Direction, call: Bytes, secret: Bytes, usage: "encrypt" | "decrypt"): Promise<Envelope> {
    const label = concat(utf8(direction), call);
    const key = await hkdf("SHA-256", await hkdfKey(secret), label, 32);
    return new Envelope(label, await aesKey(key, usage));
  }

  /** Signs and seals; what comes back travels. */
  async seal(json: string, signer: CryptoKey): Promise<Bytes> {
    const text = utf8(json);
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", signer, concat(this.label, text)));
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const parameters = { name: "AES-GCM", iv, additionalData: this.label };
    return concat(iv, new Uint8Array(await crypto.subtle.encrypt(parameters, this.key, concat(signature, text))));
  }

  /** Opens and verifies; undefined where it was sealed or signed by somebody else, or for another direction or call, or changed. */
  async open(frame: Bytes, signer: CryptoKey): Promise<string | undefined> {
    if (frame.length > MAX_SIGNAL_BYTES || frame.length < NONCE_BYTES + SIGNATURE_BYTES) return undefined;
    const parameters = { name: "AES-GCM", iv: frame.slice(0, NONCE_BYTES), additionalData: this.label };
    try {
      const plaintext = new Uint8Array(await crypto.subtle.decrypt(parameters, this.key, frame.slice(NONCE_BYTES)));
      const text = plaintext.slice(SIGNATURE_BYTES);
      const signed = concat(this.label, text);
      if (!(await crypto.subtle.verify("Ed25519", signer, plaintext.slice(0, SIGNATURE_BYTES), signed)))
        return undefined;
      return new TextDecoder("utf-8", { fatal: true }).decode(text);
    } catch {
      return undefined;
    }
  }
}

/** A key pair to sign with, for as long as the page is open; its private side can't be read out. */
export function signingKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

/** A public key to verify by. */
export function verifyingKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "Ed25519", true, ["verify"]);
}
