/** @file Few of many ranks. */
import { expect, test } from "vitest";
import { SparseRanks } from "../../../../src/machine/scheduler/sparse-ranks.ts";

test("keeps ranks in order, however far apart, and forgets pages that are empty", () => {
  const set = new SparseRanks(1_000_000);
  for (const rank of [999_999, 5, 70_000, 6]) set.add(rank);
  set.add(5);
  expect([set.size, set.first(), set.last()]).toEqual([4, 5, 999_999]);
  expect(set.toRanks()).toEqual([5, 6, 70_000, 999_999]);
  expect(set.delete(5)).toBe(true);
  expect(set.delete(5)).toBe(false);
  const target = new Int32Array(2);
  expect(set.take(target, 2)).toBe(2);
  expect([...target]).toEqual([6, 70_000]);
  expect(set.toRanks()).toEqual([999_999]);
  set.delete(999_999);
  expect([set.size, set.first(), set.last()]).toEqual([0, -1, -1]);
});
