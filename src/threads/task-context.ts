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
}

const storage = new AsyncLocalStorage<TaskContext>();
let synchronous: TaskContext | undefined;

/** The task that runs the calling code, or undefined outside of tasks. */
export function currentTask(): TaskContext | undefined {
  return storage.getStore() ?? synchronous;
}

/** Calls a function that is known to be synchronous. */
export function runSynchronously<A>(context: TaskContext, run: (at: A) => unknown, at: A): unknown {
  synchronous = context;
  try {
    return run(at);
  } finally {
    synchronous = undefined;
  }
}

/** Calls a function that may go on after it has returned. */
export function runInTask<A>(context: TaskContext, run: (at: A) => unknown, at: A): unknown {
  return storage.run(context, run, at);
}
