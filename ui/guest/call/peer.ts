// One member's device: the paths that it offers, and what comes over them.
import type { Bytes } from "../crypto/bytes";
import type { Track } from "../crypto/frameKey";
import type { LocalMedia } from "../media/local";
import { fingerprint, isCallDescription, isSameSession } from "./description";
import type { FrameWorker } from "./frameWorker";
import { Path } from "./path";
import { MAX_CANDIDATES, type Candidate, type MediaState } from "./signal";

/** How a connection stands. */
export type PeerState = "connecting" | "connected" | "broken";

/** What a connection needs and tells. */
export interface PeerContext {
  readonly configuration: () => RTCConfiguration;
  readonly worker: FrameWorker;
  readonly media: LocalMedia;
  /** What the member says that it sends. */
  readonly says: () => MediaState | undefined;
  readonly changed: () => void;
  readonly found: (attempt: number, candidates: readonly Candidate[]) => void;
}

const NOTHING: MediaState = { microphone: false, camera: false, screen: false };

export class Peer {
  state: PeerState = "connecting";
  /** Since when nothing connects it and it has offered nothing, by the page's clock; undefined while it is connected. */
  lostSince: number | undefined = performance.now();
  /** The path by which media go. */
  #current: Path | undefined;
  /** The path that is tried; it takes the other's place when it carries. */
  #next: Path | undefined;
  #early: { attempt: number; candidate: Candidate }[] = [];

  constructor(
    readonly device: string,
    private readonly context: PeerContext,
  ) {}

  /** What it says that it sends. */
  get media(): MediaState {
    return this.context.says() ?? NOTHING;
  }

  /** What comes of each track, once there is a path. */
  get tracks(): ReadonlyMap<Track, MediaStreamTrack> {
    return (this.#current ?? this.#next)?.tracks ?? new Map<Track, MediaStreamTrack>();
  }

  /** Takes an offer and answers it; undefined where it is old or no offer of a call. */
  async offered(attempt: number, sdp: string): Promise<string | undefined> {
    if (!isCallDescription(sdp)) return undefined;
    // A device that came in anew counts anew.
    const before = this.#newest;
    if (before && attempt <= before.attempt && isSameSession(before.offer, sdp)) return undefined;
    // Whoever offers is there.
    if (this.lostSince !== undefined) this.lostSince = performance.now();
    this.#next?.close();
    const path = (this.#next = new Path(attempt, sdp, this.device, this.context, (path) => {
      this.#moved(path);
    }));
    const answer = await path.answer();
    const early = this.#early.filter((each) => each.attempt === attempt).map(({ candidate }) => candidate);
    this.#early = this.#early.filter((each) => each.attempt > attempt);
    await path.candidates(early);
    return answer;
  }

  /** Takes candidates; those of an offer that has not come yet wait for it. */
  async candidates(attempt: number, candidates: readonly Candidate[]): Promise<void> {
    const newest = this.#newest;
    if (attempt === newest?.attempt) {
      await newest.candidates(candidates);
    } else if (attempt > (newest?.attempt ?? 0)) {
      this.#early.push(...candidates.map((candidate) => ({ attempt, candidate })));
      this.#early.splice(0, this.#early.length - MAX_CANDIDATES);
    }
  }

  /** Sends what the page has on a track now. */
  async send(track: Track): Promise<void> {
    const media = this.context.media.track(track);
    await Promise.all([this.#current, this.#next].map((path) => path?.send(track, media)));
  }

  /** The fingerprints of both ends' certificates. */
  fingerprints(): [Bytes, Bytes] | undefined {
    const path = this.#current ?? this.#next;
    const ours = fingerprint(path?.connection.localDescription?.sdp ?? "");
    const theirs = fingerprint(path?.offer ?? "");
    return ours && theirs && [ours, theirs];
  }

  /** What the browser knows of the path by which media go. */
  async stats(): Promise<RTCStatsReport | undefined> {
    return this.#current?.connection.getStats().catch(() => undefined);
  }

  /** How many frames went out, as the browser counts them: pictures, and packets of sound, of which each is a frame. */
  async sent(): Promise<number> {
    let sent = 0;
    for (const report of (await this.stats())?.values() ?? []) {
      const { type, kind, framesSent, packetsSent } = report as Partial<RTCOutboundRtpStreamStats>;
      if (type === "outbound-rtp") sent += (kind === "video" ? framesSent : packetsSent) ?? 0;
    }
    return sent;
  }

  /** How loud the voice is, 0 to 1: as its packets say, or, where they don't, as the browser hears it. */
  async level(): Promise<number> {
    const [audio] = this.#current?.connection.getTransceivers() ?? [];
    const [source] = audio?.receiver.getSynchronizationSources() ?? [];
    if (source?.audioLevel !== undefined) return source.audioLevel;
    for (const report of (await this.stats())?.values() ?? []) {
      const { type, kind, audioLevel } = report as Partial<RTCInboundRtpStreamStats>;
      if (type === "inbound-rtp" && kind === "audio") return audioLevel ?? 0;
    }
    return 0;
  }

  close(): void {
    for (const path of [this.#current, this.#next]) path?.close();
    this.#current = this.#next = undefined;
    this.state = "connecting";
  }

  get #newest(): Path | undefined {
    return this.#next ?? this.#current;
  }

  /** A path is up, or no longer. */
  #moved(path: Path): void {
    const { connectionState } = path.connection;
    if (connectionState === "connected") {
      if (path === this.#next) {
        this.#current?.linger();
        [this.#current, this.#next] = [path, undefined];
      }
      this.state = "connected";
      this.lostSince = undefined;
    } else if (connectionState === "disconnected" || connectionState === "failed") {
      // One that is only tried says nothing of the one that carries.
      if (path !== this.#current && this.#current) return;
      this.state = "broken";
      this.lostSince ??= performance.now();
    } else return;
    this.context.changed();
  }
}
