/**
 * @file Brings values into a worker's memory: those that its tasks need, from the workers that hold
 * them, and those that clients bring.
 */
import type { BulkPool, BulkRoom } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { WorkerCommand } from "../machine/worker/events.ts";
import type { Arrival } from "./value-store.ts";
import type { Peer } from "./wire/worker-messages.ts";
import type { WorkerHost } from "./worker-host.ts";

type Fetch = Extract<WorkerCommand, { kind: "fetch" }>;

/** What a client says with values that it brings: the epoch of each. */
export interface BroughtFacts {
  readonly epochs: Readonly<Record<number, number>>;
}

/** A value that somebody would like to bring. */
interface Offer {
  readonly bytes: number;
  readonly resolve: (room: BulkRoom) => void;
  readonly reject: (error: unknown) => void;
}

export class ValueFetcher {
  readonly #host: WorkerHost;
  readonly #pool: BulkPool;
  readonly #peers = new Map<number, readonly string[]>();
  /** Offers that are not answered yet, by value. */
  readonly #offers = new Map<number, Offer[]>();

  constructor(host: WorkerHost, pool: BulkPool) {
    this.#host = host;
    this.#pool = pool;
  }

  /** Where other workers are reached. */
  know(peers: readonly Peer[], gone: readonly Peer[]): void {
    for (const { worker, addresses } of peers) this.#peers.set(worker, addresses);
    for (const { worker } of gone) this.#peers.delete(worker);
  }

  /** Fetches values; the machine hears of each how it ended. */
  fetch({ holder, ids, bytes }: Fetch): void {
    const wanted = new Map<number, number>();
    ids.forEach((id, i) => void wanted.set(id, bytes[i]!));
    this.#get(holder, ids, wanted).catch((error: unknown) => {
      // Those that came before it broke are there.
      this.#failed(holder, wanted, error instanceof Error ? error.message : String(error));
    });
  }

  /** Resolves to room for a value that a client brings; rejects when it is not wanted any more. */
  receive(id: number, bytes: number, facts: unknown): Promise<BulkRoom> {
    const epoch = (facts as BroughtFacts | null)?.epochs?.[id] ?? -1;
    return new Promise((resolve, reject) => {
      const offers = this.#offers.get(id) ?? [];
      offers.push({ bytes, resolve, reject });
      this.#offers.set(id, offers);
      this.#tell({ kind: "offered", ids: Int32Array.of(id), epochs: Int32Array.of(epoch) });
    });
  }

  /** The machine's answer to the oldest offer of each value. */
  taken(ids: Int32Array, isTaken: boolean): void {
    for (const id of ids) {
      const offers = this.#offers.get(id);
      const offer = offers?.shift();
      if (offers?.length === 0) this.#offers.delete(id);
      if (offer === undefined) continue;
      if (isTaken) this.#take(id, offer);
      else offer.reject(new HeddleError("Lost", `value ${id} is not expected here any more`));
    }
  }

  #take(id: number, { bytes, resolve, reject }: Offer): void {
    const failed = (): void => this.#tell({ kind: "receive-failed", ids: Int32Array.of(id) });
    let arrival: Arrival;
    try {
      arrival = this.#host.store.arrival(id, bytes);
    } catch (error) {
      failed();
      return reject(error);
    }
    resolve({
      target: arrival.target,
      stored: () => {
        try {
          arrival.keep();
        } catch (error) {
          arrival.drop();
          failed();
          throw error;
        }
        this.#tell({
          kind: "adopt",
          ids: Int32Array.of(id),
          bytes: Float64Array.of(arrival.bytes),
        });
      },
      dropped: () => {
        arrival.drop();
        failed();
      },
    });
  }

  /** `wanted`: the values that have neither come nor failed, with the sizes that they have. */
  async #get(holder: number, ids: Int32Array, wanted: Map<number, number>): Promise<void> {
    const address = this.#peers.get(holder)?.[0];
    if (address === undefined) throw new HeddleError("Lost", `worker ${holder} is not known here`);
    const { store } = this.#host;
    const arrivals = new Map<number, Arrival>();
    /**
     * A value that is not what the scheduler knows of is none: another copy will do, or a new one.
     */
    const isUseless = (id: number, message: string): void => {
      wanted.delete(id);
      this.#fail(holder, id, true, message);
    };
    const place = (id: number, bytes: number): Uint8Array => {
      if (bytes > (wanted.get(id) ?? 0)) {
        const message = `value ${id} should have ${wanted.get(id)} bytes and came with ${bytes}`;
        isUseless(id, message);
        throw new HeddleError("ValueCorrupt", message);
      }
      const arrival = store.arrival(id, bytes);
      arrivals.set(id, arrival);
      return arrival.target;
    };
    const arrived = (id: number): void => {
      const arrival = arrivals.get(id);
      if (arrival === undefined) return;
      arrivals.delete(id);
      try {
        // Throws for what is no value.
        arrival.keep();
      } catch (error) {
        arrival.drop();
        return isUseless(id, error instanceof Error ? error.message : String(error));
      }
      wanted.delete(id);
      this.#tell({
        kind: "fetched",
        ids: Int32Array.of(id),
        bytes: Float64Array.of(arrival.bytes),
      });
    };
    try {
      for (const { id, status, message } of await this.#pool.get(address, ids, place, {
        arrived,
      })) {
        if (status === "here") continue;
        wanted.delete(id);
        this.#fail(holder, id, status === "gone", message);
      }
    } finally {
      for (const arrival of arrivals.values()) arrival.drop();
    }
  }

  #failed(holder: number, ids: ReadonlyMap<number, number>, message: string): void {
    for (const id of ids.keys()) this.#fail(holder, id, false, message);
  }

  #fail(holder: number, id: number, isGone: boolean, message: string): void {
    this.#tell({ kind: "fetch-failed", holder, ids: Int32Array.of(id), isGone, message });
  }

  #tell(event: Parameters<WorkerHost["tell"]>[0]): void {
    this.#host.tell(event);
    this.#host.wake();
  }
}
