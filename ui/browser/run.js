// Every screen in a real browser: axe finds nothing, everything has room, nothing remote is asked for, no error is logged; then journeys. A word as argument
// picks those whose title holds it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { guestChecks } from "./guest.js";
import { journeys } from "./journeys.js";
import { crowded } from "./room.js";
import { lookOf, open, screens, stage } from "./stage.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe objects to, a line each. */
async function objections(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  // Around a popover the library puts buttons for screen readers alone, outside of every landmark: meant to be so.
  const meant = (rule, node) =>
    rule.id === "region" && /^<div (style="display: contents;"|data-overlay-container="true")>/.test(node.html);
  return violations.flatMap((rule) =>
    rule.nodes.filter((node) => !meant(rule, node)).map((node) => `${rule.id}: ${node.html.slice(0, 160)}`),
  );
}

/** Runs in the page: waits until what comes in has come: its letters, and every motion that ends. */
async function settled() {
  await document.fonts.ready;
  // What a click asked for is drawn at the next frame, and moves from then on.
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  const motions = document.getAnimations().filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime));
  await Promise.allSettled(motions.map(({ finished }) => finished));
}

const LOOKS = {
  light: {},
  "dark and small": { theme: "dark", width: 900, height: 700 },
  Arabic: { language: "ar" },
  "small with 200 % text": { scale: 2, width: 900, height: 700 },
};

const failures = [];
async function check(title, look, work) {
  if (!title.includes(wanted)) return;
  let set;
  try {
    set = await open(look.set, look);
    await work(set.page);
    assert.deepEqual(set.faults, []);
    console.log(`ok   ${title}`);
  } catch (error) {
    failures.push(title);
    console.error(
      `FAIL ${title}\n     ${String(error instanceof Error ? error.message : error).replaceAll("\n", "\n     ")}`,
    );
  } finally {
    await set?.close();
  }
}

const wanted = process.argv[2] ?? "";
/** So many pages are open at once. */
const AT_ONCE = 2;

await stage(async (set) => {
  const checks = [];
  for (const screen of screens) {
    for (const [name, look] of Object.entries(LOOKS)) {
      const title = `${screen.name}, ${name}: axe finds nothing, everything has room`;
      const work = async (page) => {
        await screen.go(page);
        await page.evaluate(settled);
        assert.deepEqual(await objections(page), []);
        assert.deepEqual(await page.evaluate(crowded), []);
      };
      checks.push(() => check(title, { set, ...lookOf(screen, look) }, work));
    }
  }
  for (const { title, go, ...look } of journeys) checks.push(() => check(title, { set, ...look }, go));
  const waiting = checks.values();
  const worker = async () => {
    for (const next of waiting) await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
});
failures.push(...(await guestChecks(wanted)));
if (failures.length > 0) console.error(`\n${String(failures.length)} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
