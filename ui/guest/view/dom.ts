import { createElement, type IconNode } from "lucide";

type Child = Node | string | null;

/** What an element is given: attributes, `data-…` among them; `onclick` and the like are heard. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | ((event: Event) => void)>>;

/** Makes an element. An attribute that is false or null is left out, one that is true stands alone. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else set(element, name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Sets an attribute, only where that changes something: what assistive technology listens to is not touched for nothing. */
export function set(element: Element, name: string, value: string | number | boolean | null): void {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== (value === true ? "" : String(value))) {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Says something else in an element. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows an element or not. */
export function show(element: HTMLElement, isShown: boolean): void {
  if (element.hidden === isShown) element.hidden = !isShown;
}

/** A sign beside words, or in place of them: assistive technology reads those. */
export function icon(node: IconNode, size = 20): SVGElement {
  return createElement(node, {
    width: size,
    height: size,
    "stroke-width": 1.75,
    "aria-hidden": "true",
    focusable: "false",
  });
}

/** The mark: a brilliant-cut stone in outline. */
export function mark(): SVGElement {
  const shapes = [
    "M160 132h192l76 92-172 180L84 224z",
    "M84 224h344",
    "M160 132l34 92 62 180 62-180 34-92",
    "M194 224l62-92 62 92",
  ];
  const stone = createElement(
    shapes.map((d) => ["path", { d }]),
    { width: 28, height: 28, "stroke-width": 22, "aria-hidden": "true" },
  );
  stone.setAttribute("viewBox", "64 112 384 312");
  stone.setAttribute("class", "mark");
  return stone;
}
