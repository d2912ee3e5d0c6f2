/**
 * @file Tells those who watch about a computation: the feed (progress bars, summaries) gets counts
 * by group, callbacks get every task. Costs nothing when nobody watches.
 */
import { activeCallbacks, type Callback } from "../core/callbacks.ts";
import { isHeddleError } from "../core/errors.ts";
import { type TaskGraph, taskKey } from "../core/task-graph.ts";
import { feed, type GroupCounts, groupsOf } from "../diagnostics/feed.ts";

/** What a runner says of single tasks; ids are the graph's own. */
export interface TaskObserver {
  began(task: number): void;
  ended(task: number, facts: { elapsedMs?: number; value?: unknown; error?: unknown }): void;
}

/** The feed is told of progress at most this often. */
const PROGRESS_MS = 50;

/** Runs a graph; the observer is undefined when nobody watches. */
export async function watched<T>(
  graph: TaskGraph,
  run: (observer: TaskObserver | undefined) => Promise<T>,
): Promise<T> {
  const callbacks = activeCallbacks();
  if (!feed.isWatched && callbacks === undefined) return await run(undefined);
  const watch = new Watch(graph, callbacks ?? []);
  let failed = true;
  try {
    const result = await run(watch);
    failed = false;
    watch.finished();
    return result;
  } catch (error) {
    watch.failed(error);
    throw error;
  } finally {
    for (const callback of callbacks ?? []) callback.finish(graph, failed);
  }
}

/** Follows calls that nobody may await; undefined when nobody watches. */
export function watchCalls(graph: TaskGraph): Watch | undefined {
  return feed.isWatched ? new Watch(graph, []) : undefined;
}

/** What has been said of one computation. */
export class Watch implements TaskObserver {
  readonly #graph: TaskGraph;
  readonly #callbacks: readonly Callback[];
  readonly #id: number;
  readonly #groups: { -readonly [K in keyof GroupCounts]: GroupCounts[K] }[];
  /** Group of each template. */
  readonly #groupOf: readonly number[];
  #toldMs = performance.now();

  constructor(graph: TaskGraph, callbacks: readonly Callback[]) {
    this.#graph = graph;
    this.#callbacks = callbacks;
    this.#groups = groupsOf(graph).map((group) => ({ ...group, busyMs: 0 }));
    this.#groupOf = graph.templates.map(({ name }) =>
      this.#groups.findIndex((group) => group.name === name),
    );
    this.#id = feed.begin(this.#groups);
    for (const callback of callbacks) callback.start(graph);
    for (const callback of callbacks) callback.startState(graph);
  }

  began(task: number): void {
    if (this.#callbacks.length === 0) return;
    const key = taskKey(this.#graph, task);
    for (const callback of this.#callbacks) callback.pretask(key, this.#graph);
  }

  ended(task: number, facts: { elapsedMs?: number; value?: unknown; error?: unknown }): void {
    const group = this.#groups[this.#groupOf[this.#graph.template[task] as number] as number];
    if (group !== undefined) {
      if ("error" in facts) group.failed++;
      else group.done++;
      group.busyMs = (group.busyMs ?? 0) + (facts.elapsedMs ?? 0);
    }
    if (this.#callbacks.length > 0) {
      const key = taskKey(this.#graph, task);
      for (const callback of this.#callbacks) callback.posttask({ key, ...facts }, this.#graph);
    }
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < PROGRESS_MS) return;
    this.#toldMs = nowMs;
    feed.progress(this.#id, this.#copy());
  }

  finished(): void {
    // Tasks whose values were there already never ran; all the same nothing is left to do.
    const groups = this.#copy().map((group) => ({ ...group, done: group.total - group.failed }));
    feed.progress(this.#id, groups);
    feed.end(this.#id, { status: "finished" });
  }

  /** All tasks have settled: `hasFailed` says which of them without a value. */
  settled(hasFailed: (task: number) => boolean): void {
    for (const group of this.#groups) {
      group.done = group.total;
      group.failed = 0;
    }
    for (let task = 0; task < this.#graph.count; task++) {
      const template = this.#graph.template[task] as number;
      if (template < 0 || !hasFailed(task)) continue;
      const group = this.#groups[this.#groupOf[template] as number];
      if (group === undefined) continue;
      group.failed++;
      group.done--;
    }
    const anyFailed = this.#groups.some((group) => group.failed > 0);
    feed.progress(this.#id, this.#copy());
    feed.end(this.#id, { status: anyFailed ? "failed" : "finished" });
  }

  failed(error: unknown): void {
    const status = isHeddleError(error, "Cancelled") ? "cancelled" : "failed";
    feed.progress(this.#id, this.#copy());
    feed.end(this.#id, { status, error });
  }

  #copy(): GroupCounts[] {
    return this.#groups.map((group) => ({ ...group }));
  }
}
