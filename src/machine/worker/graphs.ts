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
  #closing: { readonly base: number; readonly busy: readonly number[] }[] = [];

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

  /** Calls `visit` with each input of a task. */
  eachInput(entry: GraphEntry, local: number, visit: (input: number) => void): void {
    const { depOffsets, deps } = entry.graph;
    for (let e = depOffsets[local]!; e < depOffsets[local + 1]!; e++) {
      const dep = deps[e]!;
      visit(entry.ids === undefined ? entry.base + dep : entry.ids[dep]!);
    }
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
    if (this.#closing.length === 0) return closed;
    this.#closing = this.#closing.filter(({ base, busy }) => {
      if (busy.some((id) => this.#values.isBusy(id))) return true;
      const slot = this.#values.graph[base]!;
      // It may be one that was installed in an earlier life of the scheduler, or never.
      if (this.#entries[slot]?.base === base) {
        this.#entries[slot] = undefined;
        this.#freeSlots.push(slot);
      }
      closed.push(base);
      return false;
    });
    return closed;
  }
}
