import { Lock } from "lucide";
import type { Call } from "../call/call";
import { MAX_NAME } from "../call/signal";
import { t } from "../i18n";
import type { LocalMedia } from "../media/local";
import { h, icon, mark, say, set, show } from "./dom";
import { Preview } from "./preview";

/** At the door: who invites, what one looks like, a name; then waiting to be let in. */
export class Lobby {
  readonly element: HTMLElement;
  readonly #preview: Preview;
  readonly #shop = h("p", { class: "shop", "data-testid": "shop" });
  readonly #title = h("h1", { tabindex: -1, "data-testid": "title" });
  readonly #form: HTMLFormElement;
  readonly #waiting: HTMLElement;
  readonly #heard = h("p", { class: "lead", role: "status", "data-testid": "waiting-state" });
  readonly #trouble = h("p", { class: "note", role: "status", "data-testid": "unreachable" });
  readonly #private = h("span");
  readonly #hint = h("p", { class: "hint", id: "name-hint" });
  readonly #name: HTMLInputElement;
  readonly #missing = h("p", { class: "bad", id: "name-missing", role: "alert" });
  #isWaiting = false;

  constructor(
    private readonly call: Call,
    media: LocalMedia,
  ) {
    this.#preview = new Preview(media);
    this.#name = h("input", {
      id: "name",
      type: "text",
      autocomplete: "name",
      maxlength: MAX_NAME,
      "aria-describedby": "name-missing name-hint",
      "data-testid": "name",
    });
    this.#form = h(
      "form",
      { class: "form", novalidate: true, onsubmit: (event) => this.#ask(event) },
      h("label", { for: "name" }, t("name")),
      this.#name,
      this.#missing,
      this.#hint,
      h("button", { type: "submit", class: "button primary", "data-testid": "ask" }, t("ask")),
    );
    const giveUp = { type: "button", class: "button", "data-testid": "give-up", onclick: () => this.call.leave() };
    const dots = h("div", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.#waiting = h("div", { class: "waiting" }, dots, this.#heard, h("button", giveUp, t("giveUp")));
    const card = h(
      "div",
      { class: "card" },
      h("div", { class: "who" }, mark(), this.#shop),
      this.#title,
      this.#trouble,
      this.#form,
      this.#waiting,
      h("p", { class: "private" }, icon(Lock, 16), this.#private),
    );
    this.element = h("main", { class: "lobby" }, this.#preview.element, card);
    this.update();
  }

  update(): void {
    const { phase, shop, inviter, heardBy, isReachable } = this.call;
    const isWaiting = phase === "waiting";
    const name = shop === "" ? t("sender") : shop;
    say(this.#shop, shop);
    say(this.#title, isWaiting ? t("waiting") : t("invites", { name: inviter === "" ? name : inviter }));
    say(this.#private, t("private", { shop: name }));
    say(this.#hint, t("nameHint", { shop: name }));
    say(this.#trouble, isReachable ? "" : t("unreachable"));
    say(
      this.#heard,
      isWaiting ? (heardBy === undefined ? t("knocking", { shop: name }) : t("heard", { name: heardBy })) : "",
    );
    show(this.#form, !isWaiting);
    show(this.#waiting, isWaiting);
    set(this.element, "data-phase", phase);
    this.#preview.update();
    // What was clicked is gone: reading goes on at the title.
    if (isWaiting && !this.#isWaiting) this.#title.focus();
    this.#isWaiting = isWaiting;
  }

  close(): void {
    this.#preview.close();
  }

  #ask(event: Event): void {
    event.preventDefault();
    const name = this.#name.value.trim();
    say(this.#missing, name === "" ? t("nameMissing", { shop: this.call.shop }) : "");
    set(this.#name, "aria-invalid", name === "" ? "true" : null);
    if (name === "") this.#name.focus();
    else this.call.knock(name);
  }
}
