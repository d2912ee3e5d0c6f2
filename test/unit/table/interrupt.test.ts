/** @file The cell through which queries are stopped: who is meant, and who is not. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InterruptCell } from "../../../src/table/interrupt.ts";

const interrupted: number[] = [];
vi.mock("../../../src/table/library.ts", () => ({
  loadLibrary: () => ({ interrupt: (connection: number) => interrupted.push(connection) }),
}));

beforeEach(() => {
  vi.useFakeTimers();
  interrupted.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

test("only queries of the task that is meant are interrupted", async () => {
  const owner = new InterruptCell();
  const other = new InterruptCell(owner.words.buffer as SharedArrayBuffer);
  let goesOn = true;
  owner.task = 7;
  owner.begin(1000);
  const stopping = other.stopWhile(
    () => goesOn,
    (task) => task === 7,
  );
  expect(interrupted).toEqual([1000]);
  expect(owner.interrupted).toBe(true);
  owner.end();
  // The thread has gone on to the next task; who stops it has not heard of that yet.
  owner.task = 8;
  owner.begin(2000);
  await vi.advanceTimersByTimeAsync(20);
  expect(interrupted).toEqual([1000]);
  expect(owner.interrupted).toBe(false);
  goesOn = false;
  await vi.advanceTimersByTimeAsync(20);
  await stopping;
});

test("a run that is over is not interrupted, nor is the next one in its place", () => {
  const cell = new InterruptCell();
  const first = cell.begin(2 ** 40 + 5);
  expect(cell.interrupt(first)).toBe(true);
  expect(interrupted).toEqual([2 ** 40 + 5]);
  cell.end();
  expect(cell.interrupt()).toBe(false);
  const second = cell.begin(6);
  expect(cell.interrupt(first)).toBe(false);
  expect(cell.run).toBe(second);
});
