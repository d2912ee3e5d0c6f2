/**
 * @file Which task the current code belongs to. Synchronous tasks are known by a variable;
 * asynchronous ones by AsyncLocalStorage, which is entered only for functions that may be
 * asynchronous, because it costs as much as a small task itself.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** A running task, as code inside of it may ask. */
export interface TaskContext {
  readonly id: number;
  readonly key: string;
  /** Gives the task's slot free while it waits for other tasks; returns what takes it back. */
  suspend(): () => void;
  /**
   * Calls `listener` when the task has ended, however it did; `isGivenUp`: nobody wants it any
   * more. Returns what calls that off.
   */
  onEnd(listener: (isGivenUp: boolean) => void): () => void;
}

const storage = new AsyncLocalStorage<TaskContext>();
let synchronous: TaskContext | undefined;

/** The task that runs the calling code, or undefined outside of tasks. */
export function currentTask(): TaskContext | undefined {
  return storage.getStore() ?? synchronous;
}

/**
 * What a function returned, or a promise of the language if it is like one. Looking at it runs the
 * user's code (getters, proxies), which may throw: that fails the task like the function itself.
 */
function returned(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Promise) return value;
  if (!("then" in value) || typeof value.then !== "function") return value;
  return Promise.resolve(value);
}

/** Calls a function that is known to be synchronous. */
export function runSynchronously<A>(context: TaskContext, run: (at: A) => unknown, at: A): unknown {
  synchronous = context;
  try {
    return returned(run(at));
  } finally {
    synchronous = undefined;
  }
}

/** Calls a function that may go on after it has returned. */
export function runInTask<A>(context: TaskContext, run: (at: A) => unknown, at: A): unknown {
  return storage.run(context, (given: A) => returned(run(given)), at);
}

/** Runs code as if it belonged to no task: what it waits for frees no slot. */
export function runOutsideTask<R>(run: () => R): R {
  return storage.exit(run);
}
