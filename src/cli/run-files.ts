/**
 * @file Files that live as long as a program: its pid file, and connection files. They are taken
 * away when the process ends, unless another process has written its own there meanwhile.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { type ConnectionInfo, writeConnectionFile } from "../comm/index.ts";
import { HeddleError, shortPath } from "../core/errors.ts";

export class RunFiles {
  /** What was written, by path. */
  readonly #texts = new Map<string, string>();

  constructor() {
    process.once("exit", () => this.remove());
  }

  /** Writes the process's number into a file. Throws `FileInvalid` when that cannot be. */
  writePid(path: string): void {
    this.#write(path, () => writeFileSync(path, `${process.pid}\n`));
  }

  /** Writes how the scheduler is reached, for its owner alone. */
  writeConnection(path: string, info: ConnectionInfo): void {
    this.#write(path, () => writeConnectionFile(path, info));
  }

  /** Takes them all away. */
  remove(): void {
    for (const [path, text] of this.#texts) {
      try {
        if (readFileSync(path, "utf8") === text) rmSync(path, { force: true });
      } catch {
        // It is gone already.
      }
    }
    this.#texts.clear();
  }

  #write(given: string, write: () => void): void {
    const path = resolve(given);
    try {
      write();
      this.#texts.set(path, readFileSync(path, "utf8"));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new HeddleError("FileInvalid", `${shortPath(given)} cannot be written: ${reason}`, {
        cause,
      });
    }
  }
}

/**
 * Takes away connection files of this host whose processes are gone without having done so; in a
 * folder with other files those whose names begin so.
 */
export function sweepConnections(folder: string, stem = ""): void {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.startsWith(stem) && name.endsWith(".json"));
  } catch {
    return;
  }
  for (const name of names) {
    const path = join(folder, name);
    try {
      const { facts } = JSON.parse(readFileSync(path, "utf8")) as ConnectionInfo;
      const { host, pid } = facts ?? {};
      if (host === hostname() && typeof pid === "number" && !isAlive(pid)) rmSync(path);
    } catch {
      // Whatever it is, it is none of ours.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
