// One member's device: the connection that it offers, and what comes over it.
import { idBytes, type Bytes } from "../crypto/bytes";
import { TRACKS, type Track } from "../crypto/frameKey";
import type { LocalMedia } from "../media/local";
import { fingerprint, isCallDescription, isSameSession, withStartBitrate } from "./description";
import type { FrameWorker } from "./frameWorker";
import { MAX_CANDIDATES, type Candidate, type MediaState } from "./signal";

/** Candidates that are found within so many milliseconds travel together. */
const GATHERING_MS = 30;
/** The most bits a second of each track. */
const MOST_BIT_S: Record<Track, number> = { audio: 48_000, camera: 2_000_000, screen: 2_500_000 };
const START_KBIT_S = 1_200;

/** How a connection stands. */
export type PeerState = "connecting" | "connected" | "broken";

/** What a connection needs and tells. */
export interface PeerContext {
  readonly configuration: () => RTCConfiguration;
  readonly worker: FrameWorker;
  readonly media: LocalMedia;
  readonly changed: () => void;
  readonly found: (attempt: number, candidates: readonly Candidate[]) => void;
}

export class Peer {
  state: PeerState = "connecting";
  /** What it says that it sends. */
  media: MediaState = { microphone: false, camera: false, screen: false };
  /** What comes of each track, once there is a connection. */
  readonly tracks = new Map<Track, MediaStreamTrack>();
  #connection: RTCPeerConnection | undefined;
  #offer = "";
  #attempt = 0;
  #early: { attempt: number; candidate: Candidate }[] = [];
  #found: Candidate[] = [];

  constructor(
    readonly device: string,
    private readonly context: PeerContext,
  ) {}

  /** Takes an offer and answers it; undefined where it is old or no offer of a call. */
  async offered(attempt: number, sdp: string): Promise<string | undefined> {
    if (!isCallDescription(sdp)) return undefined;
    // A device that made its connection anew may count anew.
    const isSame = this.#connection !== undefined && isSameSession(this.#offer, sdp);
    if (isSame && attempt <= this.#attempt) return undefined;
    if (!isSame) this.#drop();
    this.#attempt = attempt;
    this.#offer = sdp;
    const connection = (this.#connection ??= this.#connect());
    await connection.setRemoteDescription({ type: "offer", sdp: withStartBitrate(sdp, START_KBIT_S) });
    await this.#attach(connection);
    await connection.setLocalDescription(await connection.createAnswer());
    const early = this.#early.filter((each) => each.attempt === attempt).map(({ candidate }) => candidate);
    this.#early = this.#early.filter((each) => each.attempt > attempt);
    await this.candidates(attempt, early);
    return connection.localDescription?.sdp;
  }

  /** Takes candidates; those of an offer that has not come yet wait for it. */
  async candidates(attempt: number, candidates: readonly Candidate[]): Promise<void> {
    if (attempt > this.#attempt) {
      this.#early.push(...candidates.map((candidate) => ({ attempt, candidate })));
      this.#early.splice(0, this.#early.length - MAX_CANDIDATES);
    } else if (attempt === this.#attempt) {
      for (const candidate of candidates) await this.#connection?.addIceCandidate(candidate).catch(() => undefined);
    }
  }

  /** Sends what the page has on a track now. */
  async send(track: Track): Promise<void> {
    const transceiver = this.#connection?.getTransceivers()[TRACKS.indexOf(track)];
    await transceiver?.sender.replaceTrack(this.context.media.track(track)).catch(() => undefined);
  }

  /** The fingerprints of both ends' certificates. */
  fingerprints(): [Bytes, Bytes] | undefined {
    const ours = fingerprint(this.#connection?.localDescription?.sdp ?? "");
    const theirs = fingerprint(this.#offer);
    return ours && theirs && [ours, theirs];
  }

  /** What the browser knows of the connection. */
  async stats(): Promise<RTCStatsReport | undefined> {
    return this.#connection?.getStats().catch(() => undefined);
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

  /** How loud the voice is, 0 to 1. */
  level(): number {
    const [audio] = this.#connection?.getTransceivers() ?? [];
    const [source] = audio?.receiver.getSynchronizationSources() ?? [];
    return source?.audioLevel ?? 0;
  }

  close(): void {
    this.#drop();
  }

  #connect(): RTCPeerConnection {
    const connection = new RTCPeerConnection(this.context.configuration());
    connection.onicecandidate = ({ candidate }) => {
      // The end of candidates says nothing that the other side would wait for.
      if (candidate && candidate.candidate !== "") this.#gathered(candidate);
    };
    connection.onconnectionstatechange = () => {
      const { connectionState } = connection;
      if (connectionState === "connected") this.state = "connected";
      else if (connectionState === "disconnected" || connectionState === "failed") this.state = "broken";
      else return;
      this.context.changed();
    };
    return connection;
  }

  /**
   * The sections stand in the order sound, camera, screen. Chromium looks for transforms once, right after it has read the description: all are
   * set before anything is awaited, and before there is a track to send.
   */
  async #attach(connection: RTCPeerConnection): Promise<void> {
    const added: [RTCRtpSender, Track][] = [];
    for (const [index, transceiver] of connection.getTransceivers().entries()) {
      const { sender, receiver } = transceiver;
      const track = TRACKS[index];
      if (track === undefined || this.tracks.get(track) === receiver.track) continue;
      this.context.worker.seal(sender, track);
      this.context.worker.open(receiver, idBytes(this.device), track);
      transceiver.direction = "sendrecv";
      this.tracks.set(track, receiver.track);
      added.push([sender, track]);
    }
    for (const [sender, track] of added) {
      await sender.replaceTrack(this.context.media.track(track));
      await limit(sender, MOST_BIT_S[track]);
    }
  }

  #gathered({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidate): void {
    this.#found.push({ candidate, sdpMid, sdpMLineIndex });
    if (this.#found.length > 1) return;
    const attempt = this.#attempt;
    setTimeout(() => {
      this.context.found(attempt, this.#found.splice(0).slice(0, MAX_CANDIDATES));
    }, GATHERING_MS);
  }

  #drop(): void {
    if (!this.#connection) return;
    this.state = "connecting";
    this.#connection.onicecandidate = this.#connection.onconnectionstatechange = null;
    this.#connection.close();
    this.#connection = undefined;
    this.tracks.clear();
    this.#found = [];
  }
}

async function limit(sender: RTCRtpSender, maxBitrate: number): Promise<void> {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
  // What can't be limited is sent as the browser sees fit.
  await sender.setParameters(parameters).catch(() => undefined);
}
