// What people do in the interface, from the first press to what they see in the end.
import assert from "node:assert/strict";
import { at, attach, begin, choose, moving } from "./stage.js";

/** Scrolls back in steps until earlier messages are asked for; tells what stands where just before they come. */
async function scrollBack() {
  const thread = document.querySelector('[data-testid="thread"]');
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  for (let rest = 1400; rest > 400; rest -= 100) {
    thread.scrollTop = rest;
    await painted();
  }
  const height = thread.scrollHeight;
  thread.scrollTop = 380;
  const top = thread.getBoundingClientRect().top;
  const texts = [...thread.querySelectorAll('[data-testid="message"] div')].filter((it) => it.children.length === 0);
  const first = texts.find((it) => it.getBoundingClientRect().top >= top);
  return { height, text: first.textContent, top: first.getBoundingClientRect().top };
}

/** Runs in the page: where an element stands once nothing moves it any more. */
async function restingTop(it) {
  let top = Number.NaN;
  for (let still = 0; still < 12;) {
    await new Promise(requestAnimationFrame);
    const now = it.getBoundingClientRect().top;
    still = now === top ? still + 1 : 0;
    top = now;
  }
  return top;
}

/** How many pictures of somebody were drawn. */
const drawn = async (page, person) =>
  Number(await page.locator(`[data-testid="call-picture"][data-person="${person}"]`).getAttribute("data-frames"));

/** Bars of known colours over a white band, drawn as the app's planes are: what stands on the canvas, before and after the context was lost. */
async function drawBars(bars) {
  const { PlanePainter } = await import("/planePainter.js");
  const contexts = [];
  const get = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (...asked) {
    const context = get.apply(this, asked);
    if (asked[0] === "webgl") contexts.push(context);
    return context;
  };
  const painter = PlanePainter.open();
  const canvas = document.createElement("canvas");
  const draw = (width, height) => {
    const fill = (across, down, at) =>
      Uint8Array.from({ length: across * down }, (_, place) =>
        at((place % across) / across, Math.floor(place / across) / down),
      );
    const colour = (plane) => (x, y) => (y >= 0.5 ? [235, 128, 128] : bars[Math.floor(x * bars.length)].yuv)[plane];
    const [half, low] = [Math.ceil(width / 2), Math.ceil(height / 2)];
    const planes = { y: fill(width, height, colour(0)), u: fill(half, low, colour(1)), v: fill(half, low, colour(2)) };
    if (!painter.paint({ width, height, ...planes }, canvas)) return null;
    const pixel = (x, y) => [...canvas.getContext("2d").getImageData(x * width, y * height, 1, 1).data].slice(0, 3);
    const seen = bars.map((_, bar) => pixel((bar + 0.5) / bars.length, 0.25));
    return { size: [canvas.width, canvas.height], seen, below: pixel(0.5, 0.9) };
  };
  // The second is smaller than the first, the third has odd sides.
  const drawn = [draw(320, 180), draw(160, 90), draw(333, 187)];
  contexts[0].getExtension("WEBGL_lose_context").loseContext();
  return [...drawn, draw(320, 180), contexts.length];
}

/** BT.601, limited range (ITU-R BT.601-7 §2.5.3, rounded). */
const BARS = [
  { yuv: [16, 128, 128], rgb: [0, 0, 0] },
  { yuv: [235, 128, 128], rgb: [255, 255, 255] },
  { yuv: [81, 90, 240], rgb: [255, 0, 0] },
  { yuv: [145, 54, 34], rgb: [0, 255, 0] },
  { yuv: [41, 240, 110], rgb: [0, 0, 255] },
  { yuv: [210, 16, 146], rgb: [255, 255, 0] },
  { yuv: [126, 128, 128], rgb: [128, 128, 128] },
];

/** Whether two colours are the same but for rounding. */
function assertColour(seen, expected, what) {
  const off = seen.map((value, index) => Math.abs(value - expected[index]));
  assert.ok(Math.max(...off) <= 3, `${what}: ${String(seen)} instead of ${String(expected)}`);
}

const CALL = { window: "call", width: 1040, height: 680 };

