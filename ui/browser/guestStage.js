// The client's page as a relay serves it, with its policy; a relay that passes signals on between it and a member; a browser with devices.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createHttp } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";
import { build, createServer } from "vite";
import { WebSocketServer } from "ws";

const BROWSERS = [process.env.BEZEL_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--allow-loopback-in-peer-connection",
];
/** That of the relay. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; media-src 'self' blob:; worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
};

/** Serves the page at a free port, opens a browser, runs `work`, and ends all of it. */
export async function guestStage(work) {
  const executablePath = BROWSERS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("No Chromium: install Debian's chromium, or name one in BEZEL_CHROMIUM.");
  const folder = await mkdtemp(join(tmpdir(), "bezel-guest-"));
  await build({ configFile: "vite.guest.config.ts", logLevel: "error", build: { outDir: folder } });
  // The member's side runs the page's own modules, served as they are.
  const modules = await createServer({
    server: { port: 0, strictPort: false, host: "127.0.0.1" },
    optimizeDeps: { include: ["@hpke/core"] },
    logLevel: "error",
    plugins: [{ name: "member", configureServer: ({ middlewares }) => void middlewares.use("/member", blank) }],
  });
  await modules.listen();
  const relay = new TestRelay(folder);
  const origin = await relay.listen();
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    return await work({
      browser,
      relay,
      origin,
      modules: `http://127.0.0.1:${String(modules.httpServer.address().port)}`,
    });
  } finally {
    await browser.close();
    await relay.close();
    await modules.close();
    await rm(folder, { recursive: true });
  }
}

/** A page of the same origin as the modules. */
function blank(_, response) {
  response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Member</title>");
}

/** What a relay does for guests: it serves the page, says hello, and passes sealed signals on unread. */
class TestRelay {
  /** Each link's members and guests. */
  #links = new Map();
  #http = createHttp((request, response) => void this.#serve(request, response));
  #sockets = new WebSocketServer({ server: this.#http });

  constructor(folder) {
    this.folder = folder;
    this.#sockets.on("connection", (socket, request) => this.#connected(socket, new URL(request.url, "ws://relay")));
  }

  async listen() {
    await new Promise((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${String(this.#http.address().port)}`;
  }

  async close() {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** A link that this relay knows; `closes` names the reason for which it turns everyone away. */
  link(id, closes) {
    this.#links.set(id, { members: new Set(), guests: new Map(), closes });
  }

  /** Tells a guest something. */
  notice(link, guest, notice) {
    this.#links.get(link).guests.get(guest).socket.send(JSON.stringify(notice));
  }

  /** Breaks a guest's connection, as a network does. */
  drop(link, guest) {
    this.#links.get(link).guests.get(guest).socket.terminate();
  }

  /** Breaks it, and knows nothing of this browser when it comes back. */
  forget(link, guest) {
    this.drop(link, guest);
    this.#links.get(link).guests.delete(guest);
  }

  /** Whether a link's guests reach this relay at all. */
  away(link, isAway) {
    this.#links.get(link).isAway = isAway;
    if (isAway) for (const { socket } of this.#links.get(link).guests.values()) socket.terminate();
  }

  /** How often each guest of a link has connected. */
  connections(link) {
    return [...this.#links.get(link).guests.values()].map(({ connections }) => connections);
  }

  async #serve({ url }, response) {
    const { pathname } = new URL(url, "http://relay");
    const asset = /^\/call\/assets\/([\w.-]+)$/.exec(pathname)?.[1];
    const file = asset ? join("assets", asset) : pathname.startsWith("/call/") ? "index.html" : undefined;
    const body = file && (await readFile(join(this.folder, file)).catch(() => undefined));
    const headers = { "content-security-policy": POLICY, "referrer-policy": "no-referrer" };
    if (body) response.writeHead(200, { ...headers, "content-type": TYPES[extname(file)] }).end(body);
    else response.writeHead(404).end();
  }

  #connected(socket, { pathname, searchParams }) {
    const [, side, id] = /^\/(member|v1\/guest)\/(.+)$/.exec(pathname) ?? [];
    const link = this.#links.get(id);
    if (!link) return socket.close();
    if (side === "member") {
      link.members.add(socket);
      socket.on("message", (text) => {
        const { guest, data } = JSON.parse(text);
        // To everyone who is there, wrong keys or not: this relay is not to be trusted.
        for (const [other, { socket: to }] of link.guests)
          if (!guest || other === guest || link.tells) to.send(Buffer.from(data, "base64"));
      });
      return;
    }
    if (link.isAway) return socket.terminate();
    if (link.closes) return socket.send(JSON.stringify({ kind: "closed", reason: link.closes }));
    const back = link.guests.get(searchParams.get("guest"));
    const known = back && back.token === searchParams.get("token");
    const guest = known ? searchParams.get("guest") : randomUUID();
    const token = known ? back.token : randomUUID();
    link.guests.set(guest, { socket, token, connections: (known ? back.connections : 0) + 1 });
    socket.send(
      JSON.stringify({
        kind: "hello",
        guest,
        token,
        workspace: "Maison Lune",
        inviter: "Ana Moreau",
        expires_at_ms: Date.now() + 3_600_000,
      }),
    );
    socket.on("message", (data) => {
      for (const member of link.members) member.send(JSON.stringify({ guest, data: data.toString("base64") }));
    });
  }

  /** From now on every guest of a link hears what is meant for one. */
  tellEveryone(link) {
    this.#links.get(link).tells = true;
  }
}
