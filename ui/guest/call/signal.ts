import { fromBase64Url, isId } from "../crypto/bytes";
import type { SealedSecret } from "../crypto/hpke";

/** The most candidates in one signal, and the longest description, in characters. */
export const MAX_CANDIDATES = 32;
export const MAX_SDP = 32 * 1024;
/** The longest name that a guest gives, in characters. */
export const MAX_NAME = 60;

/** What somebody sends at the moment. */
export interface MediaState {
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
}

/** An ICE candidate (RFC 8839). */
export interface Candidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
}

/** What a guest says. */
export type FromGuest =
  | { readonly kind: "knock"; readonly name: string; readonly key: string; readonly exchange: string }
  | { readonly kind: "answer"; readonly attempt: number; readonly sdp: string }
  | Candidates
  | { readonly kind: "restart" }
  | { readonly kind: "media"; readonly media: MediaState }
  | { readonly kind: "left" };

/** What a member says. */
export type ToGuest =
  | { readonly kind: "waiting"; readonly member: string }
  | ({ readonly kind: "admitted"; readonly member: string; readonly media: MediaState } & NewSecret)
  | { readonly kind: "refused" }
  | { readonly kind: "offer"; readonly attempt: number; readonly sdp: string }
  | Candidates
  | { readonly kind: "restart" }
  | { readonly kind: "media"; readonly media: MediaState }
  | ({ readonly kind: "rekey" } & NewSecret)
  | { readonly kind: "left" };

interface Candidates {
  readonly kind: "candidates";
  readonly attempt: number;
  readonly candidates: readonly Candidate[];
}

interface NewSecret {
  readonly generation: number;
  readonly secret: SealedSecret;
}

/** A signal of a member's device. */
export interface MemberSignal {
  /** A number that is not greater than the device's last is a replay. */
  readonly number: number;
  readonly device: string;
  readonly body: ToGuest;
}

/** Reads what a member said; undefined where it is none of what this page knows. */
export function readSignal(json: string): MemberSignal | undefined {
  const signal = parsed(json);
  if (!isObject(signal) || !isCount(signal.number) || !isId(signal.device) || !isObject(signal.body)) return undefined;
  const body = readBody(signal.body);
  return body && { number: signal.number, device: signal.device.toLowerCase(), body };
}

function readBody(body: Fields): ToGuest | undefined {
  const { kind, member, generation, attempt, sdp } = body;
  switch (kind) {
    case "refused":
    case "restart":
    case "left":
      return { kind };
    case "waiting":
      return typeof member === "string" ? { kind, member } : undefined;
    case "admitted": {
      const [secret, media] = [readSecret(body.secret), readMedia(body.media)];
      if (typeof member !== "string" || !isWord(generation) || !secret || !media) return undefined;
      return { kind, member, generation, secret, media };
    }
    case "rekey": {
      const secret = readSecret(body.secret);
      return isWord(generation) && secret ? { kind, generation, secret } : undefined;
    }
    case "offer":
      return isWord(attempt) && typeof sdp === "string" && sdp.length <= MAX_SDP ? { kind, attempt, sdp } : undefined;
    case "candidates": {
      const candidates = readCandidates(body.candidates);
      return isWord(attempt) && candidates ? { kind, attempt, candidates } : undefined;
    }
    case "media": {
      const media = readMedia(body.media);
      return media && { kind, media };
    }
    default:
      return undefined;
  }
}

function readSecret(value: unknown): SealedSecret | undefined {
  if (!isObject(value)) return undefined;
  const { enc, ciphertext } = value;
  const isText = (text: unknown) => typeof text === "string" && fromBase64Url(text) !== undefined;
  return isText(enc) && isText(ciphertext) ? { enc: enc as string, ciphertext: ciphertext as string } : undefined;
}

function readMedia(value: unknown): MediaState | undefined {
  if (!isObject(value)) return undefined;
  const { microphone, camera, screen } = value;
  const isState = typeof microphone === "boolean" && typeof camera === "boolean" && typeof screen === "boolean";
  return isState ? { microphone, camera, screen } : undefined;
}

function readCandidates(value: unknown): Candidate[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_CANDIDATES) return undefined;
  const candidates = value.map(readCandidate);
  return candidates.every((candidate) => candidate !== undefined) ? candidates : undefined;
}

function readCandidate(value: unknown): Candidate | undefined {
  if (!isObject(value)) return undefined;
  const { candidate, sdpMid = null, sdpMLineIndex = null } = value;
  if (typeof candidate !== "string" || candidate.length > 1_000) return undefined;
  if (typeof sdpMid !== "string" && sdpMid !== null) return undefined;
  if (typeof sdpMLineIndex !== "number" && sdpMLineIndex !== null) return undefined;
  return { candidate, sdpMid, sdpMLineIndex };
}

type Fields = Readonly<Record<string, unknown>>;

/** The value of a JSON text; undefined where it is none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Counted exactly. */
function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Fits in 32 bits. */
function isWord(value: unknown): value is number {
  return isCount(value) && value <= 0xffff_ffff;
}
