import { useEffect } from "react";

/** What the keys of the call window do. */
export interface CallActions {
  microphone: () => void;
  camera: () => void;
  share: () => void;
  people: () => void;
  statistics: () => void;
  layout: () => void;
  leave: () => void;
  close: () => void;
}

/** The key of each action, as it is pressed and as it is shown. */
export const KEYS = {
  microphone: "M",
  camera: "V",
  share: "S",
  people: "P",
  statistics: "I",
  layout: "G",
  leave: "Shift L",
} as const;

const OPEN = '[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]';

/** Single keys, as long as nothing lies over the call and nothing is typed. */
export function useCallKeys(actions: CallActions): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector(OPEN)) return;
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
      if (event.key === "Escape") {
        actions.close();
        return;
      }
      const pressed = `${event.shiftKey ? "Shift " : ""}${event.key.toUpperCase()}`;
      const found = (Object.keys(KEYS) as (keyof typeof KEYS)[]).find((name) => KEYS[name] === pressed);
      if (!found) return;
      event.preventDefault();
      actions[found]();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => {
      window.removeEventListener("keydown", onKeyDown);
    };
  });
}
