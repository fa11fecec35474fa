import { concat, utf8, type Bytes } from "./bytes";

/**
 * The code which two people read to each other, of the call, of what both sides sign with, and of the certificates of both ends of the
 * connection: sixteen digits in four groups, as on the member's side.
 */
export async function safetyCode(
  call: Bytes,
  members: Bytes,
  guest: Bytes,
  fingerprints: readonly [Bytes, Bytes],
): Promise<string> {
  const [first, second] = [...fingerprints].sort(compare);
  const input = concat(
    utf8("bezel/call/safety"),
    call,
    members,
    guest,
    first ?? new Uint8Array(),
    second ?? new Uint8Array(),
  );
  const head = new DataView(await crypto.subtle.digest("SHA-256", input)).getBigUint64(0);
  const digits = (head % 10_000_000_000_000_000n).toString().padStart(16, "0");
  return (digits.match(/.{4}/g) ?? []).join(" ");
}

function compare(one: Bytes, other: Bytes): number {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return at === -1 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
