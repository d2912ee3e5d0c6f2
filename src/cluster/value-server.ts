/**
 * @file Serves a worker's values to whoever fetches them: each is kept in memory until it has been
 * sent.
 */
import type { HeldBytes } from "../comm/index.ts";
import type { WorkerHost } from "./worker-host.ts";

interface Read {
  readonly id: number;
  readonly resolve: (held: HeldBytes | undefined) => void;
}

export class ValueServer {
  readonly #host: WorkerHost;
  readonly #reads = new Map<number, Read>();
  #nextReader = 1;

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  /**
   * Resolves when the value is in memory, or the part of a run that is asked for; to undefined when
   * it is gone.
   */
  read(id: number, part?: unknown): Promise<HeldBytes | undefined> {
    if (part !== undefined) return this.#host.store.runs.read(id, part);
    return new Promise((resolve) => {
      const reader = this.#nextReader++;
      this.#reads.set(reader, { id, resolve });
      this.#host.tell({ kind: "pin", reader, ids: Int32Array.of(id) });
      this.#host.wake();
    });
  }

  /** The machine's answer. */
  pinned(reader: number, missing: Int32Array): void {
    const read = this.#reads.get(reader);
    if (read === undefined) return;
    this.#reads.delete(reader);
    const { id, resolve } = read;
    if (missing.length > 0) return resolve(undefined);
    const release = (): void => {
      this.#host.tell({ kind: "unpin", ids: Int32Array.of(id) });
      this.#host.wake();
    };
    const bytes = this.#host.store.viewOf(id);
    if (bytes !== undefined) return resolve({ bytes, release });
    // Words are not fetched: whoever asks for one holds an old id.
    release();
    resolve(undefined);
  }
}
