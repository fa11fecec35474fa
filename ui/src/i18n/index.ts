import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Catalogue } from "./catalogue";
import { en } from "./en";
import { type Choice, direction, type Language, languageOf, storeChoice } from "./languages";

/** Read when first spoken; English is always there. */
export const catalogues: Record<Exclude<Language, "en">, () => Promise<Catalogue>> = {
  it: async () => (await import("./it")).it,
  fr: async () => (await import("./fr")).fr,
  hi: async () => (await import("./hi")).hi,
  ar: async () => (await import("./ar")).ar,
};

/** Starts the catalogue in a language. Plurals are told apart by `Intl.PluralRules`, numbers are written by `Intl.NumberFormat`. */
export async function startI18n(language: Language = "en"): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
  });
  await speak(language);
}

/** Speaks a language from now on, and remembers that it was chosen. */
export async function chooseLanguage(choice: Choice): Promise<void> {
  await speak(languageOf(choice));
  storeChoice(choice);
}

async function speak(language: Language): Promise<void> {
  if (language !== "en" && !i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", await catalogues[language]());
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  document.documentElement.dir = direction(language);
}
