/**
 * @file Virtual time: what happens next is the timer with the smallest time, and among equals the
 * one set first. Links carry messages with random delays and never reorder them.
 */
import type { Prng } from "../core/prng.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class SimClock {
  nowMs = 0;
  /** A heap by (time, order). */
  readonly #timers: Timer[] = [];
  #order = 0;

  after(ms: number, run: () => void): void {
    const timers = this.#timers;
    timers.push({ atMs: this.nowMs + ms, order: this.#order++, run });
    for (let i = timers.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!comesBefore(timers[i]!, timers[parent]!)) break;
      [timers[i], timers[parent]] = [timers[parent]!, timers[i]!];
      i = parent;
    }
  }

  /** Runs the next timer; false when there is none. */
  advance(): boolean {
    const timers = this.#timers;
    const first = timers[0];
    if (first === undefined) return false;
    const last = timers.pop()!;
    if (timers.length > 0) {
      timers[0] = last;
      this.#sink();
    }
    this.nowMs = first.atMs;
    first.run();
    return true;
  }

  #sink(): void {
    const timers = this.#timers;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      if (left >= timers.length) return;
      const right = left + 1;
      const child =
        right < timers.length && comesBefore(timers[right]!, timers[left]!) ? right : left;
      if (!comesBefore(timers[child]!, timers[i]!)) return;
      [timers[i], timers[child]] = [timers[child]!, timers[i]!];
      i = child;
    }
  }
}

/** One direction of a connection. */
export class SimLink<T> {
  readonly #clock: SimClock;
  readonly #prng: Prng;
  readonly #delayMs: number;
  readonly #deliver: (message: T) => void;
  readonly #underWay: T[] = [];
  #lastMs = 0;

  /** `delayMs`: mean delay; 0 delivers at once. */
  constructor(clock: SimClock, prng: Prng, delayMs: number, deliver: (message: T) => void) {
    this.#clock = clock;
    this.#prng = prng;
    this.#delayMs = delayMs;
    this.#deliver = deliver;
  }

  send(message: T): void {
    if (this.#delayMs === 0) return this.#deliver(message);
    const atMs = this.#clock.nowMs + this.#prng.exponential(this.#delayMs);
    this.#lastMs = Math.max(this.#lastMs, atMs);
    this.#underWay.push(message);
    this.#clock.after(this.#lastMs - this.#clock.nowMs, () => this.#arrive());
  }

  /** What is on its way arrives now. */
  flush(): void {
    while (this.#underWay.length > 0) this.#arrive();
  }

  #arrive(): void {
    const message = this.#underWay.shift();
    if (message !== undefined) this.#deliver(message);
  }
}

function comesBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
