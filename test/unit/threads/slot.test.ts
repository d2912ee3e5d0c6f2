/** @file The slot of a task thread: shares, waiting, ending and giving up. */
import { describe, expect, test } from "vitest";
import { type Holding, Slot } from "../../../src/threads/slot.ts";

const holding = (share = 1): Holding => ({ share, waits: 0, isOver: false });

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

  test("is lent while its task waits, as often as it does at once", () => {
    const told: number[] = [];
    const slot = new Slot((count) => told.push(count));
    const task = holding();
    slot.enter(task);
    const [first, second] = [slot.suspend(task), slot.suspend(task)];
    expect(slot.isTaken).toBe(false);
    first();
    first();
    second();
    expect(slot.isTaken).toBe(true);
    expect(told).toEqual([1, 2, 1, 0]);
  });

  test("is free when its task is given up, and what that does later does not count", () => {
    const told: number[] = [];
    const slot = new Slot((count) => told.push(count));
    const [stuck, waiting] = [holding(), holding()];
    slot.enter(stuck);
    slot.leave(stuck);
    expect(slot.isTaken).toBe(false);
    slot.enter(waiting);
    const resume = slot.suspend(waiting);
    slot.leave(waiting);
    resume();
    expect(told).toEqual([1, 0]);
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
