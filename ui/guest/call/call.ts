import { idBytes, toBase64Url, type Bytes } from "../crypto/bytes";
import { TRACKS } from "../crypto/frameKey";
import { openSecret, type SealedSecret } from "../crypto/hpke";
import { safetyCode } from "../crypto/safety";
import type { Link } from "../link";
import type { LocalMedia } from "../media/local";
import { FrameWorker } from "./frameWorker";
import { IceServers } from "./iceServers";
import { makeKeys, type Keys } from "./keys";
import type { ClosedReason, Notice } from "./notice";
import { Peer } from "./peer";
import { MAX_NAME, readSignal, type FromGuest, type MediaState, type MemberSignal } from "./signal";
import { Socket } from "./socket";
import type { FrameStats } from "./workerMessages";

/** A member may come to a device after the guest has knocked, or have begun anew and know no guest: so often it is said again. */
const KNOCK_MS = 8_000;
/** A connection that broke is asked for anew this often. */
const RESTART_MS = 4_000;
/** It is looked this often whether a frame went out that was not sealed, and so many may be counted before their sealing is. */
const GUARD_MS = 1_000;
const GUARD_FRAMES = 30;
/** Whoever went without a word is not waited for longer, as long as somebody else is there. */
const LOST_MS = 60_000;
/** Everyone has left: so long somebody may come back. */
const ALONE_MS = 3_000;

/** Where a guest stands: before the relay has answered, at the door, having knocked, in the call, at its end. */
export type Phase = "opening" | "door" | "waiting" | "in" | "ended";
/** Why it ended: what the relay says, this person left, or the browser does not seal frames though it says so. */
export type EndReason = ClosedReason | "left" | "unsealed";

/** A guest's call: from the door to the end. */
export class Call {
  phase: Phase = "opening";
  shop = "";
  inviter = "";
  /** Whether the relay can be reached. */
  isReachable = true;
  /** The member whose device has heard the knock. */
  heardBy: string | undefined;
  ended: EndReason | undefined;
  readonly peers = new Map<string, Peer>();

  readonly #socket: Socket;
  #worker = new FrameWorker();
  #me: string | undefined;
  #name = "";
  #number = 0;
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<string, string>();
  /** What each device says that it sends, with a connection or without. */
  readonly #media = new Map<string, MediaState>();
  readonly #offers = new Map<string, { attempt: number; sdp: string }>();
  /** Devices that left and have not come back: what was under way from them still arrives. */
  readonly #gone = new Set<string>();
  #sending: Promise<void> = Promise.resolve();
  #handling: Promise<void> = Promise.resolve();
  #servers = new IceServers();
  #aloneTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #timers: ReturnType<typeof setInterval>[];

