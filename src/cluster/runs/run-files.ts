/**
 * @file The runs that a worker knows: its own, whose files go with their values, and copies of
 * others' descriptions, which are worth nothing once the worker is gone that has the files. Only
 * the control thread uses it.
 */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { decodeValue } from "../../codec/index.ts";
import { isRunAtRest, Run } from "./run.ts";
import { readPartRequest, readStretch } from "./run-parts.ts";

export class RunFiles {
  readonly #own = new Map<number, Run>();
  /** Addresses of the workers that have the files, by id of the copied description. */
  readonly #copies = new Map<number, string>();

  /** Whether there is anything to do when values are discarded. */
  get isEmpty(): boolean {
    return this.#own.size === 0 && this.#copies.size === 0;
  }

  /** A task here has made the run that is described in these bytes. */
  made(id: number, bytes: Uint8Array): void {
    const run = decodeValue(bytes);
    if (run instanceof Run) this.#own.set(id, run);
  }

  /** A value has come from elsewhere, perhaps a run's description. */
  copied(id: number, bytes: Uint8Array): void {
    const worker = workerOfRun(bytes);
    if (worker !== undefined) this.#copies.set(id, worker);
  }

  /** The value is not needed any more: neither is the file. */
  discard(id: number): void {
    this.#copies.delete(id);
    const run = this.#own.get(id);
    if (run === undefined) return;
    this.#own.delete(id);
    // What stays behind goes with the graph's folder.
    rm(run.path, { force: true }).catch(() => undefined);
  }

  /** Copied descriptions of runs whose worker is gone. */
  copiesFrom(address: string): number[] {
    return [...this.#copies].filter(([, worker]) => worker === address).map(([id]) => id);
  }

  /** Whether what is here of the run was made elsewhere. */
  isCopy(id: number): boolean {
    return this.#copies.has(id);
  }

  /** A stretch of the part that another worker asks for; undefined when the run is not here. */
  async read(id: number, part: unknown): Promise<{ readonly bytes: Uint8Array } | undefined> {
    const request = readPartRequest(part);
    const run = this.#own.get(id);
    if (run === undefined || basename(run.path) !== request[0]) return undefined;
    return { bytes: await readStretch(run, request) };
  }
}

/** Address of the worker that has the file, if the value is a run. */
export function workerOfRun(bytes: Uint8Array): string | undefined {
  if (!isRunAtRest(bytes)) return undefined;
  const run = decodeValue(bytes);
  return run instanceof Run ? run.worker : undefined;
}
