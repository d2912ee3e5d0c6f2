/** @file Triangles, grids of coordinates, membership and averages, cut by blocks. */
import { expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";

const sync = { scheduler: "sync" } as const;
const x = da.arange(1, 13, { chunks: 5 }).reshape([3, 4]).rechunk([2, 3]);

test("triangles of any diagonal", async () => {
  for (const k of [-3, -1, 0, 1, 2, 5]) {
    const low = (await da.tril(x, { k }).compute(sync)).toArray() as number[][];
    const high = (await da.triu(x, { k }).compute(sync)).toArray() as number[][];
    const ones = (await da.tri(3, { columns: 4, k, chunks: 2 }).compute(sync)).toArray();
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 4; j++) {
        const value = 4 * i + j + 1;
        expect(low[i]?.[j]).toBe(j <= i + k ? value : 0);
        expect(high[i]?.[j]).toBe(j >= i + k ? value : 0);
        expect((ones as number[][])[i]?.[j]).toBe(j <= i + k ? 1 : 0);
      }
    }
  }
  expect(() => da.tril(da.ones([3]))).toThrow(/two axes/);
});

test("coordinates of a grid, by both orders of axes", async () => {
  const lines = [da.arange(2, { chunks: 1 }), da.arange(3, { chunks: 2 })];
  const values = async (arrays: da.DistArray[]): Promise<unknown[]> =>
    Promise.all(arrays.map(async (array) => (await array.compute(sync)).toArray()));
  expect(await values(da.meshgrid(lines))).toEqual([
    [
      [0, 1],
      [0, 1],
      [0, 1],
    ],
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  ]);
  expect(await values(da.meshgrid(lines, { indexing: "ij" }))).toEqual([
    [
      [0, 0, 0],
      [1, 1, 1],
    ],
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
  ]);
});

test("membership", async () => {
  const row = da.arange(6, { chunks: 4 });
  const T = true;
  const F = false;
  expect((await da.isin(row, [1, 4, 9]).compute(sync)).toArray()).toEqual([F, T, F, F, T, F]);
  expect((await da.isin(row, [1], { invert: true }).compute(sync)).toArray()).toEqual([
    T,
    F,
    T,
    T,
    T,
    T,
  ]);
  expect((await da.isin(row, []).compute(sync)).toArray()).toEqual([F, F, F, F, F, F]);
});

test("averages with weights", async () => {
  expect(await da.average(x).compute(sync)).toBe(6.5);
  const weighted = da.average(x, { axis: 1, weights: da.fromArray([1, 0, 0, 1], { chunks: 3 }) });
  expect((await weighted.compute(sync)).toArray()).toEqual([2.5, 6.5, 10.5]);
});
