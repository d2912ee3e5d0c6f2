/** @file The slot of a task thread: shares, waiting, ending and giving up. */
import { describe, expect, test } from "vitest";
import { type Holding, Slot } from "../../../src/threads/slot.ts";

const holding = (share = 1, id = 7): Holding => ({ id, share, waits: 0, isOver: false });

describe("a slot", () => {
  test("is taken by one whole task, or by shares that add up", () => {
    const slot = new Slot(() => undefined);
    const parts = Array.from({ length: 10 }, () => holding(0.1));
    for (const part of parts) {
      expect(slot.isTaken).toBe(false);
      slot.enter(part);
    }
    expect(slot.isTaken).toBe(true);
    slot.leave(parts[3] as Holding);
    expect(slot.isTaken).toBe(false);
  });

  test("is lent once while its task waits, however many others it waits for", () => {
    const told: unknown[] = [];
    const slot = new Slot((...news) => told.push(news));
    const task = holding();
    slot.enter(task);
    const [first, second] = [slot.suspend(task), slot.suspend(task)];
    expect(slot.isTaken).toBe(false);
    slot.enter(holding(1, 8));
    expect(slot.isTaken).toBe(true);
    first();
    first();
    expect(told).toEqual([[7, true]]);
    second();
    expect(told).toEqual([
      [7, true],
      [7, false],
    ]);
  });

  test("is free when its task is given up, and what that does later does not count", () => {
    const told: unknown[] = [];
    const slot = new Slot((...news) => told.push(news));
    const [stuck, waiting] = [holding(), holding()];
    slot.enter(stuck);
    slot.leave(stuck);
    expect(slot.isTaken).toBe(false);
    slot.enter(waiting);
    const resume = slot.suspend(waiting);
    slot.leave(waiting);
    resume();
    slot.suspend(waiting)();
    expect(told).toEqual([[7, true]]);
    slot.enter(holding());
    expect(slot.isTaken).toBe(true);
  });

  test("tells who waits for it", async () => {
    const slot = new Slot(() => undefined);
    const task = holding();
    slot.enter(task);
    const freed = slot.free();
    slot.leave(task);
    await freed;
    expect(slot.isTaken).toBe(false);
  });
});
