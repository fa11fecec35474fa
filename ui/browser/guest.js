// The client's page in a real browser: what it shows in each state, a call both ways with frames that nobody between can open, what a wrong
// link sees, how it comes back. Pictures of it are drawn into target/screens.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { guestStage } from "./guestStage.js";
import { crowded } from "./room.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = process.env.BEZEL_SCREENS ?? "target/screens";
/** A busy machine needs its time. */
const PATIENCE = 45_000;
const LOOKS = [
  { name: "1280-light", width: 1280, height: 800, theme: "light" },
  { name: "1280-dark", width: 1280, height: 800, theme: "dark" },
  { name: "360-light", width: 360, height: 740, theme: "light" },
  { name: "360-dark", width: 360, height: 740, theme: "dark" },
];

const at = (page, id) => page.getByTestId(id).first();

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
class Play {
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
async function until(look) {
  const since = Date.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) return found;
    assert.ok(Date.now() - since < PATIENCE, `waited in vain for ${String(look)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What the guest sees of the member. */
const seen = (page) =>
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
const memberSees = (member) => member.evaluate(() => globalThis.member.seen());

/** Pictures flow in both directions: so many more than there were. */
async function flows({ page, member }, more = 30) {
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
async function looksWell(page, name) {
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

/** Ben comes too, and Ana shares her screen. */
async function three(play, look) {
  const link = play.link();
  const [ana, ben] = [await play.member(link), await play.member(link, "Ben Okafor")];
  const page = await play.guest(link, look);
  await at(page, "turn-on").click();
  await at(page, "name").fill("Chiara Rossi");
  await at(page, "ask").click();
  for (const member of [ana, ben]) {
    const guest = await until(() => member.evaluate(() => globalThis.member.knocks[0]?.guest));
    await play.admit({ link, member, page, guest });
    await flows({ page, member }, 10);
  }
  await until(async () => (await page.getByTestId("tile").count()) === 2);
  await looksWell(page, `two-${look.name}`);
  await ana.evaluate(() => globalThis.member.share(globalThis.member.knocks[0].guest));
  await until(() =>
    page.evaluate(() => (document.querySelector('[data-testid="screen-picture"]')?.videoWidth ?? 0) > 0),
  );
  await looksWell(page, `screen-${look.name}`);
  await at(page, "layout").click();
  await looksWell(page, `grid-${look.name}`);
  assert.equal((await seen(page)).refused, 0);
  await ben.evaluate(() => globalThis.member.say(globalThis.member.knocks[0].guest, { kind: "left" }));
  await until(async () => (await page.getByTestId("tile").count()) === 1);
}

const checks = {
  "a call goes both ways, opened at both ends and nowhere else": async (play) => {
    const set = await play.called();
    const { member, page, guest } = set;
    await flows(set);
    const [here, there] = [await seen(page), await memberSees(member)];
    assert.ok(here.width > 0 && there.camera.width > 0);
    assert.deepEqual([here.refused, there.frames.closed, there.frames.short], [0, 0, 0]);
    assert.ok(here.sealed > 30 && here.opened > 30);
    await at(page, "safety").click();
    const code = (await at(page, "safety-code").innerText()).replaceAll(/\s+/g, " ").trim();
    assert.equal(code, await member.evaluate((who) => globalThis.member.code(who), guest));
    assert.match(await at(page, "cipher").innerText(), /SRTP/);
    assert.equal(await at(page, "tile-name").innerText(), "Ana Moreau");
  },

  "microphone, camera and screen are switched, and the member is told": async (play) => {
    const set = await play.called();
    const { member, page } = set;
    await flows(set);
    const told = (wanted) =>
      until(() => member.evaluate((is) => JSON.stringify(globalThis.member.media) === is, JSON.stringify(wanted)));
    await told({ microphone: true, camera: true, screen: false });
    await at(page, "microphone").click();
    await told({ microphone: false, camera: true, screen: false });
    await at(page, "camera").click();
    await told({ microphone: false, camera: false, screen: false });
    await at(page, "microphone").click();
    await at(page, "camera").click();
    await told({ microphone: true, camera: true, screen: false });
    await flows(set, 10);
    await at(page, "screen").click();
    await told({ microphone: true, camera: true, screen: true });
    await until(async () => (await memberSees(member)).screen.width > 0);
    await at(page, "screen").click();
    await told({ microphone: true, camera: true, screen: false });
  },

  "a wrong fragment sees nothing, though the relay tells it everything": async (play) => {
    const set = await play.called();
    const { link, member } = set;
    play.relay.tellEveryone(link.id);
    const wrong = Buffer.from(link.fragment, "base64url");
    wrong[20] ^= 1;
    const stranger = await play.guest(link, { fragment: wrong.toString("base64url") });
    await at(stranger, "name").fill("Chiara Rossi");
    await at(stranger, "ask").click();
    await until(() => member.evaluate(() => globalThis.member.strangers > 0));
    await member.evaluate((who) => globalThis.member.say(who, { kind: "waiting", member: "Ana Moreau" }), set.guest);
    await flows(set);
    assert.match(await at(stranger, "waiting-state").innerText(), /Letting Maison Lune know/);
    assert.equal(await stranger.getByTestId("tile").count(), 0);
    const heard = await member.evaluate(() => [...new Set(globalThis.member.knocks.map(({ guest }) => guest))]);
    assert.deepEqual(heard, [set.guest], "its knock was heard");
  },

  "the right link without being admitted sees nothing": async (play) => {
    const set = await play.called();
    play.relay.tellEveryone(set.link.id);
    const other = await play.guest(set.link);
    await at(other, "name").fill("Somebody Else");
    await at(other, "ask").click();
    await until(() => set.member.evaluate(() => globalThis.member.knocks.some(({ name }) => name === "Somebody Else")));
    // What lets the first one in opens for the first one alone.
    await set.member.evaluate((who) => globalThis.member.admit(who), set.guest);
    await flows(set);
    assert.equal(await other.getByTestId("stage").count(), 0);
    await at(other, "give-up").waitFor();
  },

  "frames under another secret are refused, not shown": async (play) => {
    const { page } = await play.called({}, { sealsWith: 0x99 });
    await until(async () => (await seen(page)).refused > 30);
    assert.deepEqual(await seen(page).then(({ width, opened }) => ({ width, opened })), { width: 0, opened: 0 });
  },

  "a browser that ignores transforms is found out, and sends no more": async (play) => {
    const ignore = () => {
      Object.defineProperty(RTCRtpSender.prototype, "transform", { set: () => undefined, get: () => null });
    };
    const { page } = await play.called({ prepare: ignore });
    await at(page, "ended").waitFor();
    assert.equal(await at(page, "ended").getAttribute("data-reason"), "unsealed");
    assert.match(await page.locator(".lead").innerText(), /It lacks: encryption of frames/);
  },

  "a new secret goes on without a break that stays": async (play) => {
    const set = await play.called();
    await flows(set);
    await set.member.evaluate((who) => globalThis.member.rekey(who, 1), set.guest);
    await flows(set);
    await set.member.evaluate((who) => globalThis.member.rekey(who, 2), set.guest);
    await flows(set);
    const before = await seen(set.page);
    await flows(set);
    assert.equal((await seen(set.page)).refused, before.refused);
  },

  "the way to the relay breaks, and the same browser comes back": async (play) => {
    const set = await play.called();
    await flows(set);
    const knocks = await set.member.evaluate(() => globalThis.member.knocks.length);
    play.relay.drop(set.link.id, set.guest);
    await until(() => play.relay.connections(set.link.id)[0] === 2);
    assert.equal(play.relay.connections(set.link.id).length, 1);
    await flows(set);
    // After a long break the member has let go of it, and counts anew when it knocks again.
    await until(() => set.member.evaluate((before) => globalThis.member.knocks.length > before, knocks));
    await set.member.evaluate((who) => {
      globalThis.member.attempt = 0;
      return globalThis.member.connect(who);
    }, set.guest);
    await flows(set);
    await at(set.page, "camera").click();
    await until(() => set.member.evaluate(() => globalThis.member.media.camera === false));
  },

  "a connection that broke is asked for anew, and taken anew": async (play) => {
    const set = await play.called();
    await flows(set);
    const knocks = await set.member.evaluate(() => globalThis.member.knocks.length);
    await set.member.evaluate(() => globalThis.member.connection.close());
    await until(() => set.member.evaluate(() => globalThis.member.restarts > 0));
    // A member that crashed knows no guest any more, and hears a restart of nobody.
    await until(() => set.member.evaluate((before) => globalThis.member.knocks.length > before, knocks));
    assert.match(await at(set.page, "call-state").innerText(), /Connecting again/);
    await set.member.evaluate((who) => globalThis.member.connect(who), set.guest);
    await until(async () => (await at(set.page, "call-state").innerText()) === "In the call");
    await flows({ ...set, page: set.page });
  },

  "whoever is denied a microphone in the call is told so": async (play) => {
    const deny = () => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    };
    const { page } = await play.called({ prepare: deny });
    await at(page, "microphone").click();
    await until(async () => /does not allow/.test(await at(page, "device-trouble").innerText()));
    await looksWell(page, "denied-in-call-1280-light");
    await page.setViewportSize({ width: 360, height: 740 });
    await looksWell(page, "denied-in-call-360-light");
  },

  "a member who welcomes it again, or comes later, is told what it sends": async (play) => {
    const set = await play.called();
    const { link, member, guest } = set;
    const isTold = (who) => who.evaluate(() => globalThis.member.media?.camera === true);
    await until(() => isTold(member));
    const ben = await play.member(link, "Ben Okafor");
    play.relay.drop(link.id, guest);
    await until(() => ben.evaluate(() => globalThis.member.knocks.length > 0));
    for (const welcoming of [member, ben]) {
      await welcoming.evaluate((who) => {
        globalThis.member.media = undefined;
        return globalThis.member.welcome(who);
      }, guest);
      await until(() => isTold(welcoming));
    }
  },

  "a browser that the relay has forgotten comes in anew, by the servers of its new admission": async (play) => {
    const watch = () => {
      globalThis.credentials = [];
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration) {
          super(configuration);
          globalThis.credentials.push(configuration.iceServers[0]?.credential);
        }
      };
    };
    const server = (credential) => ({ urls: ["turn:127.0.0.1:9?transport=udp"], username: "guest", credential });
    const set = await play.knocked({ prepare: watch });
    await play.admit(set, {}, [server("first")]);
    await flows(set);
    play.relay.forget(set.link.id, set.guest);
    await at(set.page, "give-up").waitFor();
    const anew = await until(() =>
      set.member.evaluate((old) => globalThis.member.knocks.find(({ guest }) => guest !== old)?.guest, set.guest),
    );
    await play.admit({ ...set, guest: anew }, {}, [server("second")]);
    await flows(set);
    assert.deepEqual(await set.page.evaluate(() => globalThis.credentials), ["first", "second"]);
  },

  "what is under way when the call ends brings nobody back into it": async (play) => {
    const slow = () => {
      globalThis.made = 0;
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration) {
          super(configuration);
          globalThis.made += 1;
        }
      };
      // The secret opens slowly, and what ends the call comes before.
      const derive = SubtleCrypto.prototype.deriveBits;
      SubtleCrypto.prototype.deriveBits = async function (algorithm, ...rest) {
        if (algorithm.name === "ECDH") {
          globalThis.opens = (globalThis.opens ?? 0) + 1;
          await new Promise((resolve) => (globalThis.go = resolve));
        }
        return derive.call(this, algorithm, ...rest);
      };
    };
    const closed = { kind: "closed", reason: "revoked" };
    const one = await play.knocked({ prepare: slow });
    await one.member.evaluate((who) => globalThis.member.admit(who), one.guest);
    await until(() => one.page.evaluate(() => globalThis.opens === 1));
    play.relay.notice(one.link.id, one.guest, closed);
    await at(one.page, "ended").waitFor();
    await one.page.evaluate(() => globalThis.go());
    // Here the secret is open, and the offer waits for servers.
    const other = await play.knocked({ prepare: slow });
    await other.member.evaluate((who) => globalThis.member.admit(who), other.guest);
    await until(() => other.page.evaluate(() => globalThis.opens === 1));
    await other.page.evaluate(() => globalThis.go());
    await at(other.page, "stage").waitFor();
    play.relay.notice(other.link.id, other.guest, closed);
    await at(other.page, "ended").waitFor();
    // Longer than an offer waits for servers.
    await other.page.waitForTimeout(3_000);
    for (const { page } of [one, other]) {
      assert.equal(await page.getByTestId("ended").count(), 1, "it is back in the call");
      assert.equal(await page.evaluate(() => globalThis.made), 0, "it connects after its end");
    }
  },

  "a member who went without a word is let go of, and comes back by an offer": async (play) => {
    const later = () => {
      const now = performance.now.bind(performance);
      globalThis.passed = 0;
      performance.now = () => now() + globalThis.passed;
    };
    const set = await play.called({ prepare: later });
    const { link, page, guest } = set;
    const ben = await play.member(link, "Ben Okafor");
    play.relay.drop(link.id, guest);
    await until(() => ben.evaluate(() => globalThis.member.knocks.length > 0));
    await ben.evaluate((who) => globalThis.member.admit(who), guest);
    await flows({ page: set.page, member: ben }, 5);
    const tiles = async (count) => (await page.getByTestId("tile").count()) === count;
    await until(() => tiles(2));
    await ben.evaluate(() => globalThis.member.connection.close());
    await until(async () => /Connecting again/.test(await at(page, "call-state").innerText()));
    assert.ok(await tiles(2), "it is let go of at once");
    // A path may seem to carry once more before it is gone: a minute passes until it is.
    await until(async () => {
      await page.evaluate(() => (globalThis.passed += 61_000));
      return tiles(1);
    });
    assert.equal(await at(page, "call-state").innerText(), "In the call");
    await ben.evaluate((who) => globalThis.member.connect(who), guest);
    await until(() => tiles(2));
    await until(async () => (await page.locator('[data-testid="tile"][data-state="connected"]').count()) === 2);
    await until(async () => (await page.getByTestId("picture").filter({ visible: true }).count()) === 2);
  },

  "what can't be said while the relay is away does not pile up": async (play) => {
    const set = await play.called();
    await flows(set);
    play.relay.away(set.link.id, true);
    await set.member.evaluate(() => {
      globalThis.member.connection.close();
      globalThis.member.kinds = [];
    });
    await until(async () => /Connecting again/.test(await at(set.page, "call-state").innerText()));
    // As long as a connection is asked for anew several times.
    await set.page.waitForTimeout(9_000);
    play.relay.away(set.link.id, false);
    await until(() => set.member.evaluate(() => globalThis.member.restarts > 0));
    const kinds = await set.member.evaluate(() => globalThis.member.kinds);
    assert.deepEqual(kinds.slice(0, 2), ["knock", "restart"]);
  },

  "whoever leaves says so; when the member leaves it is over": async (play) => {
    const one = await play.called();
    await at(one.page, "leave").click();
    await until(() => one.member.evaluate(() => globalThis.member.left));
    assert.equal(await at(one.page, "ended").getAttribute("data-reason"), "left");
    const other = await play.called();
    await other.member.evaluate((who) => globalThis.member.say(who, { kind: "left" }), other.guest);
    await at(other.page, "ended").waitFor();
    assert.equal(await at(other.page, "ended").getAttribute("data-reason"), "ended");
  },

  "a candidate that comes after its member left keeps nobody in the call": async (play) => {
    const { member, page, guest } = await play.called();
    await member.evaluate(async (who) => {
      const late = { candidate: "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host", sdpMid: "0", sdpMLineIndex: 0 };
      await globalThis.member.say(who, { kind: "left" });
      await globalThis.member.say(who, { kind: "candidates", attempt: 1, candidates: [late] });
      await globalThis.member.say(who, { kind: "candidates", attempt: 2, candidates: [late] });
    }, guest);
    await at(page, "ended").waitFor();
    assert.equal(await at(page, "ended").getAttribute("data-reason"), "ended");
  },

  "whoever is refused is told so": async (play) => {
    const { member, page, guest } = await play.knocked();
    await member.evaluate((who) => globalThis.member.say(who, { kind: "waiting", member: "Ana Moreau" }), guest);
    await until(async () => /Ana Moreau has been told/.test(await at(page, "waiting-state").innerText()));
    await member.evaluate((who) => globalThis.member.say(who, { kind: "refused" }), guest);
    await at(page, "ended").waitFor();
    assert.equal(await at(page, "ended").getAttribute("data-reason"), "refused");
  },

  "whoever has neither camera nor microphone, or allows none, comes in without": async (play) => {
    const deny = () => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    };
    const link = play.link();
    const member = await play.member(link);
    const page = await play.guest(link, { prepare: deny });
    await at(page, "turn-on").click();
    await until(async () => /does not allow/.test(await at(page, "device-trouble").innerText()));
    await looksWell(page, "denied-1280-light");
    await at(page, "ask").click();
    assert.match(await page.locator("#name-missing").innerText(), /Enter your name/);
    await at(page, "name").fill("Chiara Rossi");
    await at(page, "ask").click();
    const guest = await until(() => member.evaluate(() => globalThis.member.knocks[0]?.guest));
    await play.admit({ link, member, page, guest });
    await until(async () => (await seen(page)).frames > 30);
    assert.deepEqual(await member.evaluate(() => globalThis.member.media), {
      microphone: false,
      camera: false,
      screen: false,
    });
  },
};

for (const reason of ["used", "expired", "revoked", "ended", "refused"]) {
  checks[`the relay ends it: ${reason}`] = async (play) => {
    const page = await play.guest(play.link(reason));
    await at(page, "ended").waitFor();
    assert.equal(await at(page, "ended").getAttribute("data-reason"), reason);
    await looksWell(page, `${reason}-1280-light`);
  };
}

const SPOILED = {
  damaged: {},
  insecure: { prepare: () => Object.defineProperty(globalThis, "isSecureContext", { value: false }) },
  browser: { prepare: () => delete globalThis.RTCRtpScriptTransform },
};
for (const [reason, { prepare }] of Object.entries(SPOILED)) {
  checks[`it can't begin: ${reason}`] = async (play) => {
    const page = await play.guest(play.link(), {
      ...(reason === "damaged" ? { fragment: "AQ" } : {}),
      prepare,
      width: 360,
      height: 740,
    });
    await at(page, "ended").waitFor();
    assert.equal(await at(page, "ended").getAttribute("data-reason"), reason);
    await looksWell(page, `${reason}-360-light`);
  };
}