  private constructor(
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly media: LocalMedia,
    private readonly changed: () => void,
  ) {
    this.#socket = new Socket(link.events, {
      notice: (notice) => {
        this.#noticed(notice);
      },
      // One after the other: what follows may build on what came before.
      signal: (sealed) => {
        this.#handling = this.#handling.then(() => this.#heard(sealed)).catch(() => undefined);
      },
      open: (isOpen) => {
        this.isReachable = isOpen;
        // After a long break the members hold a guest who is in for gone: a knock says that it is back.
        if (isOpen && (this.phase === "waiting" || this.phase === "in")) this.#sayKnock();
        if (isOpen) this.#restart();
        this.changed();
      },
    });
    this.#timers = [
      setInterval(() => {
        this.#knockAgain();
      }, KNOCK_MS),
      setInterval(() => {
        this.#restart();
        this.#forgetLost();
      }, RESTART_MS),
      setInterval(() => void this.#guard(), GUARD_MS),
    ];
    // Another network is tried while the old path carries.
    globalThis.addEventListener("online", this.#networkChanged);
  }

  /** Goes to the door. Rejects where the browser lacks what signals are signed and sealed by. */
  static async open(link: Link, media: LocalMedia, changed: () => void): Promise<Call> {
    return new Call(link, await makeKeys(link), media, changed);
  }

  /** Asks to come in. */
  knock(name: string): void {
    this.#name = Array.from(name.trim()).slice(0, MAX_NAME).join("");
    this.phase = "waiting";
    this.#knockAgain();
    this.changed();
  }

  /** Leaves, or gives up waiting. */
  leave(): void {
    void this.#send({ kind: "left" }).then(() => {
      this.#end("left");
    });
  }

  /** What a member is called; the shop where it has not said. */
  nameOf(device: string): string {
    return this.#names.get(device) ?? this.shop;
  }

  /** Tells the members what this page sends, and sends it. */
  mediaChanged(): void {
    if (this.phase !== "in") return;
    void this.#send({ kind: "media", media: this.media.state() });
    for (const peer of this.peers.values()) for (const track of TRACKS) void peer.send(track);
  }

  /** The code to read aloud with whoever uses a device; undefined until there is a connection. */
  async safetyCode(device: string): Promise<string | undefined> {
    const fingerprints = this.peers.get(device)?.fingerprints();
    return fingerprints && safetyCode(this.link.call, this.link.members, this.keys.publicSigning, fingerprints);
  }

  /** How many frames were sealed and opened. */
  frames(): Promise<FrameStats> {
    return this.#worker.stats();
  }

  #noticed(notice: Notice): void {
    switch (notice.kind) {
      case "hello":
        this.#greeted(notice.guest);
        [this.shop, this.inviter] = [notice.workspace, notice.inviter];
        break;
      case "admitted":
        this.#servers.take(notice.iceServers);
        return;
      case "closed":
        this.#end(notice.reason);
        return;
    }
    this.changed();
  }

  #greeted(guest: string): void {
    if (this.phase === "opening") this.phase = "door";
    // The relay does not know this browser any more: to the members it is a new one, which they admit anew.
    if (this.#me !== undefined && this.#me !== guest && this.phase === "in") {
      for (const device of [...this.peers.keys()]) this.#drop(device);
      this.#worker.end();
      this.#worker = new FrameWorker();
      // What the old admission was given opens nothing any more.
      this.#servers = new IceServers();
      this.phase = "waiting";
    }
    this.#me = guest;
  }

  #knockAgain(): void {
    const isBroken = [...this.peers.values()].some((peer) => peer.state === "broken");
    if ((this.phase === "waiting" || isBroken) && this.isReachable) this.#sayKnock();
  }

  #sayKnock(): void {
    const [key, exchange] = [toBase64Url(this.keys.publicSigning), toBase64Url(this.keys.publicExchange)];
    void this.#send({ kind: "knock", name: this.#name, key, exchange });
  }

  async #heard(sealed: Bytes): Promise<void> {
    const json = await this.keys.incoming.open(sealed, this.keys.members);
    const signal = json === undefined ? undefined : readSignal(json);
    if (!signal || this.phase === "ended") return;
    if (signal.number <= (this.#numbers.get(signal.device) ?? 0)) return;
    this.#numbers.set(signal.device, signal.number);
    await this.#told(signal);
    this.changed();
  }

  async #told({ device, body }: MemberSignal): Promise<void> {
    switch (body.kind) {
      case "waiting":
        this.#names.set(device, body.member);
        this.heardBy ??= body.member;
        return;
      case "admitted":
        this.#names.set(device, body.member);
        this.#gone.delete(device);
        await this.#admitted(device, body);
        return;
      case "rekey":
        await this.#take(body);
        return;
      case "refused":
        if (this.phase === "waiting") this.#end("refused");
        return;
      case "offer":
        this.#gone.delete(device);
        if (this.phase === "in") await this.#offered(device, body.attempt, body.sdp);
        else this.#offers.set(device, body);
        return;
      case "candidates":
        if (!this.#gone.has(device)) await this.#peer(device).candidates(body.attempt, body.candidates);
        return;
      case "media":
        this.#media.set(device, body.media);
        return;
      case "left":
        this.#gone.add(device);
        this.#offers.delete(device);
        this.#drop(device);
        this.#alone();
        return;
      case "restart":
        // A guest never offers: the member's own attempts go on.
        return;
    }
  }

  async #admitted(device: string, body: MemberSignal["body"] & { kind: "admitted" }): Promise<void> {
    if (this.phase !== "waiting" && this.phase !== "in") return;
    if (!(await this.#take(body))) return;
    this.#media.set(device, body.media);
    this.#peer(device);
    const isIn = this.phase === "in";
    this.phase = "in";
    // Whoever welcomes a guest anew, or came later, takes it for one that sends nothing.
    void this.#send({ kind: "media", media: this.media.state() }, isIn ? device : undefined);
    if (isIn) return;
    for (const [from, { attempt, sdp }] of [...this.#offers]) await this.#offered(from, attempt, sdp);
    this.#offers.clear();
  }

  /** Takes the secret of a generation; the worker leaves one that is not newer. */
  async #take({ generation, secret: sealed }: { generation: number; secret: SealedSecret }): Promise<boolean> {
    const me = this.#me;
    const secret = await openSecret(this.link.call, generation, sealed, this.keys.exchange);
    // The call may have ended meanwhile, or the relay taken this browser for a new one.
    if (!secret || me === undefined || me !== this.#me || this.#is("ended")) return false;
    this.#worker.secret(idBytes(me), this.link.call, generation, secret);
    return true;
  }

  async #offered(device: string, attempt: number, sdp: string): Promise<void> {
    clearTimeout(this.#aloneTimer);
    await this.#servers.known();
    if (!this.#is("in")) return;
    const answer = await this.#peer(device).offered(attempt, sdp);
    if (answer !== undefined) await this.#send({ kind: "answer", attempt, sdp: answer }, device);
  }

  /** Asked anew after each wait: a notice may have come between. */
  #is(phase: Phase): boolean {
    return this.phase === phase;
  }

  #peer(device: string): Peer {
    let peer = this.peers.get(device);
    if (!peer) {
      peer = new Peer(device, {
        worker: this.#worker,
        media: this.media,
        says: () => this.#media.get(device),
        configuration: () => this.#configuration(),
        changed: () => {
          this.changed();
          this.#restart();
        },
        found: (attempt, candidates) => void this.#send({ kind: "candidates", attempt, candidates }, device),
      });
      this.peers.set(device, peer);
    }
    return peer;
  }

  #configuration(): RTCConfiguration {
    return { iceServers: [...this.#servers.newest], certificates: [this.keys.certificate], bundlePolicy: "max-bundle" };
  }

  #drop(device: string): void {
    this.peers.get(device)?.close();
    this.peers.delete(device);
  }

  /** Whoever is left alone waits a moment, and is told that it is over. */
  #alone(): void {
    if (this.phase !== "in" || this.peers.size > 0) return;
    clearTimeout(this.#aloneTimer);
    this.#aloneTimer = setTimeout(() => {
      if (this.peers.size === 0) this.#end("ended");
    }, ALONE_MS);
  }

  readonly #networkChanged = (): void => {
    for (const device of this.peers.keys()) void this.#send({ kind: "restart" }, device);
  };

  #restart(): void {
    // Said again when there is a way: it would only wait, and come many times at once.
    if (!this.isReachable) return;
    for (const peer of this.peers.values())
      if (peer.state === "broken") void this.#send({ kind: "restart" }, peer.device);
  }

  #forgetLost(): void {
    const peers = [...this.peers.values()];
    if (!peers.some((peer) => peer.state === "connected")) return;
    const lost = peers.filter(({ lostSince = Infinity }) => performance.now() - lostSince > LOST_MS);
    for (const peer of lost) this.#drop(peer.device);
    if (lost.length > 0) this.changed();
  }

  /** A browser may ignore a transform without a word: nothing more goes out then. */
  async #guard(): Promise<void> {
    if (this.phase !== "in") return;
    const sent = await Promise.all([...this.peers.values()].map((peer) => peer.sent()));
    const { sealed } = await this.#worker.stats();
    if (this.#is("in") && sent.reduce((all, each) => all + each, 0) > sealed + GUARD_FRAMES) this.#end("unsealed");
  }

  /** Signs, seals and sends; without a device to all of them. */
  #send(body: FromGuest, device?: string): Promise<void> {
    this.#number += 1;
    const json = JSON.stringify({ number: this.#number, ...(device === undefined ? {} : { device }), body });
    const sealed = this.keys.outgoing.seal(json, this.keys.signing.privateKey);
    // In the order of their numbers, however long each takes to seal.
    this.#sending = this.#sending.then(async () => {
      this.#socket.send(await sealed);
    });
    return this.#sending;
  }

  #end(reason: EndReason): void {
    if (this.phase === "ended") return;
    this.phase = "ended";
    this.ended = reason;
    for (const timer of this.#timers) clearInterval(timer);
    globalThis.removeEventListener("online", this.#networkChanged);
    for (const device of [...this.peers.keys()]) this.#drop(device);
    this.#worker.end();
    this.media.close();
    this.#socket.close();
    this.changed();
  }
}
