// The interface over the fake core, built as it ships, and a browser that looks at it.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build, preview as serve } from "vite";

const BROWSERS = [process.env.BEZEL_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];

/** Serves the interface at a free port, opens a browser, runs `work`, and ends both. */
export async function stage(work) {
  const executablePath = BROWSERS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("No Chromium: install Debian's chromium, or name one in BEZEL_CHROMIUM.");
  const folder = await mkdtemp(join(tmpdir(), "bezel-interface-"));
  await build({
    logLevel: "error",
    // The core is the fake one.
    define: { "import.meta.env.DEV": "true" },
    build: {
      outDir: folder,
      rollupOptions: {
        // What a journey asks for by itself has a name of its own.
        input: { index: "ui/index.html", planePainter: "ui/src/data/planePainter.ts" },
        output: { entryFileNames: "[name].js" },
        preserveEntrySignatures: "strict",
      },
    },
  });
  const server = await serve({
    logLevel: "error",
    build: { outDir: folder },
    preview: { port: 0, strictPort: false, host: "127.0.0.1" },
  });
  const address = server.httpServer.address();
  if (!address || typeof address === "string") throw new Error("The server has no port.");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    return await work({ browser, origin: `http://127.0.0.1:${String(address.port)}` });
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
}

/** A page of its own, with nothing remembered; `look` is {scene, window, theme, language, scale, width, height, without}. */
export async function open({ browser, origin }, look = {}) {
  const {
    scene = "main",
    window = "main",
    theme = "light",
    language = "en",
    scale = 1,
    width = 1280,
    height = 800,
    without = [],
  } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    reducedMotion: "reduce",
    colorScheme: theme,
  });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") faults.push(line.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:")) faults.push(`asks for ${url}`);
  });
  if (scale !== 1) {
    // The size of text is there before anything is drawn, as a setting of the system is.
    await page.addInitScript(
      (size) => {
        document.addEventListener("readystatechange", () => (document.documentElement.style.fontSize = size));
      },
      `${String(scale * 100)}%`,
    );
  }
  await page.addInitScript(takeAway, without);
  await page.goto(`${origin}/?scene=${scene}&window=${window}&language=${language}`);
  await page.locator("#root > *").first().waitFor();
  return { page, faults, close: () => context.close() };
}

/** Makes a browser of one that can less. */
function takeAway(abilities) {
  if (abilities.includes("VideoDecoder")) delete globalThis.VideoDecoder;
  if (!abilities.includes("WebGL")) return;
  const get = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...options) {
    return kind === "webgl" ? null : get.call(this, kind, ...options);
  };
}

export const at = (page, id) => page.locator(`[data-testid="${id}"]`).first();

/** How large the app makes its windows. */
const CALL = { window: "call", width: 1040, height: 680 };
const BLIND = { ...CALL, without: ["VideoDecoder", "WebGL"] };
const INCOMING = { window: "incoming", width: 400, height: 440 };

