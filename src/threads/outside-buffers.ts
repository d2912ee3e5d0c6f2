/**
 * @file Buffers that tasks make outside of the engine's heap: plain typed arrays and those of
 * libraries. V8 lets dead ones lie until they are some 64 MiB on each thread, a large part of what
 * a small process may take, and nobody can say beforehand how large. So a thread looks between
 * tasks, and collects when there are more than its share. Most of them have died young.
 */
import { collectGarbage, collectYoung } from "../ndarray/collect-garbage.ts";

/** So often it is looked at most: that takes a few microseconds. */
const LOOK_MS = 5;

export class OutsideBuffers {
  readonly #quietBytes: number;
  /** So many bytes were there after the last collection, or when they were least since. */
  #leastBytes = 0;
  #lookAtMs = 0;

  /** `quietBytes`: so much more than after the last collection is of no matter. */
  constructor(quietBytes: number) {
    this.#quietBytes = quietBytes;
  }

  /** Between tasks: collects when there is too much. */
  look(nowMs: number): void {
    if (nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + LOOK_MS;
    if (!this.#isTooMuch) return;
    collectYoung();
    if (this.#isTooMuch) this.collect();
  }

  /** Collects all that is dead. */
  collect(): void {
    collectGarbage();
    this.#leastBytes = process.memoryUsage().arrayBuffers;
  }

  get #isTooMuch(): boolean {
    const bytes = process.memoryUsage().arrayBuffers;
    this.#leastBytes = Math.min(this.#leastBytes, bytes);
    return bytes > this.#leastBytes + this.#quietBytes;
  }
}
