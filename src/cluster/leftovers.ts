/** @file What those processes left behind that were killed: the folders that they had made. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { processOf } from "../config/process-folder.ts";

/** Removes the folders of this host's processes that are gone; resolves to their names. */
export async function removeLeftovers(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const removed: string[] = [];
  for (const name of names) {
    const pid = processOf(name);
    if (pid === undefined || isAlive(pid)) continue;
    // Another user's folder stays: it cannot be removed, and need not be.
    await rm(join(folder, name), { recursive: true }).then(
      () => removed.push(name),
      () => undefined,
    );
  }
  return removed;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
