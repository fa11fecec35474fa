import { expect, test } from "vitest";
import { en } from "./en";
import { catalogues } from "./index";

type Sentences = Map<string, string>;

function flat(catalogue: object, path = ""): Sentences {
  return new Map(
    Object.entries(catalogue).flatMap(([key, value]) =>
      typeof value === "string" ? [[path + key, value]] : [...flat(value as object, `${path}${key}.`)],
    ),
  );
}

const english = flat(en);
const plural = /_(zero|one|two|few|many|other)$/;
const counted = [...english.keys()].filter((key) => key.endsWith("_other")).map((key) => key.replace(plural, ""));
const plain = [...english.keys()].filter((key) => !plural.test(key));
const placeholders = (sentence = ""): string[] =>
  [...sentence.matchAll(/\{\{(.+?)\}\}/g)].map((m) => m[1] ?? "").sort();

const languages = Object.entries(catalogues);

test.each(languages)("%s has every sentence of English, and no other", async (language, read) => {
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const wanted = [...plain, ...counted.flatMap((key) => forms.map((form) => `${key}_${form}`))];
  expect([...flat(await read()).keys()].sort()).toEqual(wanted.sort());
});

test.each(languages)("%s says in each sentence what English says in it", async (_, read) => {
  for (const [key, sentence] of flat(await read())) {
    const form = plural.exec(key)?.[1];
    const wanted = placeholders(english.get(form ? key.replace(plural, "_other") : key));
    // "One" and "two" may be words.
    const mayOmit = form === "zero" || form === "one" || form === "two";
    if (mayOmit && placeholders(sentence).length === 0) continue;
    expect(placeholders(sentence), key).toEqual(wanted);
    expect(sentence.trim(), key).not.toBe("");
  }
});

test.each(languages)("%s is not English", async (_, read) => {
  const same = [...flat(await read())].filter(([key, sentence]) => sentence === english.get(key));
  expect(same.length).toBeLessThan(english.size / 20);
});
