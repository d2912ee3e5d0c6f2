/** @file Queues between clients and tasks. */
import { checkOptionNames } from "../../core/options.ts";
import { inspectAsText } from "../../core/symbols.ts";
import type { Payload } from "../../machine/coordination/events.ts";
import { checkWhole } from "../check-given.ts";
import {
  askerOf,
  bindClient,
  type NamedOptions,
  nameFor,
  timeoutOf,
  type WaitOptions,
  waiting,
} from "./named.ts";
import { contentOf, payloadOf } from "./payload.ts";

export interface QueueOptions extends NamedOptions {
  /**
   * Most items, 0 for any number; default: as it was made first, else 0. All who give it must
   * agree.
   */
  readonly maxsize?: number | undefined;
}

export interface QueueGetOptions extends WaitOptions {
  /** So many items together, or true for all that there are; default one, not in a list. */
  readonly batch?: number | boolean;
}

/**
 * A queue that all clients and tasks of an engine share by its name: of futures, and of small
 * values (at most 1 MiB each), which may hold futures. Those who wait are served in the order in
 * which they came. The values of futures are kept while these are in the queue.
 *
 * @example
 * import { Client, type Future, Queue } from "heddle";
 * await Client.with({ embedded: true }, async (client) => {
 *   const queue = new Queue<Future<number>>("results");
 *   await queue.put(client.submit(Math.sqrt, 1764));
 *   const future = await queue.get();
 *   console.log(await future.result()); // 42
 *   await queue.close();
 * });
 */
export class Queue<T = unknown> {
  readonly name: string;
  readonly maxsize?: number | undefined;

  constructor(name?: string, options: QueueOptions = {}) {
    checkOptionNames("Queue", options, ["client", "maxsize"]);
    this.name = nameFor("queue", name);
    checkWhole("Queue: maxsize", options.maxsize, 0);
    this.maxsize = options.maxsize;
    bindClient(this, options.client);
  }

  /**
   * Resolves when the item is in the queue. Errors: `Timeout`, `MemoryLimit`, `NotSerializable`.
   */
  async put(item: T, options: WaitOptions = {}): Promise<void> {
    checkOptionNames("Queue.put", options, ["timeoutMs", "signal"]);
    const asker = askerOf(this);
    const payload = await payloadOf(asker, item);
    const op = { kind: "queue-put", ...placeOf(this), payload, ...timeoutOf(options) } as const;
    await waiting(() => asker.ask<"queue-put">(op, { signal: options.signal }));
  }

  /** The oldest item, or with `batch` a list of the oldest. Errors: `Timeout`. */
  async get(options?: QueueGetOptions & { readonly batch?: false }): Promise<T>;
  async get(options: QueueGetOptions & { readonly batch: number | true }): Promise<T[]>;
  async get(options: QueueGetOptions = {}): Promise<T | T[]> {
    checkOptionNames("Queue.get", options, ["timeoutMs", "signal", "batch"]);
    const { batch = false, signal } = options;
    if (typeof batch !== "boolean") checkWhole("Queue.get: batch", batch, 1);
    const asker = askerOf(this);
    const count = batch === true ? "all" : batch === false ? 1 : batch;
    const op = {
      kind: "queue-get",
      ...placeOf(this),
      batch: count,
      ...timeoutOf(options),
    } as const;
    const read = (payloads: readonly Payload[]): Promise<unknown[]> =>
      Promise.all(payloads.map((payload) => contentOf(asker, payload)));
    const items = await waiting(() => asker.receive<"queue-get", unknown[]>(op, { signal }, read));
    return (batch === false ? items[0] : items) as T | T[];
  }

  /** How many items are in it; those who wait to put one do not count. */
  async qsize(): Promise<number> {
    return await askerOf(this).ask<"queue-size">({ kind: "queue-size", name: this.name });
  }

  /** Ends the queue for all, with what is in it; those who wait get `Cancelled`. */
  async close(): Promise<void> {
    await askerOf(this).ask<"queue-close">({ kind: "queue-close", name: this.name });
  }

  toString(): string {
    return `Queue("${this.name}")`;
  }
}
inspectAsText(Queue.prototype);

function placeOf({ name, maxsize }: Pick<Queue, "name" | "maxsize">): {
  readonly name: string;
  readonly maxsize?: number;
} {
  return maxsize === undefined ? { name } : { name, maxsize };
}
