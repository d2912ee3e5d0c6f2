/**
 * @file Watching a computation from the caller's process: `Callback` and the registry of active
 * ones, which the sync runner and the engine's client call. After `dask.callbacks`; the words and
 * their order are Dask's, the graph is ours.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type { TaskGraph } from "./task-graph.ts";

/** What happened to one task. */
export interface TaskEnd {
  readonly key: string;
  /** The result; absent when the task failed or its value stayed on a worker. */
  readonly value?: unknown;
  readonly error?: unknown;
  /** Name of the thread or worker that ran it. */
  readonly worker?: string;
  /** Milliseconds that the function took, where measured. */
  readonly elapsedMs?: number;
}

/**
 * The five moments of a computation; each is optional. An exception in one ends the computation
 * with it.
 */
export interface CallbackHooks {
  /** Before anything, with the optimised graph. */
  readonly start?: (graph: TaskGraph) => void;
  /** After the runner's state is set up, before the first task. */
  readonly startState?: (graph: TaskGraph) => void;
  /** Before a task runs. */
  readonly pretask?: (key: string, graph: TaskGraph) => void;
  /** After a task ran or failed. */
  readonly posttask?: (end: TaskEnd, graph: TaskGraph) => void;
  /** At the end; `failed` is true when the computation rejects. */
  readonly finish?: (graph: TaskGraph, failed: boolean) => void;
}

const active = new Set<Callback>();

/**
 * Hooks into every computation while registered. Subclass it or pass the hooks.
 *
 * @example
 * import { Callback, delayed } from "heddle";
 * const seen: string[] = [];
 * const watch = new Callback({ posttask: (end) => seen.push(end.key) });
 * await watch.during(() => delayed(Math.max)(1, 2).compute({ scheduler: "sync" }));
 * console.log(seen.length); // 1
 */
export class Callback implements Disposable {
  readonly hooks: CallbackHooks;

  constructor(hooks: CallbackHooks = {}) {
    this.hooks = hooks;
  }

  /** Called before anything, with the optimised graph. */
  start(graph: TaskGraph): void {
    this.hooks.start?.(graph);
  }

  /** Called when the runner is ready, before the first task. */
  startState(graph: TaskGraph): void {
    this.hooks.startState?.(graph);
  }

  /** Called before a task runs. */
  pretask(key: string, graph: TaskGraph): void {
    this.hooks.pretask?.(key, graph);
  }

  /** Called after a task ran or failed. */
  posttask(end: TaskEnd, graph: TaskGraph): void {
    this.hooks.posttask?.(end, graph);
  }

  /** Called at the end. */
  finish(graph: TaskGraph, failed: boolean): void {
    this.hooks.finish?.(graph, failed);
  }

  /** Starts watching; registering twice counts once. */
  register(): this {
    active.add(this);
    return this;
  }

  /** Stops watching. */
  unregister(): void {
    active.delete(this);
  }

  [Symbol.dispose](): void {
    this.unregister();
  }

  /** Registered while `run` runs, promise included. */
  async during<R>(run: () => R | Promise<R>): Promise<R> {
    this.register();
    try {
      return await run();
    } finally {
      this.unregister();
    }
  }
}

/**
 * The registered callbacks, in order; undefined when there are none, so that runners can skip the
 * bookkeeping.
 */
export function activeCallbacks(): readonly Callback[] | undefined {
  return active.size === 0 ? undefined : [...active];
}
