/**
 * @file Words that come with leases. Each lease keeps those among its inputs until it ends, in
 * whatever way; with the last such lease the word goes.
 */
import type { Words } from "../scheduler/events.ts";
import { ACTIVITY, ORIGIN, PLACE, type ValueTable } from "./value-table.ts";

export class Loans {
  readonly #values: ValueTable;
  readonly #unpin: (id: number) => void;
  /** What each lease keeps. */
  readonly #kept = new Map<number, number[]>();

  constructor(values: ValueTable, unpin: (id: number) => void) {
    this.#values = values;
    this.#unpin = unpin;
  }

  /** Takes words in; returns those of which the threads must be told. */
  learn({ ids, tags, words }: Words): Words {
    const v = this.#values;
    const fresh = ids
      .map((_, i) => i)
      .filter((i) => {
        const id = ids[i]!;
        v.ensure(id + 1);
        if (v.place[id] !== PLACE.nowhere) return false;
        v.place[id] = PLACE.memory;
        v.bytes[id] = 0;
        v.origin[id] = ORIGIN.lent;
        // What a run of it that goes on will leave here is not needed.
        if (v.activity[id] !== ACTIVITY.running) v.unwanted[id] = 0;
        return true;
      });
    return {
      ids: Int32Array.from(fresh, (i) => ids[i]!),
      tags: Uint8Array.from(fresh, (i) => tags[i]!),
      words: Float64Array.from(fresh, (i) => words[i]!),
    };
  }

  /** The lease keeps the word. */
  keep(lease: number, word: number): void {
    let kept = this.#kept.get(lease);
    if (kept === undefined) {
      kept = [];
      this.#kept.set(lease, kept);
    }
    if (kept.includes(word)) return;
    kept.push(word);
    this.#values.pins[word] = this.#values.pins[word]! + 1;
  }

  /** The lease is over. */
  end(lease: number): void {
    if (this.#kept.size === 0) return;
    const kept = this.#kept.get(lease);
    if (kept === undefined) return;
    this.#kept.delete(lease);
    for (const word of kept) this.#unpin(word);
  }
}
