// Renders every screen in light, dark, Arabic, 200 % text, and in a small window into ui/pictures, to be looked at.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lookOf, open, screens, stage } from "./stage.js";

const folder = fileURLToPath(new URL("../pictures/", import.meta.url));
const looks = {
  light: {},
  dark: { theme: "dark" },
  arabic: { language: "ar" },
  large: { scale: 2 },
  small: { width: 900, height: 700 },
  "small-large": { scale: 2, width: 900, height: 700 },
};
const wanted = process.argv.slice(2);

mkdirSync(folder, { recursive: true });
let failed = 0;
await stage(async (set) => {
  for (const screen of screens) {
    if (wanted.length > 0 && !wanted.includes(screen.name)) continue;
    for (const [look, options] of Object.entries(looks)) {
      const { page, close } = await open(set, lookOf(screen, options));
      page.setDefaultTimeout(5_000);
      try {
        await screen.go(page);
      } catch (error) {
        failed += 1;
        console.error(`${screen.name} (${look}) is not reached: ${String(error).split("\n")[0] ?? ""}`);
      }
      await page.waitForTimeout(150);
      await page.screenshot({ path: `${folder}${screen.name}-${look}.png` });
      await close();
    }
    console.log(screen.name);
  }
});
process.exitCode = failed > 0 ? 1 : 0;
