// Every screen in a real browser: axe finds nothing, nothing remote is asked for, no error is logged; then journeys.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { at, begin, choose, open, screens, stage } from "./stage.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe objects to, a line each. */
async function objections(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  // Around a popover the library puts buttons for screen readers alone, outside of every landmark: meant to be so.
  const meant = (rule, node) => rule.id === "region" && node.html.startsWith('<div style="display: contents;">');
  return violations.flatMap((rule) =>
    rule.nodes.filter((node) => !meant(rule, node)).map((node) => `${rule.id}: ${node.html.slice(0, 160)}`),
  );
}

const journeys = {
  "a workspace is started, and the recovery words can wait": async (page) => {
    await begin(page);
    assert.equal(await page.locator('[data-testid="recovery-word"]').count(), 24);
    await at(page, "recovery-later").click();
    await at(page, "conversation-new").waitFor();
  },
  "a message is written with the keyboard alone and is sent": async (page) => {
    await choose(page);
    await at(page, "composer-input").focus();
    await page.keyboard.type("Ready at five.");
    await page.keyboard.press("Enter");
    await page.locator('[data-testid="message"][data-state="sent"]', { hasText: "Ready at five." }).waitFor();
    assert.equal(await at(page, "composer-input").inputValue(), "");
  },
  "a draft stays with its conversation": async (page) => {
    await choose(page);
    await at(page, "composer-input").fill("Not yet said");
    await page.locator('[data-testid="conversation-item"]', { hasText: "Workshop" }).click();
    await page.locator('[data-testid="message"]', { hasText: "Casting" }).first().waitFor();
    assert.equal(await at(page, "composer-input").inputValue(), "");
    await choose(page);
    assert.equal(await at(page, "composer-input").inputValue(), "Not yet said");
  },
  "somebody is removed after one question, and the keys change": async (page) => {
    await choose(page);
    await at(page, "details-toggle").click();
    const before = await at(page, "epoch").textContent();
    await page.locator('[data-testid="member-menu"][data-handle="lena"]').click();
    await at(page, "menu-remove").click();
    await at(page, "confirm").click();
    await page.locator('[data-testid="member-row"][data-handle="lena"]').waitFor({ state: "detached" });
    assert.notEqual(await at(page, "epoch").textContent(), before);
  },
  "five thousand messages draw a screenful": async (page) => {
    await choose(page);
    const drawn = await page.locator('[data-testid="message"]').count();
    assert.ok(drawn < 120, `${String(drawn)} messages stand in the page`);
  },
};
const scenes = {
  "a workspace is started, and the recovery words can wait": "new",
  "five thousand messages draw a screenful": "long",
};

const failures = [];
async function check(title, look, work) {
  const set = await open(look.set, look);
  set.page.setDefaultTimeout(8_000);
  try {
    await work(set.page);
    assert.deepEqual(set.faults, []);
    console.log(`ok   ${title}`);
  } catch (error) {
    failures.push(title);
    console.error(
      `FAIL ${title}\n     ${String(error instanceof Error ? error.message : error).replaceAll("\n", "\n     ")}`,
    );
  } finally {
    await set.close();
  }
}

await stage(async (set) => {
  for (const theme of ["light", "dark"]) {
    for (const screen of screens) {
      await check(`${screen.name}, ${theme}: axe finds nothing`, { set, theme, scene: screen.scene }, async (page) => {
        await screen.go(page);
        await page.waitForTimeout(100);
        assert.deepEqual(await objections(page), []);
      });
    }
  }
  for (const [title, journey] of Object.entries(journeys)) {
    await check(title, { set, scene: scenes[title] ?? "main" }, journey);
  }
});
if (failures.length > 0) console.error(`\n${String(failures.length)} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
