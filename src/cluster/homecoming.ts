/**
 * @file The time after a restart of the scheduler in which its workers come back. It is over when
 * all have, or when those that are missing have had long enough; until then nobody is answered,
 * since it is not known what there is.
 */
import type { Keys } from "./journal/memory.ts";

export class Homecoming {
  readonly #missing: Set<string>;
  readonly #done: (missing: readonly string[]) => void;
  readonly #waiting: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `done` is called once, with the keys of the workers that have not come. */
  constructor(workers: Keys, graceMs: number, done: (missing: readonly string[]) => void) {
    this.#missing = new Set(workers.values());
    this.#done = done;
    if (this.#missing.size === 0) this.#end();
    else this.#timer = setTimeout(() => this.#end(), graceMs);
  }

  /** A worker has come back. */
  arrived(key: string): void {
    if (this.#missing.delete(key) && this.#missing.size === 0) this.#end();
  }

  /** Calls `run` when it is over: at once if it is. */
  whenOver(run: () => void): void {
    if (this.#isOver) run();
    else this.#waiting.push(run);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#done([...this.#missing]);
    for (const run of this.#waiting.splice(0)) run();
  }
}
