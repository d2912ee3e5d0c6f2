/**
 * @file Values on their way from their holders to a client. Each is decoded as soon as its last
 * byte is there, while the next one comes, and the memory that it came in serves the one after.
 */
import { prepareValue } from "../codec/index.ts";
import type { BulkPool } from "../comm/index.ts";
import { keepNow } from "./link-values.ts";
import type { ReceiveValue } from "./run-collections.ts";
import type { Scratch } from "./scratch.ts";

export class ArrivingValues {
  /** What has come, as it is kept. */
  readonly values: unknown[];
  /** Size at rest of what has come. */
  bytes = 0;
  readonly #receive: ReceiveValue | undefined;
  readonly #scratch: Scratch;
  /** Where each value goes that has not come. */
  readonly #places = new Map<number, number[]>();
  /** What is being written to. */
  readonly #open = new Map<number, Uint8Array>();
  /** Functions within values are being loaded. */
  readonly #preparing: Promise<void>[] = [];
  #failed: { readonly error: unknown } | undefined;

  constructor(ids: Int32Array, receive: ReceiveValue | undefined, scratch: Scratch) {
    this.values = new Array<unknown>(ids.length);
    this.#receive = receive;
    this.#scratch = scratch;
    ids.forEach((id, k) => {
      const places = this.#places.get(id);
      if (places === undefined) this.#places.set(id, [k]);
      else places.push(k);
    });
  }

  /** Values that have not come. */
  get missing(): number {
    return this.#places.size;
  }

  /**
   * Fetches values from the first of the addresses that answers; what came whole from one counts,
   * and what did not is missing.
   */
  async fetch(pool: BulkPool, addresses: readonly string[], ids: Int32Array): Promise<void> {
    for (const address of addresses) {
      const missing = ids.filter((id) => this.#places.has(id));
      if (missing.length === 0) return;
      try {
        await pool.get(address, missing, this.#place, { arrived: this.#arrived });
      } catch {
        // The next address, or the scheduler, may know better.
      }
    }
  }

  /** Resolves when all that has come can be used; rejects with what is wrong with some value. */
  async settled(): Promise<void> {
    await Promise.all(this.#preparing);
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  readonly #place = (id: number, bytes: number): Uint8Array => {
    const memory = this.#scratch.take(bytes);
    this.#open.set(id, memory);
    return memory;
  };

  /** Throws nothing: a value that cannot be read is no fault of the connection. */
  readonly #arrived = (id: number): void => {
    const memory = this.#open.get(id);
    const places = this.#places.get(id);
    if (memory === undefined || places === undefined) return;
    this.#open.delete(id);
    this.#places.delete(id);
    const fail = (error: unknown): void => {
      this.#failed ??= { error };
    };
    try {
      const prepared = prepareValue(memory)
        ?.then(() => this.#keep(places, memory))
        .catch(fail);
      if (prepared === undefined) this.#keep(places, memory);
      else this.#preparing.push(prepared);
    } catch (error) {
      fail(error);
    }
  };

  #keep(places: readonly number[], memory: Uint8Array): void {
    this.bytes += memory.length;
    let isUsed = false;
    for (const k of places) {
      const { value, isApart } = keepNow(memory, (decoded) => this.#receive?.(k, decoded));
      this.values[k] = value;
      isUsed ||= !isApart;
    }
    if (!isUsed) this.#scratch.give(memory);
  }
}
