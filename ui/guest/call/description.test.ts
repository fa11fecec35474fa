// @vitest-environment node
import { expect, test } from "vitest";
import { fingerprint, isCallDescription, isSameSession, withStartBitrate } from "./description";

const print = Array.from({ length: 32 }, () => "AB").join(":");
const section = (kind: string) =>
  `m=${kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=fingerprint:sha-256 ${print}\r\na=rtpmap:96 VP8/90000\r\n`;
const sdp = `v=0\r\no=- 42 1 IN IP4 0.0.0.0\r\n${section("audio")}${section("video")}${section("video")}`;

test("a call's is taken", () => {
  expect(isCallDescription(sdp)).toBe(true);
  expect(fingerprint(sdp)).toEqual(new Uint8Array(32).fill(0xab));
});

test("media without DTLS, other media, and more of it, are refused", () => {
  expect(isCallDescription(sdp.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"))).toBe(false);
  expect(isCallDescription(sdp.replace("m=audio", "m=application"))).toBe(false);
  expect(isCallDescription(sdp + section("video"))).toBe(false);
  expect(isCallDescription(sdp + "a=x\r\n".repeat(10_000))).toBe(false);
  expect(isCallDescription("")).toBe(false);
});

test("a missing, weak or second certificate is refused", () => {
  expect(isCallDescription(sdp.replaceAll("a=fingerprint", "a=setup"))).toBe(false);
  expect(isCallDescription(sdp.replace("sha-256", "sha-1"))).toBe(false);
  expect(isCallDescription(sdp.replace("AB:AB", "AC:AB"))).toBe(false);
  expect(isCallDescription(sdp.replaceAll("AB:AB", "AB"))).toBe(false);
});

test("a connection that was made anew is told from one that goes on", () => {
  expect(isSameSession(sdp, sdp.replace("42 1 IN", "42 2 IN"))).toBe(true);
  expect(isSameSession(sdp, sdp.replace("42 1 IN", "43 1 IN"))).toBe(false);
  expect(isSameSession(sdp, sdp.replaceAll("AB", "CD"))).toBe(false);
});

test("pictures begin with a bit rate of their own, unless the other side names parameters", () => {
  expect(withStartBitrate(sdp, 1_000)).toContain("a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=1000\r\n");
  const named = `${sdp}a=fmtp:96 max-fr=30\r\n`;
  expect(withStartBitrate(named, 1_000)).toBe(named);
});
