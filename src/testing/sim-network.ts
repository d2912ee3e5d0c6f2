/**
 * @file Transfers between simulated workers: they take time, fail when the two cannot reach each
 * other, and find that a value is gone. The holder keeps a value in memory while it is read, as for
 * any reader.
 */
import { assert } from "../core/errors.ts";
import type { Prng } from "../core/prng.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimValue } from "./sim-disk.ts";
import type { SimWorker } from "./sim-worker.ts";

/** A transfer that waits for its holder to have the value in memory. */
type Pinned = (missing: Int32Array) => void;

/** Bytes that are sent in a millisecond. */
const BYTES_PER_MS = 5000;

export class SimTransfers {
  readonly #clock: SimClock;
  readonly #prng: Prng;
  readonly #find: (worker: number) => SimWorker | undefined;
  readonly #pins = new Map<number, { readonly worker: SimWorker; readonly pinned: Pinned }>();
  readonly #puts = new Map<string, { value: SimValue; isThere: () => boolean }>();
  /** Workers that cannot reach others: who, and whom. */
  readonly #cuts = new Set<string>();
  #isApart: (side: number, from: number) => boolean = () => false;
  #nextReader = 1;
  fetches = 0;
  failures = 0;

  constructor(clock: SimClock, prng: Prng, find: (worker: number) => SimWorker | undefined) {
    this.#clock = clock;
    this.#prng = prng;
    this.#find = find;
  }

  /** From now on the first cannot reach the other, nor the other way round unless it is one-way. */
  cut(a: SimWorker, b: SimWorker, isOneWay: boolean): void {
    this.#cuts.add(`${a.number} ${b.number}`);
    if (!isOneWay) this.#cuts.add(`${b.number} ${a.number}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** From now on, for ever, workers on one side cannot reach those on another. */
  divide(isApart: (side: number, from: number) => boolean): void {
    this.#isApart = isApart;
  }

  fetch(to: SimWorker, holder: number, id: number): void {
    this.fetches++;
    this.#after(() => {
      const from = this.#find(holder);
      if (from === undefined || this.#isCut(from, to)) return this.#fail(to, holder, id, false);
      this.read(from, [id], (missing) => {
        if (from.isDead) this.#after(() => this.#fail(to, holder, id, false));
        else this.#send(from, to, holder, id, missing.length > 0);
      });
    });
  }

  /** Has a worker keep values in memory; nothing is kept when some are missing. */
  read(worker: SimWorker, ids: readonly number[], pinned: Pinned): void {
    const reader = this.#nextReader++;
    this.#pins.set(reader, { worker, pinned });
    worker.hear({ kind: "pin", reader, ids: Int32Array.from(ids) });
  }

  pinned(reader: number, missing: Int32Array): void {
    const read = this.#pins.get(reader);
    this.#pins.delete(reader);
    read?.pinned(missing);
  }

  /** A client brings a value to a worker, unless it goes before that. */
  put(to: SimWorker, id: number, epoch: number, value: SimValue, isThere: () => boolean): void {
    this.#after(() => {
      if (to.isDead) return;
      this.#puts.set(`${to.number} ${id} ${epoch}`, { value, isThere });
      to.hear({ kind: "offered", ids: Int32Array.of(id), epochs: Int32Array.of(epoch) });
    });
  }

  received(to: SimWorker, ids: Int32Array, isWanted: boolean): void {
    for (const id of ids) {
      if (!isWanted) continue;
      const key = `${to.number} ${id} ${to.machine.values.epoch[id]}`;
      const { value, isThere } = this.#puts.get(key)!;
      this.#puts.delete(key);
      this.#after(() => {
        if (to.isDead) return;
        const column = Int32Array.of(id);
        if (!isThere()) return to.hear({ kind: "receive-failed", ids: column });
        to.store.put(id, value);
        to.hear({ kind: "adopt", ids: column, bytes: Float64Array.of(value.bytes) });
      });
    }
  }

  /** The worker has died: nobody waits for it any more. */
  leave(worker: SimWorker): void {
    for (const [reader, read] of this.#pins) {
      if (read.worker !== worker) continue;
      this.#pins.delete(reader);
      read.pinned(Int32Array.of(-1));
    }
  }

  #send(from: SimWorker, to: SimWorker, holder: number, id: number, isGone: boolean): void {
    if (isGone) return this.#after(() => this.#fail(to, holder, id, true));
    const value = from.store.heap.get(id);
    assert(value, `the value ${id} is read but is not in memory`);
    this.#clock.after(this.#prng.exponential(0.05) + value.bytes / BYTES_PER_MS, () => {
      if (!from.isDead) from.hear({ kind: "unpin", ids: Int32Array.of(id) });
      if (from.isDead || this.#isCut(from, to)) return this.#fail(to, holder, id, false);
      if (to.isDead) return;
      assert(from.store.heap.get(id) === value, `the value ${id} went while it was read`);
      to.store.put(id, value);
      const bytes = Float64Array.of(value.bytes);
      to.hear({ kind: "fetched", ids: Int32Array.of(id), bytes });
    });
  }

  #fail(to: SimWorker, holder: number, id: number, isGone: boolean): void {
    this.failures++;
    const message = isGone ? "it has no such value" : "it cannot be reached";
    to.hear({ kind: "fetch-failed", holder, ids: Int32Array.of(id), isGone, message });
  }

  #after(run: () => void): void {
    this.#clock.after(this.#prng.exponential(0.1), run);
  }

  #isCut(from: SimWorker, to: SimWorker): boolean {
    if (this.#isApart(to.side, from.side)) return true;
    return this.#cuts.has(`${to.number} ${from.number}`);
  }
}
