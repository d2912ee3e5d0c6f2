/** @file Permutations: the orders of NumPy 2.4 and Dask 2026.8 for the same seed. */
import { expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";

const sync = { scheduler: "sync" } as const;

test("of numbers, one after the other from one generator", async () => {
  const rng = da.random.defaultRng(42);
  const [first, second] = [rng.permutation(10), rng.permutation(10, { chunks: 4 })];
  expect([first.dtype, second.chunks]).toEqual(["int64", [[4, 4, 2]]]);
  expect((await first.compute(sync)).toArray()).toEqual([5, 6, 0, 7, 3, 2, 4, 9, 1, 8]);
  expect((await second.compute(sync)).toArray()).toEqual([4, 8, 2, 6, 5, 9, 7, 3, 0, 1]);
});

test("of an array's rows, whatever its chunks", async () => {
  for (const chunks of [5, 12]) {
    const x = da.arange(12, { chunks }).reshape([6, 2]);
    const shuffled = await da.random.defaultRng(5).permutation(x).compute(sync);
    expect(shuffled.toArray()).toEqual([
      [2, 3],
      [8, 9],
      [4, 5],
      [6, 7],
      [10, 11],
      [0, 1],
    ]);
  }
  expect((await da.random.permutation(0).compute(sync)).toArray()).toEqual([]);
});

test("of what has no first axis of known length is refused", () => {
  const x = da.arange(5);
  expect(() => da.random.permutation(-1)).toThrow("permutation takes a number from 0 on");
  expect(() => da.random.permutation(x.at(x.gt(2)))).toThrow("computeChunkSizes()");
});
