import type { Host } from "./host";
import { tauriHost } from "./tauri";

/** The app where there is one; in a plain browser under development the fake, in the scene that `?scene=` names. */
export async function chooseHost(parameters: URLSearchParams): Promise<Host> {
  if (import.meta.env.DEV && !("__TAURI_INTERNALS__" in window)) {
    const { fakeHost } = await import("./fake");
    return fakeHost(parameters.get("scene") ?? "main");
  }
  return tauriHost();
}
