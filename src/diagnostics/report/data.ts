/** @file What a performance report shows, as it was measured. */

import type { TaskStreamEntry } from "../../cluster/control/task-stream.ts";

/** One task, or some short ones of the same function after each other. */
export type ReportedTasks = Omit<TaskStreamEntry, "key">;

export interface ReportedWorker {
  readonly name: string;
  readonly address: string;
  readonly host: string;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  readonly memoryBytes: number;
  readonly peakBytes: number;
  readonly spilledBytes: number;
}

/** A function and what it called, with the time spent. */
export interface ReportedCalls {
  readonly name: string;
  readonly url: string;
  readonly line: number;
  readonly selfMs: number;
  readonly totalMs: number;
  readonly children: readonly ReportedCalls[];
}

export interface ReportData {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly scheduler: string;
  readonly workers: readonly ReportedWorker[];
  /** Oldest first. */
  readonly tasks: readonly ReportedTasks[];
  /** What task threads spent their time on; absent where it was not measured. */
  readonly calls?: ReportedCalls;
  /** Names of what ran, with their versions. */
  readonly versions: Readonly<Record<string, string>>;
  /** Lines of the scheduler's log. */
  readonly log: readonly string[];
}

/** The time that tasks of one kind took. */
export interface TaskSum {
  readonly name: string;
  readonly count: number;
  readonly totalMs: number;
  readonly failed: number;
}

/** Sums by name, the longest first; `nameOf` may give several, or none. */
export function sumsBy(
  tasks: readonly ReportedTasks[],
  nameOf: (task: ReportedTasks) => readonly string[],
): TaskSum[] {
  const sums = new Map<string, { count: number; totalMs: number; failed: number }>();
  for (const task of tasks) {
    for (const name of nameOf(task)) {
      const sum = sums.get(name) ?? { count: 0, totalMs: 0, failed: 0 };
      sums.set(name, sum);
      sum.count += task.count;
      sum.totalMs += task.durationMs;
      if (task.status === "error") sum.failed += task.count;
    }
  }
  const all = [...sums].map(([name, sum]) => ({ name, ...sum }));
  return all.sort((a, b) => b.totalMs - a.totalMs);
}

/** The spans of a task as paths: `load`, `load / clean`. */
export function spansOf({ span = [] }: ReportedTasks): string[] {
  return span.map((_, i) => span.slice(0, i + 1).join(" / "));
}
