// The client's page in a real browser: what it shows in each state, a call both ways with frames that nobody between can open, what a wrong
// link sees, how it comes back. Pictures of it are drawn into target/screens.
import assert from "node:assert/strict";
import { at, flows, looksWell, memberSees, Play, seen, until } from "./guestPlay.js";
import { returns } from "./guestReturns.js";
import { guestStage } from "./guestStage.js";

const LOOKS = [
  { name: "1280-light", width: 1280, height: 800, theme: "light" },
  { name: "1280-dark", width: 1280, height: 800, theme: "dark" },
  { name: "360-light", width: 360, height: 740, theme: "light" },
  { name: "360-dark", width: 360, height: 740, theme: "dark" },
];

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

  ...returns,
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
