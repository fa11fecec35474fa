import type { PictureForm, PictureWire } from "./host";

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

/** Flags, the id by its length, and the time of a message, with room for more. */
function head(
  { person, isScreen }: Source,
  flags: number,
  microseconds: number,
  room: number,
): Uint8Array<ArrayBuffer> {
  const id = new TextEncoder().encode(person);
  const message = new Uint8Array(10 + id.length + room);
  message.set([flags | (isScreen ? 2 : 0) | (person === "" ? 4 : 0), id.length]);
  message.set(id, 2);
  new DataView(message.buffer).setBigInt64(2 + id.length, BigInt(Math.round((microseconds * 9) / 100)));
  return message;
}

/** A camera or a screen, and what becomes of its pictures. */
interface Camera {
  pen: CanvasRenderingContext2D;
  /** Whether it can take another picture now. */
  isFree: () => boolean;
  give: () => void;
  close: () => void;
}

const [WIDTH, HEIGHT] = [640, 360];

/** Encoded by the browser. */
function encoding(source: Source, pen: CanvasRenderingContext2D, hear: (message: ArrayBuffer) => void): Camera {
  let frames = 0;
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const message = head(source, chunk.type === "key" ? 1 : 0, chunk.timestamp, chunk.byteLength);
      chunk.copyTo(message.subarray(message.length - chunk.byteLength));
      hear(message.buffer);
    },
    error: () => undefined,
  });
  encoder.configure({ codec: "vp8", width: WIDTH, height: HEIGHT, bitrate: 900_000, latencyMode: "realtime" });
  return {
    pen,
    isFree: () => encoder.state === "configured" && encoder.encodeQueueSize <= 1,
    give() {
      const frame = new VideoFrame(pen.canvas, { timestamp: performance.now() * 1000 });
      encoder.encode(frame, { keyFrame: frames % FRAMES_TO_KEY === 0 });
      frames += 1;
      frame.close();
    },
    close() {
      if (encoder.state !== "closed") encoder.close();
    },
  };
}

/** As planes, as the app gives them to a web view that does not decode. */
function plane(source: Source, pen: CanvasRenderingContext2D, hear: (message: ArrayBuffer) => void): Camera {
  return {
    pen,
    isFree: () => true,
    give() {
      const planes = toI420(pen.getImageData(0, 0, WIDTH, HEIGHT));
      const message = head(source, 16, performance.now() * 1000, 4 + planes.length);
      const view = new DataView(message.buffer);
      view.setUint16(message.length - planes.length - 4, WIDTH);
      view.setUint16(message.length - planes.length - 2, HEIGHT);
      message.set(planes, message.length - planes.length);
      hear(message.buffer);
    },
    close: () => undefined,
  };
}

/** BT.601, limited range. */
function toI420({ data, width, height }: ImageData): Uint8Array {
  const planes = new Uint8Array((width * height * 3) / 2);
  const at = (pixel: number): [number, number, number] => [
    data[pixel] ?? 0,
    data[pixel + 1] ?? 0,
    data[pixel + 2] ?? 0,
  ];
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [r, g, b] = at(pixel * 4);
    planes[pixel] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
  }
  const [u, v] = [width * height, (width * height * 5) / 4];
  for (let place = 0; place < (width * height) / 4; place += 1) {
    const row = Math.floor(place / (width / 2));
    const [r, g, b] = at((row * 2 * width + (place % (width / 2)) * 2) * 4);
    planes[u + place] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
    planes[v + place] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
  }
  return planes;
}

/** Pictures of a fake call: drawn, and given over in the form in which the app does. */
export function fakePictures(
  form: PictureForm,
  sources: () => Source[],
  hear: (message: ArrayBuffer) => void,
): PictureWire {
  const cameras = new Map<string, Camera>();
  const camera = (source: Source): Camera | null => {
    const name = `${source.person}/${String(source.isScreen)}`;
    const found = cameras.get(name);
    if (found) return found;
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
    const pen = canvas.getContext("2d");
    if (!pen || (form === "vp8" && typeof VideoEncoder === "undefined")) return null;
    const made = (form === "vp8" ? encoding : plane)(source, pen, hear);
    cameras.set(name, made);
    return made;
  };
  const timer = setInterval(() => {
    for (const source of sources()) {
      const one = camera(source);
      if (!one?.isFree()) continue;
      draw(one.pen, source, performance.now() / 900);
      one.give();
    }
  }, EVERY_MS);
  return {
    say: () => undefined,
    close() {
      clearInterval(timer);
      cameras.forEach((one) => {
        one.close();
      });
    },
  };
}
