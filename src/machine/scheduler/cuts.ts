/**
 * @file Pairs of workers between which nothing can be fetched for a while. Each further failure of
 * a pair doubles the time for which it is avoided; a pair that was left alone for long enough
 * starts afresh.
 */

const FIRST_MS = 100;
const LONGEST_MS = 10_000;
/** Workers have numbers below this. */
const WORKERS = 2 ** 26;

interface Cut {
  untilMs: number;
  lengthMs: number;
}

export class Cuts {
  readonly #pairs = new Map<number, Cut>();

  /** Whether the worker should not try to fetch from the holder now. */
  has(worker: number, holder: number, nowMs: number): boolean {
    if (this.#pairs.size === 0) return false;
    const cut = this.#pairs.get(worker * WORKERS + holder);
    return cut !== undefined && cut.untilMs > nowMs;
  }

  add(worker: number, holder: number, nowMs: number): void {
    const key = worker * WORKERS + holder;
    const before = this.#pairs.get(key);
    // Several fetches fail at the same time: that is one failure.
    if (before !== undefined && before.untilMs > nowMs) return;
    const isRecent = before !== undefined && nowMs < before.untilMs + 2 * LONGEST_MS;
    const lengthMs = isRecent ? Math.min(LONGEST_MS, 2 * before.lengthMs) : FIRST_MS;
    this.#pairs.set(key, { untilMs: nowMs + lengthMs, lengthMs });
  }

  /** The worker has gone: its number does not come again. */
  leave(worker: number): void {
    for (const key of this.#pairs.keys()) {
      if (key % WORKERS === worker || Math.floor(key / WORKERS) === worker) this.#pairs.delete(key);
    }
  }

  get isEmpty(): boolean {
    return this.#pairs.size === 0;
  }

  /** When the first of the pairs may be tried again. */
  nextMs(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { untilMs } of this.#pairs.values()) {
      if (untilMs > nowMs) next = Math.min(next, untilMs);
    }
    return next;
  }
}
