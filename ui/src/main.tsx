import "@fontsource-variable/inter";
import "@fontsource-variable/fraunces";
import "./theme/tokens.css";
import "./theme/base.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { chooseHost } from "./host/choose";
import { startI18n } from "./i18n";
import { applyTheme, storedTheme } from "./theme/theme";

const root = document.getElementById("root");
if (root) {
  const parameters = new URLSearchParams(location.search);
  const host = await chooseHost(parameters);
  applyTheme(storedTheme());
  await startI18n(parameters.get("language") ?? "en");
  createRoot(root).render(<App host={host} />);
}
