import { invoke } from "@tauri-apps/api/core";
import { listen, TauriEvent } from "@tauri-apps/api/event";
import { getCurrentWindow } from "@tauri-apps/api/window";
import { type Commands, commandNames } from "../bindings/commands";
import type { Host, NativeDrop, PictureForm, PictureWire } from "./host";

/** The core behind the window. */
export function tauriHost(): Host {
  const entries = commandNames.map((name) => [name, (args?: Record<string, unknown>) => invoke(name, args)] as const);
  const commands = Object.fromEntries(entries) as unknown as Commands;
  return {
    commands,
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
    openPictures: (form, hear, onLost) => pictureWire(commands, form, hear, onLost),
    closeWindow() {
      void getCurrentWindow().close();
    },
    copy: (text) => navigator.clipboard.writeText(text),
  };
}

/** A connection to this machine's own process; its address holds a token that works once. */
function pictureWire(
  commands: Commands,
  form: PictureForm,
  hear: (message: ArrayBuffer) => void,
  onLost: () => void,
): PictureWire {
  // What is said before it is open.
  const unsaid: ArrayBuffer[] = [];
  let socket: WebSocket | null = null;
  let isClosed = false;
  const lost = (): void => {
    if (!isClosed) onLost();
    isClosed = true;
  };
  commands.call_pictures().then(({ url }) => {
    if (isClosed) return;
    const opening = new WebSocket(`${url}?form=${form}`);
    socket = opening;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      hear(data as ArrayBuffer);
    };
    socket.onopen = () => {
      unsaid.forEach((answer) => {
        opening.send(answer);
      });
    };
    socket.onclose = lost;
  }, lost);
  return {
    say(answer) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(answer);
      else if (!socket || socket.readyState === WebSocket.CONNECTING) unsaid.push(answer);
    },
    close() {
      isClosed = true;
      socket?.close();
    },
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
