// A client's call in trouble: what breaks comes back, and what is over stays over.
import assert from "node:assert/strict";
import { at, flows, until } from "./guestPlay.js";

export const returns = {
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
};
