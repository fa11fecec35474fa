import {
  CircleSlash,
  Clock,
  DoorClosed,
  Link2Off,
  LogOut,
  MonitorX,
  PhoneOff,
  ShieldAlert,
  Ticket,
  type IconNode,
} from "lucide";
import type { EndReason } from "../call/call";
import { t } from "../i18n";
import type { Catalogue } from "../i18n/en";
import { h, icon, mark } from "./dom";

/** Why there is no call, or no call any more. */
export type Ending = EndReason | "damaged" | "insecure" | "browser";

interface Words {
  readonly sign: IconNode;
  readonly title: keyof Catalogue;
  readonly text: keyof Catalogue;
  /** What a button offers; it opens the link anew. */
  readonly action?: keyof Catalogue;
}

const ENDINGS: Record<Ending, Words> = {
  left: { sign: LogOut, title: "leftTitle", text: "leftText", action: "again" },
  ended: { sign: PhoneOff, title: "endedTitle", text: "endedText" },
  refused: { sign: DoorClosed, title: "refusedTitle", text: "refusedText", action: "again" },
  used: { sign: Ticket, title: "usedTitle", text: "usedText" },
  expired: { sign: Clock, title: "expiredTitle", text: "expiredText" },
  revoked: { sign: CircleSlash, title: "revokedTitle", text: "revokedText" },
  damaged: { sign: Link2Off, title: "damagedTitle", text: "damagedText" },
  insecure: { sign: ShieldAlert, title: "insecureTitle", text: "insecureText" },
  unsealed: { sign: MonitorX, title: "browserTitle", text: "browserText" },
  browser: { sign: MonitorX, title: "browserTitle", text: "browserText", action: "reload" },
};

/** What happened and what to do. */
export function ended(ending: Ending, words: { readonly shop: string; readonly missing?: string }): HTMLElement {
  const { sign, title, text, action } = ENDINGS[ending];
  const { shop, missing = "" } = words;
  const named = { shop: shop === "" ? t("sender") : shop, missing };
  const reload = () => {
    location.reload();
  };
  return h(
    "main",
    { class: "ended", "data-testid": "ended", "data-reason": ending },
    h("div", { class: "who" }, mark(), h("p", { class: "shop" }, shop)),
    h("div", { class: "sign" }, icon(sign, 32)),
    h("h1", { tabindex: -1 }, t(title)),
    h("p", { class: "lead" }, t(text, named)),
    action
      ? h("button", { type: "button", class: "button primary", "data-testid": "again", onclick: reload }, t(action))
      : null,
  );
}
