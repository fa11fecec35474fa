// A secret that is sealed for this page alone, by HPKE (RFC 9180): DHKEM(P-384, HKDF-SHA384), HKDF-SHA384, AES-256-GCM.
import { Aes256Gcm, CipherSuite, DhkemP384HkdfSha384, HkdfSha384 } from "@hpke/core";
import { concat, fromBase64Url, utf8, type Bytes } from "./bytes";

/** As it travels, in base64url. */
export interface SealedSecret {
  readonly enc: string;
  readonly ciphertext: string;
}

const suite = new CipherSuite({ kem: new DhkemP384HkdfSha384(), kdf: new HkdfSha384(), aead: new Aes256Gcm() });

/** A key pair to be sealed for; its private side can't be read out. */
export function exchangeKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, false, ["deriveBits"]);
}

/** Opens the secret of a generation of a call; undefined where it was sealed for another key, call or generation. */
export async function openSecret(
  call: Bytes,
  generation: number,
  sealed: SealedSecret,
  recipientKey: CryptoKeyPair,
): Promise<Bytes | undefined> {
  const [enc, ciphertext] = [fromBase64Url(sealed.enc), fromBase64Url(sealed.ciphertext)];
  if (!enc || !ciphertext) return undefined;
  const info = concat(utf8("bezel/guest/secret"), call);
  const aad = new Uint8Array(4);
  new DataView(aad.buffer).setUint32(0, generation);
  try {
    const context = await suite.createRecipientContext({ recipientKey, enc, info });
    const secret = new Uint8Array(await context.open(ciphertext, aad));
    return secret.length === 32 ? secret : undefined;
  } catch {
    return undefined;
  }
}
