/** @file The order in which ready tasks are offered. */
import { describe, expect, test } from "vitest";
import { laneKey, ReadyQueue } from "../../../../src/machine/scheduler/ready.ts";

describe("ReadyQueue", () => {
  test("lanes come by user priority, then by generation", () => {
    const queue = new ReadyQueue();
    const late = queue.makeLane(0, 10, 2, undefined, false);
    const early = queue.makeLane(1, 10, 1, undefined, false);
    const urgent = queue.makeLane(2, 10, 3, { priority: 5 }, false);
    const lazy = queue.makeLane(3, 10, 0, { priority: -1 }, false);
    for (const lane of [late, lazy, urgent, early]) queue.add(lane, 0);
    expect([...queue.lanes()].map(({ graph }) => graph)).toEqual([2, 1, 0, 3]);
  });

  test("an emptied lane leaves, and comes back when it is filled", () => {
    const queue = new ReadyQueue();
    const lane = queue.makeLane(0, 10, 1, undefined, false);
    expect(queue.isEmpty).toBe(true);
    queue.add(lane, 3);
    queue.add(lane, 3);
    expect([...queue.lanes()]).toHaveLength(1);
    lane.ranks.delete(3);
    expect(queue.isEmpty).toBe(true);
    queue.add(lane, 4);
    expect([...queue.lanes()]).toEqual([lane]);
  });

  test("a lane emptied while the lanes are walked skips none of the others", () => {
    const queue = new ReadyQueue();
    const lanes = [1, 2, 3].map((generation) => queue.makeLane(0, 4, generation, undefined, false));
    for (const lane of lanes) queue.add(lane, 0);
    const seen: number[] = [];
    for (const lane of queue.lanes()) {
      seen.push(lane.generation);
      lane.ranks.delete(0);
    }
    expect(seen).toEqual([1, 2, 3]);
    expect(queue.isEmpty).toBe(true);
  });

  test("a lane knows its constraint and the share of a slot its tasks take", () => {
    const queue = new ReadyQueue();
    const options = { resources: { GPU: 1, none: 0 }, workers: ["w"], concurrency: 4 };
    const lane = queue.makeLane(0, 1, 1, options, false);
    expect(lane.share).toBe(0.25);
    expect(lane.constraint).toEqual({
      workers: ["w"],
      allowOtherWorkers: false,
      resources: [["GPU", 1]],
    });
    expect(queue.makeLane(0, 1, 1, { retries: 3 }, false).constraint).toBeUndefined();
  });

  test("options share a lane when they do not matter to it", () => {
    expect(laneKey({ retries: 1 }, false)).toBe(laneKey({ retries: 2 }, false));
    expect(laneKey(undefined, true)).not.toBe(laneKey(undefined, false));
    expect(laneKey({ priority: 1 }, false)).not.toBe(laneKey({ priority: 2 }, false));
    expect(laneKey({ resources: { a: 1 } }, false)).not.toBe(laneKey({}, false));
    expect(laneKey({ workers: ["a"] }, false)).not.toBe(laneKey({ workers: ["b"] }, false));
  });
});
