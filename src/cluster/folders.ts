/** @file Temporary folders of engines. */
import { rmSync } from "node:fs";

/**
 * Removes a folder with all that is in it. Called when an engine ends, when nobody is left to be
 * told: what cannot be removed, or was never made, is passed over.
 */
export function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next engine removes what is left (`leftovers.ts`).
  }
}
