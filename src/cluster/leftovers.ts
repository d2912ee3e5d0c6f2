/**
 * @file Removes what engines of killed processes left in the system's temporary folder. Only there:
 * a folder chosen by the user may be shared with other machines, whose processes cannot be seen.
 */
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ENGINE_FOLDER = /^heddle-(\d+)-[0-9a-f]{8}$/;

/** Removes the folders of engines whose process is gone; resolves to their names. */
export async function removeLeftovers(folder: string = tmpdir()): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const removed: string[] = [];
  for (const name of names) {
    const pid = Number(ENGINE_FOLDER.exec(name)?.[1] ?? 0);
    if (pid === 0 || isAlive(pid)) continue;
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
