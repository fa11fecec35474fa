import { ShieldCheck, X } from "lucide";
import type { Call } from "../call/call";
import type { Peer } from "../call/peer";
import { t } from "../i18n";
import { h, icon, set, show } from "./dom";

/** The panel with the code to read aloud, and the button that opens it. */
export class Safety {
  readonly panel: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly #codes = h("div", { class: "codes" });
  #drawn = "";

  constructor(private readonly call: Call) {
    this.button = h(
      "button",
      {
        type: "button",
        class: "button quiet",
        "aria-expanded": "false",
        "aria-controls": "safety",
        "data-testid": "safety",
        onclick: () => this.#toggle(),
      },
      icon(ShieldCheck, 18),
      h("span", {}, t("safety")),
    );
    const close = h(
      "button",
      { type: "button", class: "close", "aria-label": t("close"), title: t("close"), onclick: () => this.#toggle() },
      icon(X),
    );
    this.panel = h(
      "aside",
      {
        class: "safety",
        id: "safety",
        "aria-label": t("safety"),
        hidden: true,
        onkeydown: (event) => this.#escape(event),
      },
      h("header", {}, h("h2", {}, t("safety")), close),
      this.#codes,
    );
  }

  /** Reads the codes anew where the panel is open. */
  async update(): Promise<void> {
    if (this.panel.hidden) return;
    const said = await Promise.all([...this.call.peers.values()].map((peer) => this.#of(peer)));
    const drawn = JSON.stringify(said);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#codes.replaceChildren(...said.map(({ name, code, cipher }) => this.#draw(name, code, cipher)));
  }

  async #of(peer: Peer): Promise<{ name: string; code: string | undefined; cipher: string | undefined }> {
    const code = peer.state === "connecting" ? undefined : await this.call.safetyCode(peer.device);
    return { name: this.call.nameOf(peer.device), code, cipher: await srtpCipher(peer) };
  }

  #draw(name: string, code: string | undefined, cipher: string | undefined): HTMLElement {
    if (code === undefined) return h("section", {}, h("h3", {}, name), h("p", {}, t("safetyWaiting")));
    return h(
      "section",
      {},
      h("p", {}, t("safetyLead", { name })),
      h(
        "p",
        { class: "code", dir: "ltr", "data-testid": "safety-code" },
        ...code.split(" ").map((group) => h("span", {}, `${group} `)),
      ),
      h("p", { class: "hint" }, t("safetyDiffers")),
      cipher === undefined ? null : h("p", { class: "hint", "data-testid": "cipher" }, t("safetyCiphers", { cipher })),
    );
  }

  #toggle(): void {
    const opens = this.button.getAttribute("aria-expanded") !== "true";
    show(this.panel, opens);
    set(this.button, "aria-expanded", opens ? "true" : "false");
    if (opens) void this.update();
    else this.button.focus();
  }

  #escape(event: Event): void {
    if (event instanceof KeyboardEvent && event.key === "Escape") this.#toggle();
  }
}

/** What the browser says that packets are encrypted by; not all say it. */
async function srtpCipher(peer: Peer): Promise<string | undefined> {
  for (const report of (await peer.stats())?.values() ?? []) {
    const { type, srtpCipher: cipher } = report as { type: string; srtpCipher?: unknown };
    if (type === "transport" && typeof cipher === "string")
      return cipher.replace(/^SRTP_/, "SRTP ").replaceAll("_", "-");
  }
  return undefined;
}
