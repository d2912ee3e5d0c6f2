/** @file The table of tasks keeps what it holds when it grows, and its promise of size. */
import { expect, test } from "vitest";
import { TaskTable } from "../../../../src/machine/scheduler/task-table.ts";

test("growing keeps the columns", () => {
  const table = new TaskTable();
  const base = table.allocate(1000);
  table.state[base + 999] = 5;
  table.epoch[base + 999] = 77;
  table.bytes[base + 999] = 2.5;
  table.holder[base + 999] = -1;
  table.allocate(100_000);
  expect(table.capacity).toBeGreaterThanOrEqual(101_000);
  expect([table.state[999], table.epoch[999], table.bytes[999], table.holder[999]]).toEqual([
    5, 77, 2.5, -1,
  ]);
});

test("a task costs less than half of the 100 bytes that the scheduler may take", () => {
  const table = new TaskTable();
  table.allocate(1_000_000);
  const columns = Object.values(table).filter((value) => ArrayBuffer.isView(value));
  const bytes = columns.reduce((sum, column) => sum + column.byteLength, 0);
  expect(columns).toHaveLength(10);
  expect(bytes / table.capacity).toBe(TaskTable.bytesPerTask);
  expect(bytes / 1_000_000).toBeLessThan(50);
});

test("freed ids are used again before the table grows", () => {
  const table = new TaskTable();
  const first = table.allocate(500);
  table.allocate(500);
  table.free(first, 500);
  const { capacity } = table;
  expect(table.allocate(500)).toBe(first);
  expect(table.capacity).toBe(capacity);
});
