/** @file Calls the tasks of a graph on the calling thread, one at a time, once each. */
import { compileTemplate, type Invocation, type Invoke, readerOf } from "../core/invoke.ts";
import { rowOf, type Segment, segmentOf, type TaskGraph } from "../core/task-graph.ts";

export class GraphCalls {
  readonly #graph: TaskGraph;
  readonly #invoke: readonly Invoke[];

  constructor(graph: TaskGraph) {
    this.#graph = graph;
    this.#invoke = graph.templates.map(compileTemplate);
  }

  /** Calls a task once. `dep` gives the value of its dependency of that number. */
  async call(id: number, dep: (index: number) => unknown): Promise<unknown> {
    const graph = this.#graph;
    const segment: Segment = segmentOf(graph, id);
    const at: Invocation = {
      row: rowOf(segment, id),
      columns: segment.columns.map(readerOf),
      depCount: graph.depOffsets[id + 1]! - graph.depOffsets[id]!,
      dep,
    };
    return await this.#invoke[graph.template[id]!]!(at);
  }
}
