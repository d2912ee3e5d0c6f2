/**
 * @file Values of a cluster, read by its clients: small ones come with the news that their tasks
 * are done, the others are fetched from the workers that hold them; the scheduler carries the bytes
 * only where a worker cannot be reached (`comm/relay.ts`).
 */
import { typeName } from "../threads/value-kinds.ts";
import { ArrivingValues } from "./arriving-values.ts";
import { type LinkValues, loadArrays, type ReadValues } from "./link-values.ts";
import type { EngineMessage, HoldersAnswer } from "./messages.ts";
import type { RemotePort } from "./remote-port.ts";
import type { ReceiveValue } from "./run-collections.ts";
import { Scratch } from "./scratch.ts";
import type { Asking } from "./shared-values.ts";
import { WordCache } from "./word-cache.ts";

/** A holder that did not answer may be about to be given up: the scheduler is asked again. */
const AGAIN_MS = 50;

export class RemoteValues implements LinkValues {
  readonly batchBytes: number = 256 * 2 ** 20;
  readonly #link: Asking;
  readonly #port: RemotePort;
  readonly #words = new WordCache();
  readonly #scratch = new Scratch();

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
    await loadArrays();
    const { pool } = await this.#port.connected;
    const arriving = new ArrivingValues(ids, receive, this.#scratch);
    await Promise.all(
      [...byHolder(ids, holders)].map(([holder, held]) =>
        arriving.fetch(pool, addresses[holder] ?? [], Int32Array.from(held)),
      ),
    );
    await arriving.settled();
    if (arriving.missing === 0) return arriving;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return undefined;
  }

  /** The connection goes with its port. */
  close(): void {
    this.#scratch.clear();
  }
}

/** Values by the first holder of each; those without one are under -1. */
function byHolder(
  ids: Int32Array,
  holders: readonly (readonly number[])[],
): Map<number, Set<number>> {
  const held = new Map<number, Set<number>>();
  ids.forEach((id, k) => {
    const holder = holders[k]?.[0] ?? -1;
    const known = held.get(holder);
    if (known === undefined) held.set(holder, new Set([id]));
    else known.add(id);
  });
  return held;
}