for (const look of LOOKS) {
  checks[`every state looks well: ${look.name}`] = async (play) => {
    const link = play.link();
    const door = await play.guest(link, look);
    await at(door, "turn-on").waitFor();
    await looksWell(door, `door-${look.name}`);
    await at(door, "turn-on").click();
    await at(door, "own-picture").waitFor();
    await at(door, "choose-camera").waitFor();
    await looksWell(door, `preview-${look.name}`);
    const set = await play.knocked(look);
    await set.member.evaluate(
      (who) => globalThis.member.say(who, { kind: "waiting", member: "Ana Moreau" }),
      set.guest,
    );
    await until(async () => /has been told/.test(await at(set.page, "waiting-state").innerText()));
    await looksWell(set.page, `waiting-${look.name}`);
    await play.admit(set);
    await flows(set);
    await looksWell(set.page, `call-${look.name}`);
    await at(set.page, "safety").click();
    await at(set.page, "safety-code").waitFor();
    await looksWell(set.page, `safety-${look.name}`);
    await at(set.page, "leave").click();
    await at(set.page, "ended").waitFor();
    await looksWell(set.page, `left-${look.name}`);
  };
}

for (const look of [LOOKS[0], LOOKS[3]]) {
  checks[`two members, one of whom shares a screen: ${look.name}`] = (play) => three(play, look);
}

