/** @file What those processes left behind that were killed: the folders that they had made. */
import { lstat, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLeftover } from "../config/process-folder.ts";

/**
 * Removes the folders of this host's processes that are gone, from a folder and from the one in
 * which modules are laid out; resolves to their names.
 */
export async function removeLeftovers(
  folder: string,
  modules: string = tmpdir(),
): Promise<string[]> {
  const removed: string[] = [];
  for (const place of new Set([folder, modules])) {
    const names = await readdir(place).catch(() => []);
    for (const name of names.filter(isLeftover)) {
      const path = join(place, name);
      // What cannot be removed stays.
      if (await isOurs(path).catch(() => false)) {
        await rm(path, { recursive: true }).then(
          () => removed.push(name),
          () => undefined,
        );
      }
    }
  }
  return removed;
}

/**
 * Another user's folder stays, even when this one might remove it (root): its owner could change it
 * meanwhile for a link to something else.
 */
async function isOurs(path: string): Promise<boolean> {
  const stat = await lstat(path);
  return stat.isDirectory() && (process.getuid === undefined || stat.uid === process.getuid());
}
