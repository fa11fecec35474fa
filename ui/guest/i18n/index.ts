import { direction, systemLanguage, type Language } from "../../src/i18n/languages";
import { ar } from "./ar";
import { en, type Catalogue } from "./en";
import { fr } from "./fr";
import { hi } from "./hi";
import { it } from "./it";

export const catalogues: Record<Language, Catalogue> = { en, it, fr, hi, ar };

/** The language of the browser, or English. */
const language = systemLanguage();

/** Tells the document which language it is in, and which way that runs. */
export function speak(): void {
  document.documentElement.lang = language;
  document.documentElement.dir = direction(language);
  document.title = t("page");
}

/** A sentence in the language of the browser. */
export function t(sentence: keyof Catalogue, words: Readonly<Record<string, string>> = {}): string {
  return catalogues[language][sentence].replaceAll(/\{(\w+)\}/g, (place, word: string) => words[word] ?? place);
}

/** Several things in one sentence. */
export function list(things: readonly string[]): string {
  return new Intl.ListFormat(language).format(things);
}
