import type { PictureWire } from "./host";

const HUES: Record<string, number> = { "d-ben-1": 214, "d-lena-1": 152, "g-aldaine": 342, "g-moreau": 20, "": 38 };
const EVERY_MS = 100;
const FRAMES_TO_KEY = 20;

interface Source {
  person: string;
  isScreen: boolean;
}

/** Somebody at a bench in front of a window, or a drawing on a screen: what a camera and a screen are to a fake. */
function draw(pen: CanvasRenderingContext2D, { person, isScreen }: Source, time: number): void {
  const { width, height } = pen.canvas;
  const hue = HUES[person] ?? 270;
  if (isScreen) {
    pen.fillStyle = "#fdfcfa";
    pen.fillRect(0, 0, width, height);
    pen.strokeStyle = "#d9d4ca";
    for (let x = 0; x < width; x += 32) pen.strokeRect(x, -1, 32, height + 2);
    gem(pen, width / 2, height / 2, height * 0.36, 214, time / 4);
    pen.fillStyle = "#1b1a17";
    pen.font = "600 22px sans-serif";
    pen.fillText("Ring 2041 · halo 1.1 mm", 32, 48);
    return;
  }
  const light = pen.createLinearGradient(0, 0, width, height);
  light.addColorStop(0, `hsl(${String(hue)} 24% 78%)`);
  light.addColorStop(1, `hsl(${String(hue)} 22% 42%)`);
  pen.fillStyle = light;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = "rgb(255 255 255 / 35%)";
  pen.fillRect(width * 0.07, height * 0.1, width * 0.2, height * 0.5);
  const sway = Math.sin(time) * 6;
  pen.fillStyle = `hsl(${String(hue)} 26% 24%)`;
  pen.beginPath();
  pen.ellipse(width / 2 + sway / 2, height * 1.08, width * 0.24, height * 0.46, 0, 0, 7);
  pen.fill();
  pen.fillStyle = "#d8b59c";
  pen.beginPath();
  pen.ellipse(width / 2 + sway, height * 0.44, height * 0.16, height * 0.2, 0, 0, 7);
  pen.fill();
  pen.fillStyle = `hsl(${String(hue)} 20% 16%)`;
  pen.beginPath();
  pen.ellipse(width / 2 + sway, height * 0.35, height * 0.175, height * 0.14, 0, Math.PI * 0.95, Math.PI * 2.05);
  pen.fill();
  gem(pen, width * 0.78, height * 0.74, height * 0.09, hue, time);
}

/** A brilliant seen from the side. */
function gem(pen: CanvasRenderingContext2D, x: number, y: number, size: number, hue: number, turn: number): void {
  pen.save();
  pen.translate(x, y + Math.sin(turn) * size * 0.06);
  pen.scale(size / 20, size / 20);
  pen.fillStyle = `hsl(${String(hue)} 60% 62% / 75%)`;
  pen.strokeStyle = `hsl(${String(hue)} 60% 26%)`;
  pen.lineWidth = 0.7;
  const lines = new Path2D("M-10-12h20l8 8L0 18-18-4zM-18-4h36M-10-12l4 8 6-8 6 8 4-8M-6-4L0 18 6-4");
  pen.fill(lines);
  pen.stroke(lines);
  pen.restore();
}

/** Pictures of a fake call: drawn, encoded by the browser, and given over as the app does. */
export function fakePictures(sources: () => Source[], hear: (message: ArrayBuffer) => void): PictureWire {
  if (typeof VideoEncoder === "undefined") return { say: () => undefined, close: () => undefined };
  const cameras = new Map<string, { encoder: VideoEncoder; pen: CanvasRenderingContext2D; frames: number }>();
  const camera = (source: Source) => {
    const name = `${source.person}/${String(source.isScreen)}`;
    const found = cameras.get(name);
    if (found) return found;
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
    const pen = canvas.getContext("2d");
    if (!pen) return null;
    const encoder = new VideoEncoder({
      output: (chunk) => {
        const id = new TextEncoder().encode(source.person);
        const message = new Uint8Array(10 + id.length + chunk.byteLength);
        const flags = (chunk.type === "key" ? 1 : 0) | (source.isScreen ? 2 : 0) | (source.person === "" ? 4 : 0);
        message.set([flags, id.length]);
        message.set(id, 2);
        new DataView(message.buffer).setBigInt64(2 + id.length, BigInt(Math.round((chunk.timestamp * 9) / 100)));
        chunk.copyTo(message.subarray(10 + id.length));
        hear(message.buffer);
      },
      error: () => undefined,
    });
    encoder.configure({ codec: "vp8", width: 640, height: 360, bitrate: 900_000, latencyMode: "realtime" });
    const made = { encoder, pen, frames: 0 };
    cameras.set(name, made);
    return made;
  };
  const timer = setInterval(() => {
    for (const source of sources()) {
      const one = camera(source);
      if (!one || one.encoder.state !== "configured" || one.encoder.encodeQueueSize > 1) continue;
      draw(one.pen, source, performance.now() / 900);
      const frame = new VideoFrame(one.pen.canvas, { timestamp: performance.now() * 1000 });
      one.encoder.encode(frame, { keyFrame: one.frames % FRAMES_TO_KEY === 0 });
      one.frames += 1;
      frame.close();
    }
  }, EVERY_MS);
  return {
    say: () => undefined,
    close() {
      clearInterval(timer);
      cameras.forEach(({ encoder }) => {
        if (encoder.state !== "closed") encoder.close();
      });
    },
  };
}
