// What a session description must say before the browser gets to read it.
import { fromHex, type Bytes } from "../crypto/bytes";
import { MAX_SDP } from "./signal";

/** Whether it is a call's: sound and two pictures by DTLS-SRTP (RFC 5764), and one certificate, named by SHA-256 (RFC 8122). */
export function isCallDescription(sdp: string): boolean {
  if (sdp.length > MAX_SDP) return false;
  const media = sdp.split(/\r?\n/).filter((line) => line.startsWith("m="));
  const kinds = media.map((line) => line.slice(2).split(" ")[0]).join(" ");
  const isSecure = media.every((line) => line.split(" ")[2] === "UDP/TLS/RTP/SAVPF");
  return kinds === "audio video video" && isSecure && fingerprint(sdp) !== undefined;
}

/** The SHA-256 fingerprint of the certificate; undefined where there is none, or more than one. */
export function fingerprint(sdp: string): Bytes | undefined {
  const named = sdp
    .split(/\r?\n/)
    .filter((line) => line.startsWith("a=fingerprint:"))
    .map((line) => line.slice("a=fingerprint:".length).trim().toLowerCase());
  const [first] = named;
  if (first === undefined || named.some((each) => each !== first)) return undefined;
  const digits = /^sha-256 ([0-9a-f]{2}(?::[0-9a-f]{2}){31})$/.exec(first)?.[1];
  return digits === undefined ? undefined : fromHex(digits.replaceAll(":", ""));
}

/**
 * Lets Chromium begin with a picture that is worth looking at: left to itself it begins with 300 kbit/s and needs ten seconds to 720p. Its
 * estimate still goes down where the path is narrower; other browsers don't read this.
 */
export function withStartBitrate(sdp: string, kbitPerSecond: number): string {
  return sdp.replaceAll(/^a=rtpmap:(\d+) VP8\/90000(\r?\n)/gm, (line, type: string, end: string) => {
    const isTaken = sdp.includes(`a=fmtp:${type} `);
    return isTaken ? line : `${line}a=fmtp:${type} x-google-start-bitrate=${String(kbitPerSecond)}${end}`;
  });
}

/** Whether an offer is of the same connection as the one before, and not of one that was made anew (RFC 8829 §5.2.1). */
export function isSameSession(before: string, next: string): boolean {
  const session = (sdp: string) => /^o=\S+ (\S+)/m.exec(sdp)?.[1];
  const [one, other] = [fingerprint(before), fingerprint(next)];
  return session(before) === session(next) && one?.join() === other?.join();
}
