import { t } from "../i18n";
import type { DeviceTrouble } from "../media/local";
import { h, say } from "./dom";

const SENTENCES = { denied: "troubleDenied", missing: "troubleMissing", busy: "troubleBusy" } as const;

/** Says why a camera or microphone is not there, and what to do. */
export class Trouble {
  readonly element = h("p", { class: "trouble", role: "alert", "data-testid": "device-trouble" });

  readonly tell = (trouble: DeviceTrouble | undefined): void => {
    say(this.element, trouble ? t(SENTENCES[trouble]) : "");
  };
}
