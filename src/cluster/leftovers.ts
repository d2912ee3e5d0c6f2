/**
 * @file The folders of engines and workers, and what those of killed processes left behind. A
 * folder may be shared with other machines, whose processes cannot be seen, so names say the host.
 */
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { nodeCrypto } from "../functions/crypto.ts";

const ENGINE_FOLDER = /^heddle-([\w.-]*)-(\d+)-[0-9a-f]{8}$/;

/** Name of a folder for this process that no other one has. */
export function engineFolder(): string {
  return `heddle-${ownHost()}-${process.pid}-${nodeCrypto().randomBytes(4).toString("hex")}`;
}

/** The host's name with nothing in it that a folder's name must not have. */
function ownHost(): string {
  return hostname().replace(/[^\w.-]/g, "_");
}

/** Removes the folders of this host's engines whose process is gone; resolves to their names. */
export async function removeLeftovers(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const removed: string[] = [];
  for (const name of names) {
    const [, host, number] = ENGINE_FOLDER.exec(name) ?? [];
    const pid = Number(number ?? 0);
    if (pid === 0 || host !== ownHost() || isAlive(pid)) continue;
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