export const journeys = [
  {
    title: "a call is begun after a look at oneself, and the way back to it stands in the conversation",
    go: async (page) => {
      await choose(page);
      await at(page, "call-video").click();
      await page.locator('[data-testid="preview-picture"]:not([data-frames="0"])').waitFor();
      await page.keyboard.press("Enter");
      await at(page, "call-return").waitFor();
      assert.equal(await at(page, "call-start").count(), 0);
    },
  },
  {
    title: "the pictures of a call move, are muted and left by keys, and the end is told",
    scene: "call",
    ...CALL,
    go: async (page) => {
      await moving(page);
      const before = await drawn(page, "d-ben-1");
      await page.waitForFunction(
        (count) => Number(document.querySelector('[data-person="d-ben-1"] canvas').dataset.frames) > count + 5,
        before,
      );
      await page.keyboard.press("m");
      await page.locator('[data-testid="call-microphone"][data-off="true"]').waitFor();
      await page.keyboard.press("v");
      await page.locator('[data-testid="call-own"][data-lit="false"]').waitFor();
      await page.keyboard.press("Shift+L");
      await page.locator('[data-testid="call-ended"][data-outcome="completed"]').waitFor();
    },
  },
  {
    title: "planes are drawn by WebGL in their colours, in any size, and after the context was lost",
    go: async (page) => {
      const [...pictures] = await page.evaluate(drawBars, BARS);
      assert.equal(pictures.pop(), 2, "a second context was made");
      const sizes = [320, 160, 333, 320].map((width, index) => [width, [180, 90, 187, 180][index]]);
      assert.deepEqual(
        pictures.map((picture) => picture?.size),
        sizes,
      );
      pictures.forEach(({ seen, below }, index) => {
        BARS.forEach(({ rgb }, bar) => {
          assertColour(seen[bar], rgb, `picture ${String(index)}, bar ${String(bar)}`);
        });
        assertColour(below, [255, 255, 255], `picture ${String(index)}, below`);
      });
    },
  },
  {
    title: "where the browser does not decode, the pictures of a call move all the same, in their colours",
    scene: "call-screen",
    without: ["VideoDecoder"],
    ...CALL,
    go: async (page) => {
      await moving(page);
      const before = await drawn(page, "d-lena-1");
      await page.waitForFunction(
        (count) => Number(document.querySelector('[data-person="d-lena-1"] canvas').dataset.frames) > count + 5,
        before,
      );
      const paper = await page.evaluate(() => {
        const canvas = document.querySelector('canvas[data-screen="true"]');
        return [...canvas.getContext("2d").getImageData(16, 340, 1, 1).data].slice(0, 3);
      });
      assertColour(paper, [253, 252, 250], "the paper of the drawing");
    },
  },
  {
    title: "a link is withdrawn among all of them by keyboard, and where no more is it is said what links are for",
    scene: "calls",
    go: async (page) => {
      await at(page, "nav-calls").click();
      await at(page, "calls-links").click();
      await at(page, "link-line").waitFor();
      for (let rest = 3; rest > 0; rest -= 1) {
        assert.equal(await page.locator('[data-testid="link-line"]').count(), rest);
        await at(page, "link-withdraw").press("Enter");
        await page.waitForFunction(
          (count) => document.querySelectorAll('[data-testid="link-line"]').length < count,
          rest,
        );
        await page.waitForFunction(() => document.activeElement?.getAttribute("data-testid") === "link-withdrawn");
      }
      await page.getByRole("heading", { name: "No link works now" }).waitFor();
    },
  },
  {
    title: "alarms are put away one after the other by keyboard, and the banner goes with the last",
    scene: "alarm",
    go: async (page) => {
      await at(page, "alarm-show").press("Enter");
      await at(page, "alarm-acknowledge").waitFor();
      for (let rest = 2; rest > 0; rest -= 1) {
        assert.equal(await page.locator('[data-testid="alarm-acknowledge"]').count(), rest);
        await at(page, "alarm-acknowledge").press("Enter");
        await page.waitForFunction(
          (count) => document.querySelectorAll('[data-testid="alarm-acknowledge"]').length < count,
          rest,
        );
        const next = rest > 1 ? "alarm-acknowledge" : "dialog-close";
        await page.waitForFunction((id) => document.activeElement?.getAttribute("data-testid") === id, next);
      }
      await at(page, "alarm-banner").waitFor({ state: "detached" });
      assert.equal(await page.locator('[data-testid="alarm-line"][data-seen="true"]').count(), 2, "they stay listed");
    },
  },
  {
    title: "pictures go on after who speaks was made large and small again",
    scene: "call-group",
    ...CALL,
    go: async (page) => {
      await moving(page);
      for (const key of ["g", "g"]) {
        await page.keyboard.press(key);
        await page
          .locator('[data-testid="call-picture"][data-person="d-lena-1"]:not([data-frames="0"])')
          .waitFor({ state: "visible" });
      }
    },
  },
  {
    title: "a client at the door is let in, and sent away after one question",
    scene: "call-group",
    ...CALL,
    go: async (page) => {
      await at(page, "call-admit").click();
      await page.locator('[data-testid="call-tile"][data-person="g-moreau"]').waitFor();
      await page.keyboard.press("p");
      await page.locator('[data-testid="call-person"][data-person="g-moreau"] [data-testid="call-send-away"]').click();
      await at(page, "confirm").click();
      await page.locator('[data-testid="call-tile"][data-person="g-moreau"]').waitFor({ state: "detached" });
    },
  },
  {
    title: "a call that rings is answered, and its window asks to go",
    scene: "incoming",
    window: "incoming",
    width: 400,
    height: 440,
    go: async (page) => {
      await at(page, "incoming-video").click();
      await at(page, "incoming").waitFor({ state: "detached" });
    },
  },
  {
    title: "a workspace is started, and the recovery words can wait",
    scene: "new",
    go: async (page) => {
      await begin(page);
      assert.equal(await page.locator('[data-testid="recovery-word"]').count(), 24);
      await at(page, "recovery-later").click();
      await at(page, "conversation-new").waitFor();
    },
  },
  {
    title: "a message is written with the keyboard alone and is sent",
    go: async (page) => {
      await choose(page);
      await at(page, "composer-input").focus();
      await page.keyboard.type("Ready at five.");
      await page.keyboard.press("Enter");
      await page.locator('[data-testid="message"][data-state="sent"]', { hasText: "Ready at five." }).waitFor();
      assert.equal(await at(page, "composer-input").inputValue(), "");
    },
  },
  {
    title: "files are dropped, sent, looked at and withdrawn",
    go: async (page) => {
      await choose(page);
      await attach(page);
      await at(page, "composer-send").click();
      const row = page.locator('[data-testid="file"][data-state="available"]').first();
      await row.waitFor();
      assert.equal(await at(page, "attachment").count(), 0, "what was sent no longer waits");
      await row.locator('[data-testid="file-preview"]').click();
      await at(page, "preview-image").waitFor();
      await page.keyboard.press("Escape");
      await at(page, "preview").waitFor({ state: "detached" });
      await row.locator('[data-testid="file-menu"]').click();
      await at(page, "file-withdraw").click();
      await at(page, "withdraw-confirm").click();
      await page.locator('[data-testid="file"][data-state="revoked"]').waitFor();
    },
  },
  {
    title: "a file on its way is paused, goes on and is cancelled",
    scene: "files",
    go: async (page) => {
      await choose(page);
      await page.locator('[data-testid="transfer"][data-state="running"] [data-testid="transfer-pause"]').click();
      await page.locator('[data-testid="transfer"][data-state="running"]').waitFor({ state: "detached" });
      const film = at(page, "transfer").filter({ hasText: "Film of the setting" });
      await film.locator('[data-testid="transfer-cancel"]').click();
      await film.waitFor({ state: "detached" });
    },
  },
  {
    title: "files are found by kind and by name",
    scene: "files",
    go: async (page) => {
      await at(page, "nav-files").click();
      await at(page, "file-tile").first().waitFor();
      await at(page, "files-search").fill("vault");
      await page.waitForFunction(() => document.querySelectorAll('[data-testid="file-tile"]').length === 1);
      await at(page, "files-search").fill("");
      await at(page, "files-filter-kind").click();
      await at(page, "option-pdf").click();
      await page.waitForFunction(() => document.querySelectorAll('[data-testid="file-tile"]').length === 2);
    },
  },
  {
    title: "a draft stays with its conversation",
    go: async (page) => {
      await choose(page);
      await at(page, "composer-input").fill("Not yet said");
      await page.locator('[data-testid="conversation-item"]', { hasText: "Workshop" }).click();
      await page.locator('[data-testid="message"]', { hasText: "Casting" }).first().waitFor();
      assert.equal(await at(page, "composer-input").inputValue(), "");
      await choose(page);
      assert.equal(await at(page, "composer-input").inputValue(), "Not yet said");
    },
  },
  {
    title: "somebody is removed after one question, and the keys change",
    go: async (page) => {
      await choose(page);
      await at(page, "details-toggle").click();
      const before = await at(page, "epoch").textContent();
      await page.locator('[data-testid="member-menu"][data-handle="lena"]').click();
      await at(page, "menu-remove").click();
      await at(page, "confirm").click();
      await page.locator('[data-testid="member-row"][data-handle="lena"]').waitFor({ state: "detached" });
      assert.notEqual(await at(page, "epoch").textContent(), before);
    },
  },
  {
    title: "who leaves a conversation is asked once, and is out",
    scene: "reader",
    go: async (page) => {
      await choose(page);
      await at(page, "details-toggle").click();
      await at(page, "leave").click();
      await page.keyboard.press("Escape");
      await at(page, "confirm").waitFor({ state: "detached" });
      await at(page, "leave").click();
      await at(page, "confirm").click();
      await page.getByText("You are no longer a member of this conversation.").waitFor();
      await at(page, "leave").waitFor({ state: "detached" });
    },
  },
  {
    title: "five thousand messages draw a screenful",
    scene: "long",
    go: async (page) => {
      await choose(page);
      const drawn = await page.locator('[data-testid="message"]').count();
      assert.ok(drawn > 12 && drawn < 120, `${String(drawn)} messages stand in the page`);
    },
  },
  {
    title: "earlier messages come in above, and what one reads stays where it is",
    scene: "long",
    go: async (page) => {
      await choose(page);
      for (let times = 0; times < 3; times += 1) {
        const before = await page.evaluate(scrollBack);
        await page.waitForFunction(
          (height) => document.querySelector('[data-testid="thread"]').scrollHeight > height,
          before.height,
        );
        const after = await page.getByText(before.text, { exact: true }).evaluate(restingTop);
        assert.ok(
          Math.abs(after - before.top) <= 1,
          `${before.text} went from ${String(before.top)} to ${String(after)}`,
        );
      }
    },
  },
  {
    title: "the recovery words are hidden while they are asked for, and right ones are confirmed",
    scene: "new",
    go: async (page) => {
      await begin(page);
      const words = await page.locator('[data-testid="recovery-word"]').allTextContents();
      await at(page, "recovery-continue").click();
      await at(page, "recovery-again").click();
      await at(page, "recovery-continue").click();
      assert.equal(await page.locator('[data-testid="recovery-word"]').count(), 0);
      for (const answer of await page.locator('[data-testid="recovery-answer"]').all()) {
        await answer.fill(words[Number(await answer.getAttribute("data-index"))]);
      }
      await at(page, "recovery-confirm").click();
      await at(page, "conversation-new").waitFor();
      assert.equal(await page.getByText("Your recovery words are not confirmed").count(), 0);
    },
  },
  ...["composer-input", "details-toggle", "nav-settings", "nav-people"].map((id) => ({
    title: `Ctrl K leads to the search from ${id}`,
    go: async (page) => {
      await choose(page);
      if (id === "composer-input") await at(page, id).focus();
      else await at(page, id).click();
      await page.keyboard.press("Control+k");
      await at(page, "search").waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "search");
    },
  })),
  {
    title: "a question keeps the keyboard until it is answered",
    go: async (page) => {
      await at(page, "conversation-new").click();
      await page.keyboard.press("Control+k");
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "field-title");
    },
  },
  {
    title: "a language is chosen from a list, is spoken at once, and is remembered",
    go: async (page) => {
      await at(page, "nav-settings").click();
      await at(page, "language").click();
      await page.getByRole("option", { name: "العربية" }).click();
      await page.getByRole("heading", { name: "الإعدادات" }).waitFor();
      const root = page.locator("html");
      assert.deepEqual([await root.getAttribute("lang"), await root.getAttribute("dir")], ["ar", "rtl"]);
      const url = new URL(page.url());
      url.searchParams.delete("language");
      await page.goto(url.href);
      await at(page, "search").waitFor();
      assert.equal(await root.getAttribute("dir"), "rtl");
      const [rail, list] = await Promise.all(["nav-people", "search"].map((id) => at(page, id).boundingBox()));
      assert.ok(rail.x > list.x, "the rail stands at the right");
    },
  },
  {
    title: "people of a new conversation are chosen with their roles",
    go: async (page) => {
      await at(page, "conversation-new").click();
      await at(page, "field-title").fill("Ring 2050");
      const ben = page.locator('[data-testid="person-option"][data-handle="ben"]');
      await ben.click();
      await page.getByRole("button", { name: "Role of ben" }).click();
      await page.getByRole("option", { name: "Read only" }).click();
      assert.equal(await ben.locator("input").isChecked(), true);
      await at(page, "submit").click();
      await at(page, "details-toggle").click();
      await page.locator('[data-testid="member-row"][data-handle="ben"]', { hasText: "Read only" }).waitFor();
    },
  },
];
