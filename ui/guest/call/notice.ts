import { isId } from "../crypto/bytes";
import { isObject, parsed } from "./signal";

/** Why the relay ends a connection for good. */
export const CLOSED = ["refused", "used", "expired", "revoked", "ended"] as const;
export type ClosedReason = (typeof CLOSED)[number];

/** What the relay itself says. */
export type Notice =
  | {
      readonly kind: "hello";
      /** This browser's id and what proves that it is the same, to come back by. */
      readonly guest: string;
      readonly token: string;
      /** The shop's name, and who made the link. */
      readonly workspace: string;
      readonly inviter: string;
    }
  | { readonly kind: "admitted"; readonly iceServers: readonly RTCIceServer[] }
  | { readonly kind: "closed"; readonly reason: ClosedReason };

/** Reads what the relay said; undefined where it is none of what this page knows. */
export function readNotice(json: string): Notice | undefined {
  const notice = parsed(json);
  if (!isObject(notice)) return undefined;
  const { kind, guest, token, workspace, inviter, ice_servers: servers, reason } = notice;
  switch (kind) {
    case "hello": {
      const isWhole =
        isId(guest) && typeof token === "string" && typeof workspace === "string" && typeof inviter === "string";
      return isWhole ? { kind, guest, token, workspace, inviter } : undefined;
    }
    case "admitted":
      return Array.isArray(servers) ? { kind, iceServers: servers.filter(isServer) } : undefined;
    case "closed":
      // A reason of a later version still ends it.
      return { kind, reason: CLOSED.find((known) => known === reason) ?? "ended" };
    default:
      return undefined;
  }
}

function isServer(value: unknown): value is RTCIceServer {
  if (!isObject(value)) return false;
  const { urls, username, credential } = value;
  const areUrls = Array.isArray(urls) && urls.every((url) => typeof url === "string" && /^(stun|turns?):/.test(url));
  const isText = (text: unknown) => text === undefined || text === null || typeof text === "string";
  return areUrls && isText(username) && isText(credential);
}
