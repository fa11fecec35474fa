/** A frame as the app sends it, for tests: three bytes that stand for its pictures. */
export function message(person: string | null, isKey: boolean, isScreen = false, timestamp = 90_000): ArrayBuffer {
  const id = new TextEncoder().encode(person ?? "");
  const bytes = new Uint8Array(10 + id.length + 3);
  bytes.set([(isKey ? 1 : 0) | (isScreen ? 2 : 0) | (person === null ? 4 : 0), id.length]);
  bytes.set(id, 2);
  new DataView(bytes.buffer).setBigInt64(2 + id.length, BigInt(timestamp));
  bytes.set([7, 8, 9], 10 + id.length);
  return bytes.buffer;
}
