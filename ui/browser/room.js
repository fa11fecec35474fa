/** Runs in the page: what has no room, a line each: controls that cover each other, words that are cut, a page wider than its window. */
export function crowded() {
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`the page is ${String(scrollWidth)} px wide in ${String(clientWidth)}`);
  const name = (it) => it.getAttribute("data-testid") ?? it.getAttribute("aria-label") ?? it.textContent.slice(0, 40);
  // What lies behind a question or a list, or is drawn for screen readers alone, is not looked at.
  const inSight = (it) => {
    const { x, y, width, height } = it.getBoundingClientRect();
    if (width < 4 || height < 4 || !it.checkVisibility({ opacityProperty: true })) return false;
    const top = document.elementFromPoint(x + width / 2, y + height / 2);
    return top !== null && it.contains(top);
  };
  const controls = [...document.querySelectorAll("button, input, textarea")].filter(inSight);
  for (const [index, one] of controls.entries()) {
    const a = one.getBoundingClientRect();
    for (const other of controls.slice(index + 1)) {
      const b = other.getBoundingClientRect();
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const apart = across <= 1 || down <= 1 || one.contains(other) || other.contains(one);
      if (!apart) faults.push(`${name(one)} lies over ${name(other)}`);
    }
    const cut = one.scrollWidth > one.clientWidth + 1 && one.tagName === "BUTTON";
    if (cut) faults.push(`${name(one)} is cut off`);
  }
  return faults;
}
