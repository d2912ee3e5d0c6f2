/**
 * @file Running tasks that wait for tasks of their own. They hold no thread meanwhile, and do not
 * end their process: so the scheduler is told of each that begins to wait, and that goes on. The
 * end of a task, or of its lease, ends its wait without a word.
 */
import type { WorkerCommand } from "./events.ts";
import type { ValueTable } from "./value-table.ts";

export class Waits {
  readonly #values: ValueTable;
  readonly #waiting = new Set<number>();
  /** Of these the scheduler has to be told. */
  readonly #changed = new Set<number>();

  constructor(values: ValueTable) {
    this.#values = values;
  }

  /** Tasks that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** A running task waits from now on, or goes on. */
  change(id: number, isWaiting: boolean): void {
    if (isWaiting === this.#waiting.has(id)) return;
    if (isWaiting) this.#waiting.add(id);
    else this.#waiting.delete(id);
    this.#changed.add(id);
  }

  /** The task has ended. */
  end(id: number): void {
    this.#waiting.delete(id);
    this.#changed.delete(id);
  }

  /** The task is under another lease, which was given without knowing that it waits. */
  tellAgain(id: number): void {
    if (this.#waiting.has(id)) this.#changed.add(id);
  }

  /** The scheduler knows nothing of what it was told. */
  tellAll(): void {
    for (const id of this.#waiting) this.#changed.add(id);
  }

  take(out: WorkerCommand[]): void {
    if (this.#changed.size === 0) return;
    const ids = Int32Array.from(this.#changed);
    this.#changed.clear();
    const epochs = ids.map((id) => this.#values.epoch[id]!);
    const waits = Uint8Array.from(ids, (id) => Number(this.#waiting.has(id)));
    out.push({ kind: "suspended", ids, epochs, waits });
  }
}
