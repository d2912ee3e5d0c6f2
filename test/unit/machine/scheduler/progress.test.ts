/** @file Counts of a graph's tasks while it runs. */
import { expect, test } from "vitest";
import { progressOf } from "../../../../src/machine/scheduler/progress.ts";
import { graphOf, TestScheduler } from "../graphs.ts";

test("tasks are left until they are done or failed; a forgotten graph has no counts", () => {
  const s = new TestScheduler();
  s.join({ threads: 1 });
  s.graph(graphOf([[], [0], []]));
  const sums = () => {
    const found = progressOf(s.machine.state, 0);
    const sum = (counts: Int32Array): number => counts.reduce((a, b) => a + b, 0);
    return found === undefined ? undefined : [sum(found.left), sum(found.failed)];
  };
  expect(sums()).toEqual([3, 0]);
  s.finish(0);
  expect(sums()).toEqual([2, 0]);
  s.finish(1);
  s.finish(2);
  expect(sums()).toEqual([0, 0]);
  s.machine.step([{ kind: "release", client: 1, ids: Int32Array.of(0, 1, 2) }]);
  expect(sums()).toBeUndefined();
});
