/**
 * @file Clients in the worker's own process read values where they lie: the worker keeps them in
 * memory until they have been copied.
 */
import type { WorkerEvent } from "../machine/worker/events.ts";
import type { EngineMessage } from "./messages.ts";

/** Values that a client copies out of the heap. */
interface Read {
  readonly client: number;
  readonly request: number;
  readonly ids: Int32Array;
  /** The worker keeps them in memory until it is told otherwise. */
  isPinned: boolean;
}

export interface LocalReadsHost {
  tellWorker(event: WorkerEvent): void;
  /** False when the client has left. */
  answer(client: number, message: EngineMessage): boolean;
}

export class LocalReads {
  readonly #host: LocalReadsHost;
  readonly #reads = new Map<number, Read>();
  #nextReader = 1;

  constructor(host: LocalReadsHost) {
    this.#host = host;
  }

  begin(client: number, request: number, ids: Int32Array): void {
    const reader = this.#nextReader++;
    this.#reads.set(reader, { client, request, ids, isPinned: false });
    this.#host.tellWorker({ kind: "pin", reader, ids });
  }

  /** The worker has the values in memory, or some are gone. */
  pinned(reader: number, missing: Int32Array): void {
    const read = this.#reads.get(reader);
    if (read === undefined) return;
    read.isPinned = missing.length === 0;
    if (!read.isPinned) this.#reads.delete(reader);
    const { client, request } = read;
    if (!this.#host.answer(client, { kind: "read", request, missing })) this.#end(reader);
  }

  /** The values have been copied. */
  end(client: number, request: number): void {
    for (const [reader, read] of this.#reads) {
      if (read.client === client && read.request === request) this.#end(reader);
    }
  }

  /** The client has left: those that are not pinned yet end when they are. */
  left(client: number): void {
    for (const [reader, read] of this.#reads) if (read.client === client) this.#end(reader);
  }

  #end(reader: number): void {
    const read = this.#reads.get(reader);
    if (read?.isPinned !== true) return;
    this.#reads.delete(reader);
    this.#host.tellWorker({ kind: "unpin", ids: read.ids });
  }
}
