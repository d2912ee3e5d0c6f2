/**
 * @file Makes folders that users name. Node 20's own way of making all that is missing never ends
 * where a folder says that it is there and takes nothing (`/proc/none`).
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Makes a folder and those above it that are missing. Throws what `mkdir` throws. */
export function makeFolder(path: string, options: { readonly mode?: number } = {}): void {
  const above = dirname(path);
  const missing = tryToMake(path, options);
  if (missing === undefined) return;
  if (above === path) throw missing;
  makeFolder(above, options);
  const still = tryToMake(path, options);
  if (still !== undefined) throw still;
}

/** Undefined when the folder is there, whoever has made it; else the error of what is missing. */
function tryToMake(path: string, options: { readonly mode?: number }): Error | undefined {
  try {
    mkdirSync(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return error as Error;
    if (code !== "EEXIST") throw error;
  }
  return undefined;
}