for (const [locale, width] of [
  ["ar", 1280],
  ["ar", 360],
  ["hi", 360],
  ["fr", 360],
  ["it", 360],
]) {
  checks[`it speaks ${locale} at ${String(width)} pixels`] = async (play) => {
    const set = await play.knocked({ locale, width, height: 740 });
    assert.equal(await set.page.evaluate(() => document.documentElement.lang), locale);
    assert.equal(await set.page.evaluate(() => document.documentElement.dir), locale === "ar" ? "rtl" : "ltr");
    await looksWell(set.page, `waiting-${locale}-${String(width)}`);
    const door = await play.guest(set.link, { locale, width, height: 740 });
    await at(door, "turn-on").click();
    await at(door, "choose-camera").waitFor();
    await looksWell(door, `preview-${locale}-${String(width)}`);
  };
}

/** Runs the checks whose title holds `wanted`; gives the titles of those that failed. */
export async function guestChecks(wanted) {
  const chosen = Object.entries(checks).filter(([title]) => `client's page: ${title}`.includes(wanted));
  if (chosen.length === 0) return [];
  const failures = [];
  await guestStage(async (stage) => {
    for (const [title, work] of chosen) {
      const play = new Play(stage);
      try {
        await work(play);
        assert.deepEqual(play.faults, []);
        console.log(`ok   client's page: ${title}`);
      } catch (error) {
        failures.push(title);
        const text = String(error instanceof Error ? error.message : error);
        const faults = play.faults.length > 0 ? `\n${play.faults.join("\n")}` : "";
        console.error(`FAIL client's page: ${title}\n     ${`${text}${faults}`.replaceAll("\n", "\n     ")}`);
      } finally {
        await play.close();
      }
    }
  });
  return failures;
}

if (process.argv[1] === import.meta.filename)
  process.exitCode = (await guestChecks(process.argv[2] ?? "")).length > 0 ? 1 : 0;
