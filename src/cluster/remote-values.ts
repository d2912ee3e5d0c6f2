/**
 * @file Values of a cluster, read by its clients: small ones come with the news that their tasks
 * are done, the others are fetched from the workers that hold them; the scheduler carries the bytes
 * only where a worker cannot be reached (`comm/relay.ts`).
 */
import { typeName } from "../threads/value-kinds.ts";
import { keepOf, type LinkValues, type ReadValues } from "./link-values.ts";
import type { EngineMessage, HoldersAnswer } from "./messages.ts";
import type { RemotePort } from "./remote-port.ts";
import type { ReceiveValue } from "./run-collections.ts";
import type { Asking } from "./shared-values.ts";
import { WordCache } from "./word-cache.ts";

/** A holder that did not answer may be about to be given up: the scheduler is asked again. */
const AGAIN_MS = 50;

export class RemoteValues implements LinkValues {
  readonly batchBytes: number = 256 * 2 ** 20;
  readonly #link: Asking;
  readonly #port: RemotePort;
  readonly #words = new WordCache();

  constructor(link: Asking, port: RemotePort) {
    this.#link = link;
    this.#port = port;
  }

  heard(message: EngineMessage): void {
    if (message.kind !== "done") return;
    const { ids, tags, words } = message;
    if (tags !== undefined && words !== undefined) this.#words.add(ids, tags, words);
  }

  isKnown(id: number): boolean {
    return this.#words.has(id);
  }

  known(id: number): unknown {
    return this.#words.value(id);
  }

  typeOf(id: number): string | undefined {
    return this.#words.has(id) ? typeName(this.#words.value(id)) : undefined;
  }

  forget(ids: Int32Array): void {
    this.#words.delete(ids);
  }

  async read(ids: Int32Array, receive: ReceiveValue | undefined): Promise<ReadValues | undefined> {
    const answer = await this.#link.ask<Extract<EngineMessage, { kind: "answer" }>>((request) => ({
      kind: "query",
      request,
      what: "holders",
      ids,
    }));
    const { addresses, holders } = answer.value as HoldersAnswer;
    const values = new Array<unknown>(ids.length);
    let bytes = 0;
    let isComplete = true;
    await Promise.all(
      byHolder(ids, holders).map(async ([holder, places]) => {
        const wanted = Int32Array.from(places, (k) => ids[k]!);
        const encoded = await this.#fetch(addresses[holder] ?? [], wanted);
        for (const [i, k] of places.entries()) {
          const value = encoded[i];
          if (value === undefined) {
            isComplete = false;
            continue;
          }
          bytes += value.length;
          values[k] = await keepOf(value, (decoded) => receive?.(k, decoded), { isOwn: true });
        }
      }),
    );
    if (isComplete) return { values, bytes };
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return undefined;
  }

  /** The connection goes with its port. */
  close(): void {}

  /** The values' bytes, undefined where the holder has them no more or does not answer. */
  async #fetch(
    addresses: readonly string[],
    ids: Int32Array,
  ): Promise<readonly (Uint8Array | undefined)[]> {
    const found = new Map<number, Uint8Array>();
    const { pool } = await this.#port.connected;
    for (const address of addresses) {
      const missing = ids.filter((id) => !found.has(id));
      if (missing.length === 0) break;
      try {
        await pool.get(address, missing, (id, bytes) => {
          const place = new Uint8Array(bytes);
          found.set(id, place);
          return place;
        });
      } catch {
        // What came in part does not count; the next address, or the scheduler, may know better.
        for (const id of missing) found.delete(id);
      }
    }
    return Array.from(ids, (id) => found.get(id));
  }
}

/** Places in `ids` by the first holder of each; values without one are under -1. */
function byHolder(ids: Int32Array, holders: readonly (readonly number[])[]): [number, number[]][] {
  const places = new Map<number, number[]>();
  ids.forEach((_, k) => {
    const holder = holders[k]?.[0] ?? -1;
    const list = places.get(holder);
    if (list === undefined) places.set(holder, [k]);
    else list.push(k);
  });
  return [...places];
}
