import "@fontsource-variable/inter";
import "@fontsource-variable/fraunces";
import "./theme/tokens.css";
import "./theme/base.css";
import { createRoot } from "react-dom/client";
import { App, windowOf } from "./app/App";
import { chooseHost } from "./host/choose";
import { startI18n } from "./i18n";
import { isLanguage, languageOf, storedChoice } from "./i18n/languages";
import { applyTheme, storedTheme } from "./theme/theme";

const root = document.getElementById("root");
if (root) {
  const parameters = new URLSearchParams(location.search);
  const host = await chooseHost(parameters);
  applyTheme(storedTheme());
  const asked = parameters.get("language") ?? "";
  await startI18n(isLanguage(asked) ? asked : languageOf(storedChoice()));
  createRoot(root).render(<App host={host} window={windowOf(parameters)} />);
}
