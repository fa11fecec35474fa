// A path to a member's device: the connection of one attempt.
import { idBytes } from "../crypto/bytes";
import { TRACKS, type Track } from "../crypto/frameKey";
import { withStartBitrate } from "./description";
import type { PeerContext } from "./peer";
import { MAX_CANDIDATES, type Candidate } from "./signal";

/** Candidates that are found within so many milliseconds travel together. */
const GATHERING_MS = 30;
/** What is under way on a path that is given up still arrives within so many milliseconds. */
const LINGER_MS = 1_000;
/** The most bits a second of each track. */
const MOST_BIT_S: Record<Track, number> = { audio: 48_000, camera: 2_000_000, screen: 2_500_000 };
const START_KBIT_S = 1_200;

export class Path {
  readonly connection: RTCPeerConnection;
  /** What comes of each track. */
  readonly tracks = new Map<Track, MediaStreamTrack>();
  #found: Candidate[] = [];

  constructor(
    readonly attempt: number,
    readonly offer: string,
    private readonly device: string,
    private readonly context: PeerContext,
    changed: (path: Path) => void,
  ) {
    this.connection = new RTCPeerConnection(context.configuration());
    this.connection.onicecandidate = ({ candidate }) => {
      // The end of candidates says nothing that the other side would wait for.
      if (candidate && candidate.candidate !== "") this.#gathered(candidate);
    };
    this.connection.onconnectionstatechange = () => {
      changed(this);
    };
  }

  /** Takes the offer and answers it. */
  async answer(): Promise<string | undefined> {
    const { connection } = this;
    await connection.setRemoteDescription({ type: "offer", sdp: withStartBitrate(this.offer, START_KBIT_S) });
    await this.#attach();
    await connection.setLocalDescription(await connection.createAnswer());
    return connection.localDescription?.sdp;
  }

  /** Takes candidates of the other side. */
  async candidates(candidates: readonly Candidate[]): Promise<void> {
    for (const candidate of candidates) await this.connection.addIceCandidate(candidate).catch(() => undefined);
  }

  /** Sends something on a track from now on, or nothing. */
  async send(track: Track, media: MediaStreamTrack | null): Promise<void> {
    const transceiver = this.connection.getTransceivers()[TRACKS.indexOf(track)];
    await transceiver?.sender.replaceTrack(media).catch(() => undefined);
  }

  close(): void {
    this.connection.onicecandidate = this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  /** Sends nothing more, and closes when nothing is under way any more. */
  linger(): void {
    this.connection.onconnectionstatechange = null;
    for (const track of TRACKS) void this.send(track, null);
    setTimeout(() => {
      this.close();
    }, LINGER_MS);
  }

  /**
   * The sections stand in the order sound, camera, screen. Chromium looks for transforms once, right after it has read the description: all are
   * set before anything is awaited, and before there is a track to send.
   */
  async #attach(): Promise<void> {
    const added: [RTCRtpSender, Track][] = [];
    for (const [index, transceiver] of this.connection.getTransceivers().entries()) {
      const { sender, receiver } = transceiver;
      const track = TRACKS[index];
      if (track === undefined) continue;
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
    setTimeout(() => {
      this.context.found(this.attempt, this.#found.splice(0).slice(0, MAX_CANDIDATES));
    }, GATHERING_MS);
  }
}

async function limit(sender: RTCRtpSender, maxBitrate: number): Promise<void> {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
  // What can't be limited is sent as the browser sees fit.
  await sender.setParameters(parameters).catch(() => undefined);
}
