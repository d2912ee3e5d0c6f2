/** @file Stretches of a graph and who works on them. */
import { expect, test } from "vitest";
import { RankSet } from "../../../../src/machine/scheduler/rank-set.ts";
import { Runs } from "../../../../src/machine/scheduler/runs.ts";

function setOf(count: number): RankSet {
  const set = new RankSet(count);
  set.fill(count);
  return set;
}

function take(runs: Runs, set: RankSet, worker: number, limit: number, mayHelp = false): number[] {
  const target = new Int32Array(limit);
  return [
    ...target.subarray(
      0,
      runs.take(set, worker, target, limit, () => mayHelp),
    ),
  ];
}

test("each worker goes on with its own stretch, in order", () => {
  // 64 tasks for 2 threads: stretches of 8.
  const runs = new Runs(64, 2);
  const set = setOf(64);
  expect(take(runs, set, 0, 3)).toEqual([0, 1, 2]);
  expect(take(runs, set, 1, 3)).toEqual([8, 9, 10]);
  expect(take(runs, set, 0, 9)).toEqual([3, 4, 5, 6, 7]);
  expect(take(runs, set, 0, 2)).toEqual([16, 17]);
});

test("what becomes runnable again in a stretch goes to the worker that has it", () => {
  const runs = new Runs(64, 2);
  const set = setOf(64);
  take(runs, set, 0, 8);
  take(runs, set, 1, 8);
  set.add(4);
  expect(take(runs, set, 1, 1)).toEqual([16]);
  expect(take(runs, set, 0, 1)).toEqual([4]);
});

test("the stretch of another is touched only to help, or when its worker has gone", () => {
  const runs = new Runs(8, 2);
  const set = setOf(8);
  for (let worker = 0; worker < 8; worker++) take(runs, set, worker, 1);
  set.add(3);
  expect(take(runs, set, 5, 1)).toEqual([]);
  expect(take(runs, set, 5, 1, true)).toEqual([3]);
  set.add(3);
  runs.leave(3);
  expect(take(runs, set, 5, 1)).toEqual([3]);
});
