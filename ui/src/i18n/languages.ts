/** The languages of the interface, each by its own name. */
export const LANGUAGES = {
  en: "English",
  it: "Italiano",
  fr: "Français",
  hi: "हिन्दी",
  ar: "العربية",
} as const;

export type Language = keyof typeof LANGUAGES;
/** What was chosen: a language, or that of the system. */
export type Choice = Language | "system";

const KEY = "bezel.language";

export function isLanguage(text: string): text is Language {
  return Object.hasOwn(LANGUAGES, text);
}

export function storedChoice(): Choice {
  const stored = localStorage.getItem(KEY);
  return stored !== null && isLanguage(stored) ? stored : "system";
}

export function storeChoice(choice: Choice): void {
  localStorage.setItem(KEY, choice);
}

/** The first language of the system that the interface speaks. */
export function systemLanguage(): Language {
  return navigator.languages.map((each) => each.split("-")[0] ?? "").find(isLanguage) ?? "en";
}

export function languageOf(choice: Choice): Language {
  return choice === "system" ? systemLanguage() : choice;
}

export function direction(language: string): "ltr" | "rtl" {
  return language === "ar" ? "rtl" : "ltr";
}
