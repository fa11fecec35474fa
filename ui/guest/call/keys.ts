import type { Bytes } from "../crypto/bytes";
import { Envelope, FROM_GUEST, TO_GUEST, signingKeyPair, verifyingKey } from "../crypto/envelope";
import { exchangeKeyPair } from "../crypto/hpke";
import type { Link } from "../link";

/** What this page signs and is sealed for; made once, kept in memory alone. */
export interface Keys {
  readonly signing: CryptoKeyPair;
  readonly exchange: CryptoKeyPair;
  readonly members: CryptoKey;
  readonly outgoing: Envelope;
  readonly incoming: Envelope;
  readonly certificate: RTCCertificate;
  /** The public sides as they travel. */
  readonly publicSigning: Bytes;
  readonly publicExchange: Bytes;
}

/** Makes them. Rejects where the browser lacks what signals are signed and sealed by. */
export async function makeKeys(link: Link): Promise<Keys> {
  const [signing, exchange, members, outgoing, incoming, certificate] = await Promise.all([
    signingKeyPair(),
    exchangeKeyPair(),
    verifyingKey(link.members),
    Envelope.of(FROM_GUEST, link.call, link.secret, "encrypt"),
    Envelope.of(TO_GUEST, link.call, link.secret, "decrypt"),
    // One for every connection of this page: the code that is read aloud knows it.
    RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" } as AlgorithmIdentifier),
  ]);
  const raw = async (key: CryptoKey) => new Uint8Array(await crypto.subtle.exportKey("raw", key));
  const [publicSigning, publicExchange] = await Promise.all([raw(signing.publicKey), raw(exchange.publicKey)]);
  return { signing, exchange, members, outgoing, incoming, certificate, publicSigning, publicExchange };
}
