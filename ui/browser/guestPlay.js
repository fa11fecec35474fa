// What the checks of the client's page are made of: a guest, a member, a call between them, and what is seen of it.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { crowded } from "./room.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = process.env.BEZEL_SCREENS ?? "target/screens";
/** A busy machine needs its time. */
const PATIENCE = 45_000;

export const at = (page, id) => page.getByTestId(id).first();

/** A link as a member makes it. */
function newLink(closes) {
  const seed = randomBytes(32).toString("hex");
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex");
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })).export({
    format: "der",
    type: "spki",
  });
  const fragment = Buffer.concat([Buffer.of(1), randomBytes(16), randomBytes(32), spki.subarray(-32)]).toString(
    "base64url",
  );
  return { id: randomUUID(), seed, fragment, closes };
}

/** What may be done on one stage; each check closes what it opened. */
export class Play {
  faults = [];
  #contexts = [];

  constructor({ browser, relay, origin, modules }) {
    Object.assign(this, { browser, relay, origin, modules });
  }

  link(closes) {
    const link = newLink(closes);
    this.relay.link(link.id, closes);
    return link;
  }

  /** Opens the page by a link. */
  async guest(
    link,
    { fragment = link.fragment, width = 1280, height = 800, theme = "light", locale = "en-GB", prepare } = {},
  ) {
    const context = await this.browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: "reduce",
      locale,
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.faults.push(error.message));
    page.on("console", (line) => {
      // A connection that is broken on purpose is no fault of the page.
      if (line.type() === "error" && !/WebSocket connection/.test(line.text())) this.faults.push(line.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(this.origin)) this.faults.push(`asks for ${request.url()}`);
      if (link.fragment && request.url().includes(link.fragment.slice(4, 20))) this.faults.push("sends its secret");
    });
    if (prepare) await page.addInitScript(prepare);
    await page.goto(`${this.origin}/call/${link.id}#${fragment}`);
    return page;
  }

  /** A member comes to a link. */
  async member(link, name = "Ana Moreau") {
    const context = await this.browser.newContext();
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.faults.push(`member: ${error.message}`));
    await page.goto(`${this.modules}/member`);
    const socket = `${this.origin.replace("http", "ws")}/member/${link.id}`;
    await page.evaluate(
      async ({ path, ...options }) => {
        const { Member } = await import(path);
        globalThis.member = await Member.come(options);
      },
      { path: "/browser/guestMember.js", socket, seed: link.seed, fragment: link.fragment, device: randomUUID(), name },
    );
    return page;
  }

  /** A guest who has knocked, the member who heard it. */
  async knocked(look) {
    const link = this.link();
    const member = await this.member(link);
    const page = await this.guest(link, look);
    await at(page, "turn-on").click();
    await at(page, "name").fill("Chiara Rossi");
    await at(page, "ask").click();
    const guest = await until(() => member.evaluate(() => globalThis.member.knocks[0]?.guest));
    return { link, member, page, guest };
  }

  /** The two in a call, with pictures both ways. */
  async called(look, secrets) {
    const set = await this.knocked(look);
    await this.admit(set, secrets);
    return set;
  }

  /** Lets a guest in; the page shows the call, or why there is none. */
  async admit({ link, member, page, guest }, secrets, servers = []) {
    this.relay.notice(link.id, guest, { kind: "admitted", ice_servers: servers });
    await member.evaluate(([who, how]) => globalThis.member.admit(who, how), [guest, secrets]);
    await at(page, "stage").or(at(page, "ended")).first().waitFor();
  }

  async close() {
    for (const context of this.#contexts) await context.close();
  }
}

/** Waits until `look` finds something, and gives it. */
export async function until(look) {
  const since = Date.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) return found;
    assert.ok(Date.now() - since < PATIENCE, `waited in vain for ${String(look)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What the guest sees of the member. */
export const seen = (page) =>
  page.evaluate(() => {
    const picture = document.querySelector('[data-testid="picture"]');
    const { sealed, opened, refused } = document.querySelector('[data-testid="stage"]').dataset;
    return {
      width: picture?.videoWidth ?? 0,
      frames: picture?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
      sealed: Number(sealed),
      opened: Number(opened),
      refused: Number(refused),
    };
  });
export const memberSees = (member) => member.evaluate(() => globalThis.member.seen());

/** Pictures flow in both directions: so many more than there were. */
export async function flows({ page, member }, more = 30) {
  await grows(async () => (await seen(page)).frames, more);
  await grows(async () => (await memberSees(member)).camera.frames, more);
}

/** A count goes up by so many. One that falls is that of another path, and begins anew. */
async function grows(count, more) {
  let before = await count();
  await until(async () => {
    const now = await count();
    before = Math.min(before, now);
    return now >= before + more;
  });
}

async function objections(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`));
}

/** axe finds nothing, everything has room and is large enough for a finger; a picture of it is drawn. */
export async function looksWell(page, name) {
  await page.evaluate(() => document.fonts.ready);
  assert.deepEqual(await objections(page), [], name);
  assert.deepEqual(await page.evaluate(crowded), [], name);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, select")]
      .filter((it) => it.checkVisibility() && Math.min(it.clientWidth, it.clientHeight) < 42)
      .map((it) => `${it.dataset.testid ?? it.textContent}: ${String(it.clientWidth)} × ${String(it.clientHeight)}`),
  );
  assert.deepEqual(small, [], `${name}: too small for a finger`);
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: `${SCREENS}/guest-${name}.png` });
}
