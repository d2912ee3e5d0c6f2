/**
 * @file Counts what happens to the tasks of watched graphs in the engine, and tells their clients a
 * few times a second.
 */
import type { EngineMessage } from "./messages.ts";

interface Watched {
  readonly base: number;
  readonly count: number;
  readonly client: number;
  readonly request: number;
  ids: number[];
  failed: number[];
}

type Progress = Extract<EngineMessage, { kind: "progress" }>;

/** Tasks whose times are remembered until they are reported; older ones are dropped. */
const TIMES_MAX = 100_000;

export class GraphWatch {
  readonly #graphs = new Map<number, Watched>();
  readonly #timesMs = new Map<number, number>();

  /** False when nobody watches: then nothing else need be called. */
  get isActive(): boolean {
    return this.#graphs.size > 0;
  }

  add(client: number, request: number, base: number, count: number): void {
    this.#graphs.set(base, { base, count, client, request, ids: [], failed: [] });
  }

  remove(base: number): void {
    this.#graphs.delete(base);
  }

  /** A task was timed alone. */
  timed(id: number, ms: number): void {
    if (this.#timesMs.size > TIMES_MAX) this.#timesMs.clear();
    this.#timesMs.set(id, ms);
  }

  ended(ids: Int32Array): void {
    for (const id of ids) this.#of(id)?.ids.push(id);
  }

  failed(id: number): void {
    this.#of(id)?.failed.push(id);
  }

  /** What has come together since the last call; `hasFailed` says which failures are final. */
  take(hasFailed: (id: number) => boolean): { client: number; message: Progress }[] {
    const messages: { client: number; message: Progress }[] = [];
    for (const graph of this.#graphs.values()) {
      const failed = graph.failed.filter(hasFailed);
      if (graph.ids.length + failed.length === 0) continue;
      const ids = Int32Array.from([...graph.ids, ...failed]);
      messages.push({
        client: graph.client,
        message: {
          kind: "progress",
          request: graph.request,
          ids,
          elapsedMs: Float64Array.from(ids, (id) => this.#timesMs.get(id) ?? Number.NaN),
          failed: new Uint8Array(ids.length).fill(1, graph.ids.length),
        },
      });
      for (const id of ids) this.#timesMs.delete(id);
      graph.ids = [];
      graph.failed = [];
    }
    return messages;
  }

  #of(id: number): Watched | undefined {
    for (const graph of this.#graphs.values()) {
      if (id >= graph.base && id < graph.base + graph.count) return graph;
    }
    return undefined;
  }
}
