/**
 * @file Values that shall be fetched and kept, although no task here needs them. They come as far
 * as memory allows; the scheduler hears of those that do not.
 */
import type { Fetches } from "./fetches.ts";
import type { Memory } from "./memory.ts";
import { ACTIVITY, PLACE, type ValueTable } from "./value-table.ts";

export class Copies {
  readonly #values: ValueTable;
  readonly #memory: Memory;
  readonly #fetches: Fetches;
  readonly #giveUp: (id: number) => void;
  readonly #wanted = new Set<number>();
  /** Those for which there was no room yet. */
  readonly #toStart: number[] = [];

  constructor(values: ValueTable, memory: Memory, fetches: Fetches, giveUp: (id: number) => void) {
    this.#values = values;
    this.#memory = memory;
    this.#fetches = fetches;
    this.#giveUp = giveUp;
  }

  add(id: number): void {
    this.#wanted.add(id);
    if (this.#values.activity[id] !== ACTIVITY.fetching) this.#toStart.push(id);
  }

  /** It has come, or is not wanted any more; false when it was not. */
  delete(id: number): boolean {
    return this.#wanted.delete(id);
  }

  clear(): void {
    this.#wanted.clear();
  }

  /** Starts to fetch as far as memory allows, a little beyond it when nothing else goes on. */
  admit(isIdle: () => boolean): void {
    const { activity, place } = this.#values;
    for (let at = 0; at < this.#toStart.length; ) {
      const id = this.#toStart[at]!;
      const isMeant = this.#wanted.has(id) && activity[id] !== ACTIVITY.fetching;
      if (isMeant && (activity[id] !== ACTIVITY.none || place[id] !== PLACE.nowhere)) {
        // Something else is under way with it, or there: later.
        at++;
        continue;
      }
      const bytes = this.#fetches.bytesOf(id);
      if (isMeant && bytes >= 0) {
        // Nobody waits for it: it need not come before there is room.
        const mayGoBeyond = isIdle() && !this.#memory.exceeds(bytes);
        if (this.#memory.room(bytes, mayGoBeyond) !== "now") return;
        this.#fetches.start(id);
      } else if (isMeant) {
        this.#drop(id);
      }
      this.#toStart.splice(at, 1);
    }
  }

  /** A holder has failed, and nothing is under way with the value now. */
  fetchFailed(id: number): void {
    if (this.#wanted.has(id) && !this.#fetches.start(id)) this.#drop(id);
  }

  #drop(id: number): void {
    this.#wanted.delete(id);
    this.#giveUp(id);
  }
}
