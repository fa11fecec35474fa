// The page that a client opens by a link: at the door, waiting, in the call, at its end.
import "./view/guest.css";
import { Call, type Phase } from "./call/call";
import { list, speak, t } from "./i18n";
import { parseLink, type Link } from "./link";
import { LocalMedia } from "./media/local";
import { lacks } from "./support";
import { h, say } from "./view/dom";
import { ended, type Ending } from "./view/ended";
import { InCall } from "./view/inCall";
import { Lobby } from "./view/lobby";

let isInCall = false;
const page = document.querySelector("#page") ?? document.body;

function followTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => (document.documentElement.dataset.theme = dark.matches ? "dark" : "light");
  dark.addEventListener("change", follow);
  follow();
}

function finish(ending: Ending, shop = "", missing = ""): void {
  const screen = ended(ending, { shop, missing });
  page.replaceChildren(screen);
  screen.querySelector("h1")?.focus();
}

async function start(): Promise<void> {
  followTheme();
  speak();
  const link = parseLink(location.href);
  if (!link) return finish("damaged");
  if (!isSecureContext) return finish("insecure");
  const missing = await lacks();
  if (missing.length > 0) return finish("browser", "", list(missing.map((lack) => t(lack))));
  await run(link);
}

async function run(link: Link): Promise<void> {
  const opening = h("p", { role: "status", class: "opening" }, t("opening"));
  page.replaceChildren(h("main", { class: "ended" }, opening));
  let screen: Lobby | InCall | undefined;
  let drawn: Phase | undefined;
  let call: Call | undefined = undefined;
  const media = new LocalMedia(() => {
    call?.mediaChanged();
    screen?.update();
  });
  const draw = () => {
    if (!call) return;
    const { phase, shop, ended: reason } = call;
    const isLobby = phase === "door" || phase === "waiting";
    if (phase === "opening") say(opening, call.isReachable ? t("opening") : t("unreachable"));
    else if (phase === "ended" && drawn !== "ended") {
      screen?.close();
      screen = undefined;
      finish(reason ?? "ended", shop, reason === "unsealed" ? t("missingTransform") : "");
    } else if (isLobby && !(screen instanceof Lobby)) {
      screen?.close();
      screen = new Lobby(call, media);
      page.replaceChildren(screen.element);
    } else if (phase === "in" && !(screen instanceof InCall)) {
      screen?.close();
      screen = new InCall(call, media);
      page.replaceChildren(screen.element);
      screen.focus();
    } else screen?.update();
    drawn = phase;
    isInCall = phase === "in";
  };
  call = await Call.open(link, media, draw);
}

void start();
// Keys are kept in memory alone: whoever loads the page anew comes to the door as somebody else.
window.addEventListener("beforeunload", (event) => {
  if (isInCall) event.preventDefault();
});
window.addEventListener("hashchange", () => {
  location.reload();
});
