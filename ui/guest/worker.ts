// Frames are sealed and opened here, away from the page's own work. Keys of frames are nowhere else.
import { generation, TRACKS, type Track } from "./crypto/frameKey";
import { FrameError, FrameOpener, FrameSealer, Generations } from "./crypto/frames";
import { fromHex, type Bytes } from "./crypto/bytes";
import type { FrameStats, FromWorker, ToWorker, TransformOptions } from "./call/workerMessages";

/** What a browser gives a script transform (W3C, WebRTC Encoded Transform §5); TypeScript's page library does not have it. */
interface Transformer {
  readonly readable: ReadableStream<RTCEncodedAudioFrame | RTCEncodedVideoFrame>;
  readonly writable: WritableStream<RTCEncodedAudioFrame | RTCEncodedVideoFrame>;
  readonly options: TransformOptions;
  sendKeyFrameRequest?: () => Promise<unknown>;
}
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((event: { readonly transformer: Transformer }) => void) | null;
  postMessage: (message: FromWorker) => void;
}

const scope = globalThis as unknown as Scope;
/** A key frame is asked for at most this often, in milliseconds. */
const KEY_FRAME_GAP_MS = 500;

const generations = new Generations();
const sealers = new Map<Track, FrameSealer>();
const openers = new Map<string, FrameOpener>();
const stats: FrameStats = { sealed: 0, opened: 0, closed: 0, replayed: 0, short: 0 };

scope.onmessage = ({ data }) => {
  if (data.kind === "secret") void take(data.me, data.call, data.generation, data.secret);
  else scope.postMessage({ kind: "stats", asked: data.asked, stats: { ...stats } });
};

scope.onrtctransform = ({ transformer }) => {
  const { options } = transformer;
  const transform =
    options.side === "send" ? sealing(options.track) : opening(options.sender, options.track, transformer);
  // A connection that closes ends its streams in the middle; nothing is to be done then.
  transformer.readable
    .pipeThrough(transform)
    .pipeTo(transformer.writable)
    .catch(() => undefined);
};

async function take(me: Bytes, call: Bytes, number: number, secret: Bytes): Promise<void> {
  const next = await generation(call, number, secret);
  secret.fill(0);
  generations.take(next, performance.now());
  // One sealer a track for as long as the page is open: connections come and go, its counter goes on.
  for (const track of TRACKS) if (!sealers.has(track)) sealers.set(track, new FrameSealer(generations, me, track));
}

type Frames = TransformStream<RTCEncodedAudioFrame | RTCEncodedVideoFrame, RTCEncodedAudioFrame | RTCEncodedVideoFrame>;

function sealing(track: Track): Frames {
  return new TransformStream({
    transform: async (frame, controller) => {
      // Without a key nothing goes out, least of all in clear.
      const sealed = await attempt(() => sealers.get(track)?.seal(new Uint8Array(frame.data)));
      if (!sealed) return;
      stats.sealed += 1;
      frame.data = sealed.buffer;
      controller.enqueue(frame);
    },
  });
}

function opening(sender: string, track: Track, transformer: Transformer): Frames {
  const name = `${sender}/${track}`;
  const opener = openers.get(name) ?? new FrameOpener(generations, fromHex(sender), track);
  openers.set(name, opener);
  let asked = -KEY_FRAME_GAP_MS;
  return new TransformStream({
    transform: async (frame, controller) => {
      const opened = await attempt(() => opener.open(new Uint8Array(frame.data), performance.now()));
      if (opened) {
        stats.opened += 1;
        frame.data = opened.buffer;
        controller.enqueue(frame);
      } else if (track !== "audio" && performance.now() - asked >= KEY_FRAME_GAP_MS) {
        // What builds on it can't be shown either.
        asked = performance.now();
        transformer.sendKeyFrameRequest?.().catch(() => undefined);
      }
    },
  });
}

/** What came of it; undefined, and counted, where the frame is not taken. */
async function attempt(work: () => Promise<Bytes> | undefined): Promise<Bytes | undefined> {
  try {
    return await work();
  } catch (error) {
    stats[error instanceof FrameError ? error.reason : "closed"] += 1;
    return undefined;
  }
}
