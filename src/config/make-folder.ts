/**
 * @file Makes folders that users name. Node 20's own way of making all that is missing never ends
 * where a folder says that it is there and takes nothing (`/proc/none`).
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Makes a folder and those above it that are missing. Throws what `mkdir` throws. */
export function makeFolder(path: string, options: { readonly mode?: number } = {}): void {
  try {
    mkdirSync(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    const above = dirname(path);
    if (code !== "ENOENT" || above === path) throw error;
    makeFolder(above, options);
    mkdirSync(path, options);
  }
}
