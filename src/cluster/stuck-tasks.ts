/**
 * @file Synchronous tasks that nobody wants any more, and that go on: nothing can stop them but the
 * end of their thread. They have some time to end by themselves; then the thread is ended, and
 * another one takes its place. What else lives in the thread (asynchronous tasks, actors) would
 * end with it, and is stuck as long as the task goes on: there the time is ten times as long.
 */
import { config } from "../config/config.ts";

/** Why nobody wants a task that runs. */
export type Unwanted = "cancelled" | "client-gone";

/** How long such a task may go on. */
const GRACE = {
  cancelled: "worker.timeouts.cancelled",
  "client-gone": "worker.timeouts.client-gone",
} as const;

/** The threads that tasks run in. */
export interface StuckThreads {
  readonly count: number;
  /** The run of a task that nobody wants; undefined when it has ended or is wanted. */
  unwantedRun(id: number): number | undefined;
  /** Whether a thread runs the task, synchronously, now. */
  isRunningOn(thread: number, id: number): boolean;
  /** Whether anything else lives in the thread. */
  isShared(thread: number): boolean;
  end(thread: number): void;
}

/** A thread that others live in has so many times as long. */
const SHARED_FACTOR = 10;
/** Between two looks at least. */
const LOOK_MS = 100;
/** The longest that Node's timers can wait: 24 days. */
const TIMER_MOST_MS = 2 ** 31 - 1;

interface Task {
  readonly id: number;
  readonly run: number;
}

export class StuckTasks {
  readonly #threads: StuckThreads;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(threads: StuckThreads) {
    this.#threads = threads;
  }

  /** Nobody wants these running tasks any more. */
  add(ids: Int32Array, why: Unwanted): void {
    const graceMs = config.get(GRACE[why]);
    if (graceMs !== null) this.#lookLater(this.#goingOn(ids), graceMs, 1);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #goingOn(ids: Iterable<number>): Task[] {
    return Array.from(ids, (id) => ({ id, run: this.#threads.unwantedRun(id) })).filter(
      (task): task is Task => task.run !== undefined,
    );
  }

  #lookLater(tasks: readonly Task[], graceMs: number, round: number): void {
    if (tasks.length === 0) return;
    const afterMs = round === 1 ? graceMs : Math.max(graceMs, LOOK_MS);
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        const left = tasks.filter(({ id, run }) => this.#threads.unwantedRun(id) === run);
        this.#endThreadsOf(left, round >= SHARED_FACTOR);
        this.#lookLater(left, graceMs, round + 1);
      },
      Math.min(afterMs, TIMER_MOST_MS),
    );
    timer.unref();
    this.#timers.add(timer);
  }

  #endThreadsOf(tasks: readonly Task[], withOthers: boolean): void {
    const threads = this.#threads;
    for (let thread = 0; thread < threads.count; thread++) {
      if (!tasks.some(({ id }) => threads.isRunningOn(thread, id))) continue;
      if (withOthers || !threads.isShared(thread)) threads.end(thread);
    }
  }
}