/** Every screen: how it is reached from the scene it stands on, and where it is a window of its own, which and how large. */
export const screens = [
  { name: "first-run", scene: "new", go: (page) => at(page, "door-create").waitFor() },
  { name: "create", scene: "new", go: (page) => at(page, "door-create").click() },
  { name: "join", scene: "new", go: (page) => at(page, "door-join").click() },
  { name: "recovery-words", scene: "new", go: begin },
  { name: "locked", scene: "locked", go: () => undefined },
  { name: "main", scene: "main", go: choose },
  { name: "main-nothing-chosen", scene: "main", go: (page) => at(page, "conversation-item").waitFor() },
  { name: "details", scene: "main", go: details },
  { name: "offline", scene: "offline", go: choose },
  { name: "disk-full", scene: "disk-full", go: choose },
  { name: "alarm", scene: "alarm", go: choose },
  {
    name: "alarms",
    scene: "alarm",
    go: async (page) => (await choose(page), await at(page, "alarm-show").click(), at(page, "alarm-line").waitFor()),
  },
  { name: "hallmark", scene: "main", go: async (page) => (await choose(page), at(page, "hallmark").click()) },
  { name: "new-conversation", scene: "main", go: (page) => at(page, "conversation-new").click() },
  { name: "search", scene: "main", go: search },
  { name: "people", scene: "main", go: (page) => visit(page, "nav-people") },
  { name: "files-thread", scene: "files", go: thread },
  { name: "files", scene: "files", go: (page) => visit(page, "nav-files") },
  { name: "files-none", scene: "main", go: (page) => visit(page, "nav-files") },
  { name: "file-menu", scene: "files", go: async (page) => (await thread(page), fileMenu(page)) },
  {
    name: "file-log",
    scene: "files",
    go: async (page) => (await thread(page), await fileMenu(page), at(page, "file-log").click()),
  },
  {
    name: "file-withdraw",
    scene: "files",
    go: async (page) => (await thread(page), await fileMenu(page), at(page, "file-withdraw").click()),
  },
  { name: "preview-image", scene: "files", go: (page) => preview(page, "preview-image", "f-6") },
  { name: "preview-pdf", scene: "files", go: (page) => preview(page, "preview-pdf-page[data-drawn]", "f-2") },
  { name: "attachments", scene: "main", go: async (page) => (await choose(page), attach(page)) },
  { name: "calls", scene: "calls", go: (page) => visit(page, "nav-calls") },
  { name: "calls-links", scene: "calls", go: async (page) => (await visit(page, "nav-calls"), links(page)) },
  { name: "calls-links-none", scene: "main", go: async (page) => (await visit(page, "nav-calls"), links(page, 0)) },
  { name: "calls-none", scene: "main", go: (page) => visit(page, "nav-calls") },
  { name: "calls-thread", scene: "calls", go: choose },
  { name: "call-before", scene: "main", go: before },
  { name: "call-before-voice", scene: "main", go: (page) => before(page, "call-audio") },
  { name: "call-before-another", scene: "call", go: (page) => before(page, "call-video", "call-another-return") },
  { name: "call-invite", scene: "main", go: invite },
  {
    name: "call-invite-again",
    scene: "calls",
    go: async (page) => (await invite(page), at(page, "link-line").waitFor()),
  },
  {
    name: "call-link",
    scene: "main",
    go: async (page) => (await invite(page), await at(page, "link-make").click(), at(page, "link-url").waitFor()),
  },
  { name: "call", scene: "call", is: CALL, go: moving },
  { name: "call-group", scene: "call-group", is: CALL, go: moving },
  { name: "call-speaker", scene: "call-group", is: CALL, go: async (page) => (await moving(page), press(page, "g")) },
  { name: "call-people", scene: "call-group", is: CALL, go: async (page) => (await moving(page), press(page, "p")) },
  { name: "call-statistics", scene: "call", is: CALL, go: statistics },
  { name: "call-guest", scene: "call-guest", is: CALL, go: moving },
  { name: "call-screen", scene: "call-screen", is: CALL, go: moving },
  { name: "call-sharing", scene: "call-sharing", is: CALL, go: moving },
  { name: "call-no-pictures", scene: "call", is: BLIND, go: (page) => at(page, "picture-none").waitFor() },
  { name: "call-voice", scene: "call-audio", is: CALL, go: (page) => at(page, "call-tile").waitFor() },
  {
    name: "call-picker",
    scene: "call",
    is: CALL,
    go: async (page) => (await moving(page), await press(page, "s"), at(page, "share-option").waitFor()),
  },
  {
    name: "call-microphone",
    scene: "call",
    is: CALL,
    go: async (page) => (
      await moving(page),
      await at(page, "call-microphone-menu").click(),
      at(page, "call-level").waitFor()
    ),
  },
  { name: "call-ringing", scene: "call-ringing", is: CALL, go: standing },
  { name: "call-reconnecting", scene: "call-reconnecting", is: CALL, go: standing },
  { name: "call-lost", scene: "call-lost", is: CALL, go: standing },
  { name: "call-problem", scene: "call-problem", is: CALL, go: moving },
  { name: "call-ended", scene: "call-ended", is: CALL, go: (page) => at(page, "call-ended").waitFor() },
  { name: "call-declined", scene: "call-declined", is: CALL, go: (page) => at(page, "call-ended").waitFor() },
  { name: "incoming", scene: "incoming", is: INCOMING, go: (page) => at(page, "incoming").waitFor() },
  { name: "incoming-guest", scene: "incoming-guest", is: INCOMING, go: (page) => at(page, "incoming").waitFor() },
  { name: "settings", scene: "main", go: (page) => visit(page, "nav-settings") },
  { name: "empty", scene: "empty", go: () => undefined },
  { name: "message-states", scene: "states", go: choose },
  { name: "log", scene: "log", go: async (page) => (await details(page), at(page, "written-before").focus()) },
  { name: "unverified", scene: "unverified", go: details },
  { name: "read-only", scene: "reader", go: choose },
  { name: "removed", scene: "removed", go: choose },
  { name: "unconfirmed", scene: "unconfirmed", go: choose },
  { name: "loading", scene: "loading", go: () => undefined },
  { name: "error", scene: "error", go: () => undefined },
];

