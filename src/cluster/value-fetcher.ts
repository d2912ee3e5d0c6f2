/**
 * @file Brings values into a worker's memory: those that its tasks need, from the workers that hold
 * them, and those that clients bring.
 */
import type { BulkPool, PutValues } from "../comm/index.ts";
import { isHeddleError } from "../core/errors.ts";
import type { WorkerCommand } from "../machine/worker/events.ts";
import type { Peer } from "./wire/worker-messages.ts";
import type { WorkerHost } from "./worker-host.ts";

type Fetch = Extract<WorkerCommand, { kind: "fetch" }>;

export class ValueFetcher {
  readonly #host: WorkerHost;
  readonly #pool: BulkPool;
  readonly #peers = new Map<number, readonly string[]>();

  constructor(host: WorkerHost, pool: BulkPool) {
    this.#host = host;
    this.#pool = pool;
  }

  /** Where other workers are reached. */
  know(peers: readonly Peer[], gone: Int32Array): void {
    for (const { worker, addresses } of peers) this.#peers.set(worker, addresses);
    for (const worker of gone) this.#peers.delete(worker);
  }

  /** Fetches values; the machine hears of each how it ended. */
  fetch({ holder, ids }: Fetch): void {
    this.#get(holder, ids).catch((error: unknown) => {
      const message = isHeddleError(error) ? error.message : String(error);
      this.#host.tell({ kind: "fetch-failed", holder, ids, isGone: false, message });
      this.#host.wake();
    });
  }

  async #get(holder: number, ids: Int32Array): Promise<void> {
    const address = this.#peers.get(holder)?.[0];
    const { store } = this.#host;
    const arrived: number[] = [];
    const failed: number[] = [];
    let message = `worker ${holder} is not known`;
    let gone = new Int32Array(0);
    if (address === undefined) failed.push(...ids);
    else {
      const arrivals = store.arrivals();
      try {
        const outcome = await this.#pool.get(address, ids, (id, bytes) => arrivals.place(id, bytes));
        gone = outcome.gone;
        arrived.push(...arrivals.keep());
      } catch (error) {
        message = isHeddleError(error) ? error.message : String(error);
        arrivals.drop();
        failed.push(...ids);
      }
    }
    this.#tell(holder, arrived, gone, failed, message);
  }

  #tell(
    holder: number,
    arrived: readonly number[],
    gone: Int32Array,
    failed: readonly number[],
    message: string,
  ): void {
    const { store } = this.#host;
    if (arrived.length > 0) {
      const ids = Int32Array.from(arrived);
      const bytes = Float64Array.from(ids, (id) => store.bytesOf(id));
      this.#host.tell({ kind: "fetched", ids, bytes });
    }
    if (gone.length > 0) {
      this.#host.tell({ kind: "fetch-failed", holder, ids: gone, isGone: true, message: "gone" });
    }
    if (failed.length > 0) {
      const ids = Int32Array.from(failed);
      this.#host.tell({ kind: "fetch-failed", holder, ids, isGone: false, message });
    }
    this.#host.wake();
  }
}
