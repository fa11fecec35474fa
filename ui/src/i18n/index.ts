import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";

const RIGHT_TO_LEFT = ["ar"];

/** Starts the catalogue. Languages are added beside `en`; a missing sentence falls back to English. */
export async function startI18n(language = "en"): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
}
