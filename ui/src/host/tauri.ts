import { invoke } from "@tauri-apps/api/core";
import { listen, TauriEvent } from "@tauri-apps/api/event";
import { type Commands, commandNames } from "../bindings/commands";
import type { Host, NativeDrop } from "./host";

/** The core behind the window. */
export function tauriHost(): Host {
  const entries = commandNames.map((name) => [name, (args?: Record<string, unknown>) => invoke(name, args)] as const);
  return {
    commands: Object.fromEntries(entries) as unknown as Commands,
    onChanged: (listener) =>
      on<{ topics: string[] }>("changed", ({ topics }) => {
        listener(topics);
      }),
    onDrop(listener) {
      const tell = (drop: NativeDrop) => (): void => {
        listener(drop);
      };
      const stops = [
        on(TauriEvent.DRAG_ENTER, tell({ kind: "over" })),
        on(TauriEvent.DRAG_LEAVE, tell({ kind: "leave" })),
        on<{ paths: string[] }>(TauriEvent.DRAG_DROP, ({ paths }) => {
          listener({ kind: "drop", paths });
        }),
      ];
      return () => {
        stops.forEach((stop) => {
          stop();
        });
      };
    },
    copy: (text) => navigator.clipboard.writeText(text),
  };
}

/** Listens until the returned function is called. */
function on<T>(event: string, hear: (payload: T) => void): () => void {
  const unlisten = listen<T>(event, ({ payload }) => {
    hear(payload);
  });
  return () =>
    void unlisten.then((stop) => {
      stop();
    });
}
