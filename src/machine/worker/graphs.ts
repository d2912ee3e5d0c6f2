/**
 * @file The graphs that a worker was told of, and the forgotten ones that it is still busy with.
 */
import type { InstalledGraph } from "../scheduler/events.ts";
import type { ValueTable } from "./value-table.ts";

/** A graph with what has been learnt of its functions' results. */
export interface GraphEntry extends InstalledGraph {
  readonly slot: number;
  /** Expected bytes of a result, by template; -1 unknown. */
  readonly expected: Float64Array;
}

export class Graphs {
  readonly #values: ValueTable;
  readonly #entries: (GraphEntry | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** Forgotten graphs with the ids that are still busy. */
  readonly #closing: { readonly base: number; busy: number[] }[] = [];

  constructor(values: ValueTable) {
    this.#values = values;
  }

  install(graph: InstalledGraph): void {
    const slot = this.#freeSlots.pop() ?? this.#entries.length;
    const expected = new Float64Array(graph.graph.templates.length).fill(-1);
    this.#entries[slot] = { ...graph, slot, expected };
    this.#values.ensure(graph.base + graph.count);
    this.#values.graph.fill(slot, graph.base, graph.base + graph.count);
  }

  /** The graph of a task. */
  of(id: number): GraphEntry {
    return this.#entries[this.#values.graph[id]!]!;
  }

  *all(): Generator<GraphEntry> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }

  /** Nothing is asked of the ids any more. */
  uninstall(base: number, count: number): void {
    const busy: number[] = [];
    this.#values.ensure(base + count);
    for (let id = base; id < base + count; id++) if (this.#values.isBusy(id)) busy.push(id);
    this.#closing.push({ base, busy });
  }

  /** Lets go of forgotten graphs that nothing here is busy with any more; returns their bases. */
  close(): number[] {
    const closed: number[] = [];
    for (let i = this.#closing.length - 1; i >= 0; i--) {
      const closing = this.#closing[i]!;
      closing.busy = closing.busy.filter((id) => this.#values.isBusy(id));
      if (closing.busy.length > 0) continue;
      this.#closing.splice(i, 1);
      const slot = this.#entries.findIndex((entry) => entry?.base === closing.base);
      if (slot >= 0) {
        this.#entries[slot] = undefined;
        this.#freeSlots.push(slot);
      }
      closed.push(closing.base);
    }
    return closed;
  }
}
