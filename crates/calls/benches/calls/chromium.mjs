// Chromium calls Chromium, in one page: the peer of what is measured of ours. Draws the pattern of the synthetic source with its counter and
// clock, sends it with a tone both ways, and reads the clock out of the frames that were decoded. A line of JSON a call on standard output.
// Arguments: calls, seconds to warm up, seconds that are measured.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const [calls, warm, measured] = process.argv.slice(2).map(Number);
const FLAGS = [
  "--no-sandbox",
  "--allow-loopback-in-peer-connection",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-features=WebRtcHideLocalIpsWithMdns",
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
];

/** Seconds of processor time of a process and of all that it started. */
function spent(root) {
  const processes = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      processes.set(Number(pid), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch {
      // It has ended.
    }
  }
  const isOf = (pid) => pid === root || (processes.has(pid) && isOf(processes.get(pid).parent));
  let ticks = 0;
  for (const [pid, process] of processes) if (isOf(pid)) ticks += process.ticks;
  return ticks / 100;
}

/** Runs in the page. */
function prepare() {
  const [WIDTH, HEIGHT, SQUARE] = [1280, 720, 16];
  const SALT = 0xbe2e1000;
  const words = (number, clock) => [number, clock, (number ^ ((clock << 7) | (clock >>> 25)) ^ SALT) >>> 0];

  // The pattern repeats after 512 pixels both ways.
  const tile = new OffscreenCanvas(512, 512);
  const pixels = new ImageData(512, 512);
  for (let row = 0; row < 512; row += 1) {
    for (let column = 0; column < 512; column += 1) {
      const luma = 40 + (((row ^ column) >> 2) & 127);
      pixels.data.set([luma, luma, luma, 255], (row * 512 + column) * 4);
    }
  }
  tile.getContext("2d").putImageData(pixels, 0, 0);

  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  document.body.append(canvas);
  const context = canvas.getContext("2d", { alpha: false, desynchronized: false });
  let number = 0;
  function draw() {
    const [down, across] = [(number * 3) % 512, Math.floor((number * 3) / 2) % 512];
    for (let y = -down; y < HEIGHT; y += 512) {
      for (let x = -across; x < WIDTH; x += 512) context.drawImage(tile, x, y);
    }
    words(number, Date.now() >>> 0).forEach((word, row) => {
      for (let bit = 0; bit < 32; bit += 1) {
        context.fillStyle = (word >>> (31 - bit)) & 1 ? "#fff" : "#000";
        context.fillRect(bit * SQUARE, row * SQUARE, SQUARE, SQUARE);
      }
    });
    number = (number + 1) >>> 0;
  }
  // A worker's timer is even.
  const ticks = new Worker(URL.createObjectURL(new Blob(["setInterval(() => postMessage(0), 1000 / 30)"])));
  ticks.onmessage = draw;
  const picture = canvas.captureStream(30).getVideoTracks()[0];
  const sound = new AudioContext();
  const oscillator = new OscillatorNode(sound, { frequency: 440 });
  const quiet = new GainNode(sound, { gain: 0.2 });
  const destination = new MediaStreamAudioDestinationNode(sound);
  oscillator.connect(quiet).connect(destination);
  oscillator.start();
  const tone = destination.stream.getAudioTracks()[0];

  /** Reads frames as they come out of the decoder. */
  async function watch(track, seen) {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      const at = Date.now();
      const scale = frame.codedWidth / WIDTH;
      const rect = { x: 0, y: 0, width: Math.ceil((512 * scale) / 2) * 2, height: Math.ceil((48 * scale) / 2) * 2 };
      const luma = new Uint8Array(frame.allocationSize({ rect }));
      const [plane] = await frame.copyTo(luma, { rect });
      const [width, height] = [frame.codedWidth, frame.codedHeight];
      frame.close();
      const read = [0, 1, 2].map((row) => {
        let word = 0;
        for (let bit = 0; bit < 32; bit += 1) {
          const y = Math.floor((row * SQUARE + SQUARE / 2) * scale);
          const x = Math.floor((bit * SQUARE + SQUARE / 2) * scale);
          word = ((word << 1) | (luma[plane.offset + y * plane.stride + x] > 125 ? 1 : 0)) >>> 0;
        }
        return word;
      });
      const isMark = words(read[0], read[1])[2] === read[2];
      seen.push({ at, age: isMark ? ((at >>> 0) - read[1]) >>> 0 : null, width, height });
    }
  }

  globalThis.call = async () => {
    // Told as ours are: who is called says so and the caller offers, in messages of their own; candidates follow.
    const wire = new MessageChannel();
    const sides = [new RTCPeerConnection(), new RTCPeerConnection()];
    const seen = [[], []];
    const ports = [wire.port1, wire.port2];
    sides.forEach((side, index) => {
      side.ontrack = ({ track, streams }) => {
        if (track.kind === "video") return void watch(track, seen[index]);
        const element = new Audio();
        element.srcObject = streams[0];
        void element.play();
      };
      side.onicecandidate = ({ candidate }) => candidate && ports[index].postMessage({ candidate: candidate.toJSON() });
      let early = [];
      const take = async (description) => {
        await side.setRemoteDescription(description);
        if (description.type === "offer") await describe();
        for (const candidate of early.splice(0)) await side.addIceCandidate(candidate);
      };
      const describe = async () => {
        add(side);
        await side.setLocalDescription();
        ports[index].postMessage({ description: side.localDescription.toJSON() });
      };
      ports[index].onmessage = async ({ data }) => {
        if (data.joined) await describe();
        else if (data.description) await take(data.description);
        else if (side.remoteDescription) await side.addIceCandidate(data.candidate);
        else early.push(data.candidate);
      };
    });
    function add(side) {
      const stream = new MediaStream([tone, picture]);
      side.addTrack(tone, stream);
      side.addTrack(picture, stream);
      const vp8 = RTCRtpSender.getCapabilities("video").codecs.filter(({ mimeType }) => /vp8|rtx/i.test(mimeType));
      side
        .getTransceivers()
        .find(({ sender }) => sender.track === picture)
        .setCodecPreferences(vp8);
    }
    const answered = Date.now();
    ports[1].postMessage({ joined: true });
    globalThis.running = { sides, seen, answered };
  };
  globalThis.take = async () => {
    const { seen, answered, sides } = globalThis.running;
    const frames = seen.map((list) => list.splice(0));
    const report = await sides[0].getStats();
    const of = (type, kind) => [...report.values()].find((entry) => entry.type === type && entry.kind === kind) ?? {};
    const { codecId, qualityLimitationReason, targetBitrate } = of("outbound-rtp", "video");
    const codec = report.get(codecId)?.mimeType;
    return { frames, answered, codec, qualityLimitationReason, targetBitrate };
  };
  globalThis.hangUp = () => globalThis.running.sides.forEach((side) => side.close());
}