/** How a screen is opened under a look: a small screen has no room for a larger window. */
export function lookOf({ scene, is = {} }, look) {
  const fit = (side) => (is[side] && look[side] ? Math.min(is[side], look[side]) : (is[side] ?? look[side]));
  const [width, height] = [fit("width"), fit("height")];
  return { ...look, scene, window: is.window, without: is.without, ...(width ? { width, height } : {}) };
}

export async function choose(page) {
  await page.locator('[data-testid="conversation-item"]', { hasText: "Moreau" }).first().click();
  await at(page, "message").waitFor();
}

async function visit(page, entry) {
  await at(page, entry).click();
  await page.locator("h1").waitFor();
  await page.waitForFunction(() => document.querySelector('[role="status"]') === null);
}

async function details(page) {
  await choose(page);
  await at(page, "details-toggle").click();
  await at(page, "member-row").waitFor();
}

async function search(page) {
  await page.keyboard.press("Control+k");
  await page.keyboard.type("halo");
  await page.waitForTimeout(400);
}

export async function begin(page) {
  await at(page, "door-create").click();
  await at(page, "field-name").fill("Maison Lune");
  await at(page, "field-handle").fill("ana");
  await at(page, "submit").click();
  await at(page, "recovery-word").waitFor();
}

/** The pictures of a call move. */
export async function moving(page) {
  await page.locator('[data-testid="call-picture"]:not([data-frames="0"])').first().waitFor();
}

async function press(page, key) {
  await page.keyboard.press(key);
}

async function statistics(page) {
  await moving(page);
  await press(page, "i");
  await at(page, "stats-srtp").waitFor();
  await page.waitForTimeout(2500);
}

async function standing(page) {
  await at(page, "call-standing").waitFor();
}

async function before(page, button = "call-video", opens = "call-start") {
  await choose(page);
  await at(page, button).click();
  await at(page, opens).waitFor();
  if (button === "call-video" && opens === "call-start")
    await page.locator('[data-testid="preview-picture"]:not([data-frames="0"])').waitFor();
}

async function invite(page) {
  await choose(page);
  await at(page, "call-invite").click();
  await at(page, "link-make").waitFor();
}

async function links(page, count = 3) {
  await at(page, "calls-links").click();
  await page.waitForFunction((lines) => document.querySelectorAll('[data-testid="link-line"]').length === lines, count);
}

async function thread(page) {
  await choose(page);
  await page.locator('[data-file-id="f-6"]').waitFor();
}

async function fileMenu(page, id = "f-2") {
  await page.locator(`[data-file-id="${id}"] [data-testid="file-menu"]`).click();
}

async function preview(page, shown, id) {
  await thread(page);
  // By key: with large text on a small screen the way to the newest message may lie over it.
  await page.locator(`[data-file-id="${id}"] [data-testid="file-preview"]`).press("Enter");
  const [name, rest = ""] = shown.split("[");
  await page
    .locator(`[data-testid="${name}"]${rest ? `[${rest}` : ""}`)
    .first()
    .waitFor();
}

/** Drops files on the conversation, as the desktop's other programs do. */
export async function attach(page, names = ["ring 2041.jpg", "offer.pdf"]) {
  await page.evaluate((list) => {
    const transfer = new DataTransfer();
    for (const name of list) transfer.items.add(new File(["stone"], name));
    const place = document.querySelector('[data-testid="conversation-drop"]');
    place.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }, names);
  await page
    .locator('[data-testid="attachment"][data-state="ready"]')
    .nth(names.length - 1)
    .waitFor();
}
