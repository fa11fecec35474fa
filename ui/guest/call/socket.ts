import { readNotice, type Notice } from "./notice";
import { MAX_SIGNAL_BYTES } from "../crypto/envelope";
import type { Bytes } from "../crypto/bytes";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** So many signals wait for a way, the newest: more at once the relay takes for a flood. */
const MAX_WAITING = 32;

/** What a connection to the relay tells. */
export interface SocketEvents {
  readonly notice: (notice: Notice) => void;
  readonly signal: (sealed: Bytes) => void;
  /** The way to the relay is open, or broken and tried again. */
  readonly open: (isOpen: boolean) => void;
}

/** The connection to the relay. It comes back by itself, as the same browser, until the relay or the page ends it. */
export class Socket {
  #socket: WebSocket | undefined;
  #identity: { guest: string; token: string } | undefined;
  #waiting: Bytes[] = [];
  #isGreeted = false;
  #isOver = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly address: URL,
    private readonly events: SocketEvents,
  ) {
    this.#connect();
    globalThis.addEventListener("online", this.#hurry);
  }

  /** Sends a sealed signal, as soon as there is a way. */
  send(sealed: Bytes): void {
    if (this.#isGreeted && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(sealed);
    else this.#waiting = [...this.#waiting, sealed].slice(-MAX_WAITING);
  }

  /** Ends it for good. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    globalThis.removeEventListener("online", this.#hurry);
    this.#socket?.close();
  }

  #connect(): void {
    const address = new URL(this.address);
    if (this.#identity) address.search = new URLSearchParams(this.#identity).toString();
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === "string") this.#noticed(data);
      else if (data.byteLength <= MAX_SIGNAL_BYTES) this.events.signal(new Uint8Array(data));
    };
    socket.onclose = () => {
      this.#again();
    };
    this.#socket = socket;
  }

  #noticed(text: string): void {
    const notice = readNotice(text);
    if (!notice) return;
    if (notice.kind === "hello") {
      this.#identity = { guest: notice.guest, token: notice.token };
      this.#isGreeted = true;
      this.#tries = 0;
    }
    if (notice.kind === "closed") this.close();
    this.events.notice(notice);
    if (notice.kind === "hello") {
      this.events.open(true);
      for (const sealed of this.#waiting.splice(0)) this.#socket?.send(sealed);
    }
  }

  #again(): void {
    if (this.#isOver) return;
    this.#isGreeted = false;
    this.events.open(false);
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#tries, LONGEST_WAIT_MS);
    this.#tries += 1;
    // Not all at once, when a relay comes back.
    this.#timer = setTimeout(this.#retry, wait * (0.5 + Math.random() / 2));
  }

  readonly #retry = (): void => {
    this.#timer = undefined;
    this.#connect();
  };

  readonly #hurry = (): void => {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#retry();
  };
}
