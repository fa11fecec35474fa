import type { IconNode } from "lucide";
import { h, icon, set } from "./dom";

/** One of the two things which a button does. */
export interface Side {
  readonly label: string;
  readonly icon: IconNode;
}

/** A round button with a sign that turns something on and off. Its name says what a click does. */
export class Toggle {
  readonly element: HTMLButtonElement;
  #isOn: boolean | undefined;

  constructor(
    id: string,
    private readonly off: Side,
    private readonly on: Side,
    click: () => void,
  ) {
    this.element = h("button", { type: "button", class: "round", "data-testid": id, onclick: click });
    this.update(false);
  }

  update(isOn: boolean): void {
    if (this.#isOn === isOn) return;
    this.#isOn = isOn;
    const { label, icon: sign } = isOn ? this.on : this.off;
    set(this.element, "aria-label", label);
    set(this.element, "title", label);
    set(this.element, "data-on", isOn ? "true" : "false");
    this.element.replaceChildren(icon(sign));
  }
}
