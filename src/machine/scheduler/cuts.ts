/**
 * @file Ways between workers over which nothing could be fetched lately. Each further failure of a
 * way doubles the time for which it is avoided; one that was left alone for long enough, or over
 * which something has come, starts afresh.
 */

const FIRST_MS = 100;
const LONGEST_MS = 10_000;
/** A way that may be tried again for so long, and was not, starts afresh. */
const FORGET_MS = 60_000;
/** A way that failed again and again for so long is not likely to be there soon. */
export const LASTING_MS = 10_000;
/** So long what cannot be reached is tried all the same: the silence after which a peer is dead. */
export const PATIENCE_MS = 60_000;
const LASTING_FAILURES = 3;
/** Workers have numbers below this. */
const WORKERS = 2 ** 26;

interface Cut {
  /** First and last failure of those one after the other, and how many there were. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly failures: number;
  readonly untilMs: number;
}

export class Cuts {
  readonly #ways = new Map<number, Cut>();

  /** Whether the worker should not try to fetch from the holder now. */
  has(worker: number, holder: number, nowMs: number): boolean {
    const cut = this.#find(worker, holder);
    return cut !== undefined && cut.untilMs > nowMs;
  }

  /** Whether the way has been failing for so long. */
  isLasting(worker: number, holder: number, nowMs: number, forMs: number = LASTING_MS): boolean {
    const cut = this.#find(worker, holder);
    if (cut === undefined || isForgotten(cut, nowMs)) return false;
    return cut.failures >= LASTING_FAILURES && cut.lastMs - cut.firstMs >= forMs;
  }

  /** Whether the way has failed since then. */
  hasFailedSince(worker: number, holder: number, sinceMs: number): boolean {
    const cut = this.#find(worker, holder);
    return cut !== undefined && cut.lastMs >= sinceMs;
  }

  /** A fetch has failed. */
  add(worker: number, holder: number, nowMs: number): void {
    const before = this.#find(worker, holder);
    // Several fetches fail at the same time: that is one failure.
    if (before !== undefined && before.untilMs > nowMs) return;
    const isFirst = before === undefined || isForgotten(before, nowMs);
    const failures = isFirst ? 1 : before.failures + 1;
    this.#ways.set(worker * WORKERS + holder, {
      firstMs: isFirst ? nowMs : before.firstMs,
      lastMs: nowMs,
      failures,
      untilMs: nowMs + Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)),
    });
  }

  /** Something has come over the way. */
  delete(worker: number, holder: number): void {
    this.#ways.delete(worker * WORKERS + holder);
  }

  /** The worker has gone: its number does not come again. */
  leave(worker: number): void {
    for (const key of this.#ways.keys()) {
      if (key % WORKERS === worker || Math.floor(key / WORKERS) === worker) this.#ways.delete(key);
    }
  }

  get isEmpty(): boolean {
    return this.#ways.size === 0;
  }

  /** When the first of the ways may be tried again. */
  nextMs(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { untilMs } of this.#ways.values()) {
      if (untilMs > nowMs) next = Math.min(next, untilMs);
    }
    return next;
  }

  #find(worker: number, holder: number): Cut | undefined {
    return this.#ways.size === 0 ? undefined : this.#ways.get(worker * WORKERS + holder);
  }
}

function isForgotten({ untilMs }: Cut, nowMs: number): boolean {
  return nowMs >= untilMs + FORGET_MS;
}
