/**
 * @file Serves a worker's values to whoever fetches them: they are kept in memory until they have
 * been sent.
 */
import type { WorkerHost } from "./worker-host.ts";

/** Values at rest, and how to let go of them. */
export interface ServedValues {
  /** The bytes of each value; undefined for those that are gone. */
  readonly values: readonly (Uint8Array | undefined)[];
  readonly release: () => void;
}

interface Read {
  readonly ids: Int32Array;
  readonly resolve: (served: ServedValues) => void;
}

export class ValueServer {
  readonly #host: WorkerHost;
  readonly #reads = new Map<number, Read>();
  #nextReader = 1;

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  /** Resolves when the values are in memory. */
  read(ids: Int32Array): Promise<ServedValues> {
    return new Promise((resolve) => {
      const reader = this.#nextReader++;
      this.#reads.set(reader, { ids, resolve });
      this.#host.tell({ kind: "pin", reader, ids });
      this.#host.wake();
    });
  }

  /** The machine's answer. When some are missing nothing is pinned: the others are read alone. */
  pinned(reader: number, missing: Int32Array): void {
    const read = this.#reads.get(reader);
    if (read === undefined) return;
    this.#reads.delete(reader);
    const { ids, resolve } = read;
    if (missing.length === 0) return resolve(this.#serve(ids));
    const gone = new Set(missing);
    const rest = ids.filter((id) => !gone.has(id));
    const all = (found: ReadonlyMap<number, Uint8Array>, release: () => void): void => {
      resolve({ values: Array.from(ids, (id) => found.get(id)), release });
    };
    if (rest.length === 0) return all(new Map(), () => undefined);
    this.read(rest).then(({ values, release }) => {
      const found = new Map<number, Uint8Array>();
      values.forEach((value, i) => {
        if (value !== undefined) found.set(rest[i]!, value);
      });
      all(found, release);
    });
  }

  #serve(ids: Int32Array): ServedValues {
    const values = Array.from(ids, (id) => this.#host.store.viewOf(id));
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#host.tell({ kind: "unpin", ids });
      this.#host.wake();
    };
    return { values, release };
  }
}
