import { afterEach, expect, test, vi } from "vitest";
import { Socket } from "./socket";

/** A WebSocket that does what it is told by the test. */
class Wire {
  static last: Wire;
  static readonly OPEN = 1;
  readyState = 1;
  readonly sent: number[] = [];
  onmessage: ((event: { data: string }) => void) | undefined;
  constructor() {
    Wire.last = this;
  }
  send(sealed: Uint8Array): void {
    this.sent.push(sealed[0] ?? -1);
  }
  close(): void {
    this.readyState = 3;
  }
}

const HELLO = {
  kind: "hello",
  guest: "0b8f8ba4-4f43-4f83-a5fa-4a4d0bd3a1f0",
  token: "token",
  workspace: "Maison Lune",
  inviter: "Ana Moreau",
};

afterEach(() => {
  vi.unstubAllGlobals();
});

// However long the relay was away: it cuts off whoever says more than sixty things at once.
test("of what waits for a way to the relay the newest is kept, and not more than it takes", () => {
  vi.stubGlobal("WebSocket", Wire);
  const nothing = () => undefined;
  const socket = new Socket(new URL("wss://relay.example/v1/guest/1"), {
    notice: nothing,
    signal: nothing,
    open: nothing,
  });
  for (let count = 0; count < 200; count += 1) socket.send(Uint8Array.of(count));
  Wire.last.onmessage?.({ data: JSON.stringify(HELLO) });
  expect(Wire.last.sent).toEqual(Array.from({ length: 32 }, (_, index) => 168 + index));
  socket.close();
});
