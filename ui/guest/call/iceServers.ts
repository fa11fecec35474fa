/** The relay may name servers a little after a member has offered. */
const SERVERS_MS = 2_000;

/** The servers by which connections find their way, as the relay named them last. */
export class IceServers {
  newest: readonly RTCIceServer[] = [];
  #named: () => void = () => undefined;
  readonly #first = new Promise<void>((resolve) => (this.#named = resolve));
  #timer: ReturnType<typeof setTimeout> | undefined;

  take(servers: readonly RTCIceServer[]): void {
    this.newest = servers;
    this.#named();
  }

  /** Waits until some were named, and not for ever. */
  async known(): Promise<void> {
    this.#timer ??= setTimeout(this.#named, SERVERS_MS);
    await this.#first;
  }
}
