import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isUneven, MemoryManager } from "../../../../src/cluster/control/memory-manager.ts";

const worker = (
  heldBytes: number,
  memoryLimitBytes = 100,
): { heldBytes: number; memoryLimitBytes: number } => ({
  heldBytes,
  memoryLimitBytes,
});

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("only what is uneven by shares of the limits is worth moving", () => {
  expect(isUneven([])).toBe(false);
  expect(isUneven([worker(90)])).toBe(false);
  expect(isUneven([worker(20), worker(25)])).toBe(false);
  expect(isUneven([worker(20), worker(40)])).toBe(true);
  expect(isUneven([worker(20), worker(400, 2000)])).toBe(false);
});

test("moves values while it runs, where that is worth it", () => {
  let fills = [worker(0), worker(5)];
  const done: string[] = [];
  const manager = new MemoryManager(
    () => fills,
    (policy) => done.push(policy),
  );
  expect(manager.handle("start")).toBe(true);
  vi.advanceTimersByTime(4000);
  expect(done.splice(0)).toEqual(["reduce-replicas", "reduce-replicas"]);
  fills = [worker(0), worker(50)];
  vi.advanceTimersByTime(2000);
  expect(done.splice(0)).toEqual(["reduce-replicas", "rebalance"]);
  expect(manager.handle("stop")).toBe(false);
  vi.advanceTimersByTime(10_000);
  expect(done).toEqual([]);
  manager.handle("run-once");
  expect(done.splice(0)).toEqual(["reduce-replicas", "rebalance"]);
  expect(manager.handle("running")).toBe(false);
  manager.handle("start", ["rebalance"]);
  vi.advanceTimersByTime(2000);
  expect(done).toEqual(["rebalance"]);
});

test("by itself it drops copies only where somebody is rather full", () => {
  let fills = [worker(40), worker(10)];
  const done: string[] = [];
  const manager = new MemoryManager(
    () => fills,
    (policy) => done.push(policy),
    500,
  );
  manager.watch();
  expect(manager.handle("running")).toBe(true);
  vi.advanceTimersByTime(5000);
  expect(done).toEqual([]);
  fills = [worker(60), worker(10)];
  vi.advanceTimersByTime(500);
  expect(done.splice(0)).toEqual(["reduce-replicas"]);
  fills = [worker(0), worker(0)];
  manager.handle("start");
  vi.advanceTimersByTime(1000);
  expect(done.splice(0)).toEqual(["reduce-replicas", "reduce-replicas"]);
  fills = [worker(0), worker(50)];
  vi.advanceTimersByTime(500);
  expect(done.splice(0)).toEqual(["reduce-replicas", "rebalance"]);
});
