/** @file When the threads of tasks that nobody wants are ended, on a clock of the test's own. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StuckTasks, type StuckThreads } from "../../../src/cluster/stuck-tasks.ts";
import { config } from "../../../src/config/config.ts";

/** Two threads: what runs in each, and who else lives there. */
class Threads implements StuckThreads {
  readonly count = 2;
  readonly running: (number | undefined)[] = [undefined, undefined];
  readonly runs = new Map<number, number>();
  readonly shared = new Set<number>();
  readonly ended: number[] = [];

  unwantedRun(id: number): number | undefined {
    return this.runs.get(id);
  }

  isRunningOn(thread: number, id: number): boolean {
    return this.running[thread] === id;
  }

  isShared(thread: number): boolean {
    return this.shared.has(thread);
  }

  end(thread: number): void {
    this.ended.push(thread);
    this.runs.delete(this.running[thread] ?? -1);
    this.running[thread] = undefined;
  }

  run(thread: number, id: number, run = 1): void {
    this.running[thread] = id;
    this.runs.set(id, run);
  }
}

let threads: Threads;
let stuck: StuckTasks;

beforeEach(() => {
  vi.useFakeTimers();
  config.set({ "worker.timeouts.cancelled": 1000, "worker.timeouts.client-gone": 5000 });
  threads = new Threads();
  stuck = new StuckTasks(threads);
});

afterEach(() => {
  vi.useRealTimers();
  for (const key of ["cancelled", "client-gone"] as const) config.pop(`worker.timeouts.${key}`);
});

test("a task has its time to end, and each reason a time of its own", () => {
  threads.run(0, 7);
  threads.run(1, 8);
  stuck.add(Int32Array.of(7), "cancelled");
  stuck.add(Int32Array.of(8), "client-gone");
  vi.advanceTimersByTime(999);
  expect(threads.ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(threads.ended).toEqual([0]);
  vi.advanceTimersByTime(4000);
  expect(threads.ended).toEqual([0, 1]);
  vi.advanceTimersByTime(5000);
  expect(vi.getTimerCount()).toBe(0);
});

test("a task that has ended, is wanted, or runs anew ends no thread", () => {
  threads.run(0, 7);
  threads.run(1, 8);
  stuck.add(Int32Array.of(7, 8), "cancelled");
  threads.run(0, 7, 2);
  threads.running[1] = 9;
  threads.runs.delete(8);
  vi.advanceTimersByTime(60_000);
  expect(threads.ended).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a thread that others live in has ten times as long, or until they are gone", () => {
  threads.run(0, 7);
  threads.run(1, 8);
  threads.shared.add(0).add(1);
  stuck.add(Int32Array.of(7, 8), "cancelled");
  vi.advanceTimersByTime(3000);
  expect(threads.ended).toEqual([]);
  threads.shared.delete(1);
  vi.advanceTimersByTime(6999);
  expect(threads.ended).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(threads.ended).toEqual([1, 0]);
});

test("without a limit, and once it is closed, nothing is ended", () => {
  config.set({ "worker.timeouts.cancelled": null });
  threads.run(0, 7);
  stuck.add(Int32Array.of(7), "cancelled");
  expect(vi.getTimerCount()).toBe(0);
  threads.run(1, 8);
  stuck.add(Int32Array.of(8), "client-gone");
  stuck.close();
  vi.advanceTimersByTime(60_000);
  expect(threads.ended).toEqual([]);
});
