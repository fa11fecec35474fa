import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "./en";
import { catalogues } from "./index";

const languages = Object.entries(catalogues);
const words = (sentence: string) => [...sentence.matchAll(/\{\w+\}/g)].map(String).sort();

test.each(languages)("%s says in each sentence what English says in it", (_, catalogue) => {
  expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
  for (const [key, sentence] of Object.entries(catalogue)) {
    expect(words(sentence), key).toEqual(words(en[key as keyof typeof en]));
    expect(sentence.trim(), key).toBe(sentence);
  }
});

test.each(languages.filter(([language]) => language !== "en"))("%s is not English", (_, catalogue) => {
  const same = Object.entries(catalogue).filter(([key, sentence]) => sentence === en[key as keyof typeof en]);
  expect(same).toEqual([]);
});

test("every sentence is said somewhere", () => {
  const root = join(process.cwd(), "ui/guest");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    /^(?!i18n.[a-z]{2}\.)(?!.*test\.ts$).*\.ts$/.test(name),
  );
  const source = files.map((name) => readFileSync(join(root, name), "utf8")).join("\n");
  expect(Object.keys(en).filter((key) => !source.includes(`"${key}"`))).toEqual([]);
});
