/**
 * @file What runners tell about computations while they run: counts by group of tasks, at any rate
 * that suits them. Bars, summaries and reports listen here. Nobody listening costs a runner one
 * test of `isWatched`.
 */
import type { TaskGraph } from "../core/task-graph.ts";

/** Counts of the tasks of one group (one function name) of a computation, all from its start. */
export interface GroupCounts {
  readonly name: string;
  readonly total: number;
  /** Tasks that have a result. */
  readonly done: number;
  readonly failed: number;
  /** Milliseconds that task threads spent in the group; absent where it is not measured. */
  readonly busyMs?: number;
  /** Bytes of the group's results; absent where it is not measured. */
  readonly bytes?: number;
}

/** How a computation ended. */
export interface Outcome {
  readonly status: "finished" | "failed" | "cancelled";
  readonly error?: unknown;
}

/** Listens to computations. Ids tell apart those that run at the same time. */
export interface FeedListener {
  /** A computation begins. */
  onGraph?(id: number, groups: readonly GroupCounts[]): void;
  /** Counts have changed; they are absolute, so any number of calls may be left out. */
  onProgress?(id: number, groups: readonly GroupCounts[]): void;
  /** A computation is over; no more is said about it. */
  onFinish?(id: number, outcome: Outcome): void;
}

/** Hands what runners say to all listeners. */
export class Feed {
  readonly #listeners = new Set<FeedListener>();
  #lastId = 0;

  /** Whether anybody listens: runners need not count otherwise. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Listens until the returned function is called. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Called by a runner when a computation begins; returns its id. */
  begin(groups: readonly GroupCounts[]): number {
    this.#lastId += 1;
    for (const listener of this.#listeners) listener.onGraph?.(this.#lastId, groups);
    return this.#lastId;
  }

  /** Called by a runner with the counts so far. */
  progress(id: number, groups: readonly GroupCounts[]): void {
    for (const listener of this.#listeners) listener.onProgress?.(id, groups);
  }

  /** Called by a runner when the computation is over, after the last `progress`. */
  end(id: number, outcome: Outcome): void {
    for (const listener of this.#listeners) listener.onFinish?.(id, outcome);
  }
}

/** The feed of this process. */
export const feed: Feed = new Feed();

/**
 * The groups of a graph before anything ran: one for each function name, in order of appearance.
 */
export function groupsOf(graph: TaskGraph): GroupCounts[] {
  const totals = new Map<string, number>();
  for (let id = 0; id < graph.count; id++) {
    const template = graph.templates[graph.template[id] ?? -1];
    if (template !== undefined) totals.set(template.name, (totals.get(template.name) ?? 0) + 1);
  }
  return [...totals].map(([name, total]) => ({ name, total, done: 0, failed: 0 }));
}
