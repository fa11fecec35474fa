import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { type Commands, commandNames } from "../bindings/commands";
import type { Host } from "./host";

/** The core behind the window. */
export function tauriHost(): Host {
  const entries = commandNames.map((name) => [name, (args?: Record<string, unknown>) => invoke(name, args)] as const);
  return {
    commands: Object.fromEntries(entries) as unknown as Commands,
    onChanged(listener) {
      const unlisten = listen<{ topics: string[] }>("changed", (event) => {
        listener(event.payload.topics);
      });
      return () =>
        void unlisten.then((stop) => {
          stop();
        });
    },
    copy: (text) => navigator.clipboard.writeText(text),
  };
}