const server = createServer((_, response) => response.end("<!doctype html><title>call</title>")).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const browserServer = await chromium.launchServer({ executablePath: "/usr/bin/chromium", args: FLAGS });
const pid = browserServer.process().pid;
try {
  const browser = await chromium.connect(browserServer.wsEndpoint());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  page.on("pageerror", (error) => process.stderr.write(`${error}\n`));
  const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await page.evaluate(prepare);
  // Drawing alone, without a call, so that it can be taken off.
  await sleep(3);
  const [idle, since] = [spent(pid), Date.now()];
  await sleep(Math.min(measured, 10));
  process.stdout.write(`${JSON.stringify({ source: (spent(pid) - idle) / ((Date.now() - since) / 1000) })}\n`);
  for (let number = 0; number < calls; number += 1) {
    await page.evaluate(() => globalThis.call());
    await sleep(2);
    const first = await page.evaluate(() => globalThis.take());
    await sleep(warm - 2);
    await page.evaluate(() => globalThis.take().then(() => null));
    const [before, began] = [spent(pid), Date.now()];
    await sleep(measured);
    const [after, ended] = [spent(pid), Date.now()];
    const last = await page.evaluate(() => globalThis.take());
    await page.evaluate(() => globalThis.hangUp());
    const told = {
      first: first.frames.map(([frame]) => (frame ? frame.at - first.answered : null)),
      ages: last.frames.map((list) => list.map(({ age }) => age)),
      sizes: last.frames.map((list) => list.at(-1)?.height ?? 0),
      cpu: (after - before) / ((ended - began) / 1000),
      seconds: (ended - began) / 1000,
      codec: last.codec,
      limited: last.qualityLimitationReason,
      bit_s: last.targetBitrate,
    };
    process.stdout.write(`${JSON.stringify(told)}\n`);
    await sleep(1);
  }
  await browser.close();
} finally {
  await browserServer.close();
  server.close();
}
