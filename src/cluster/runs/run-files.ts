/**
 * @file The runs that a worker has made: their files go with their values. Only the control thread
 * uses it.
 */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { decodeValue } from "../../codec/index.ts";
import { Run } from "./run.ts";
import { readPartRequest, readStretch } from "./run-parts.ts";

export class RunFiles {
  readonly #own = new Map<number, Run>();

  /** Whether there is anything to do when values are discarded. */
  get isEmpty(): boolean {
    return this.#own.size === 0;
  }

  /** A task here has made the run that is described in these bytes. */
  made(id: number, bytes: Uint8Array): void {
    const run = decodeValue(bytes);
    if (run instanceof Run) this.#own.set(id, run);
  }

  /** The value is not needed any more: neither is the file. */
  discard(id: number): void {
    const run = this.#own.get(id);
    if (run === undefined) return;
    this.#own.delete(id);
    // What stays behind goes with the graph's folder.
    rm(run.path, { force: true }).catch(() => undefined);
  }

  /** A stretch of the part that another worker asks for; undefined when the run is not here. */
  async read(id: number, part: unknown): Promise<{ readonly bytes: Uint8Array } | undefined> {
    const request = readPartRequest(part);
    const run = this.#own.get(id);
    if (run === undefined || basename(run.path) !== request[0]) return undefined;
    return { bytes: await readStretch(run, request) };
  }
}
