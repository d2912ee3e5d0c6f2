/** @file Where a condition holds: coordinates in C order, as NumPy's. */
import { expect, test } from "vitest";
import * as da from "../../../../src/array/index.ts";
import * as nd from "../../../../src/ndarray/index.ts";

const sync = { scheduler: "sync" } as const;
const lists = async (arrays: readonly da.DistArray<"int64">[]) =>
  await Promise.all(arrays.map(async (x) => (await x.compute(sync)).toArray()));

test.each([1, 2, 3, 5])("of a matrix in blocks of %i", async (chunk) => {
  const local = nd.fmod(nd.arange(15), 4).reshape([3, 5]);
  const x = da.fromArray(local, { chunks: chunk });
  const expected = nd.nonzero(nd.greater(local, 1)).map((axis) => axis.toArray());
  expect(await lists(da.where(x.gt(1)))).toEqual(expected);
  expect(await lists(da.nonzero(x.gt(1)))).toEqual(expected);
  expect(await lists(da.nonzero(x))).toEqual(nd.nonzero(local).map((axis) => axis.toArray()));
  const flat = await da.flatnonzero(x.T.gt(1)).compute(sync);
  expect(flat.toArray()).toEqual(nd.flatnonzero(nd.greater(local, 1).T.copy()).toArray());
});

test("of nothing that holds, and of one value too few", async () => {
  expect(await lists(da.where(da.zeros([2, 3], { chunks: 1 })))).toEqual([[], []]);
  expect(() => da.where(da.ones([2]), 1, undefined as never)).toThrow("where(x.gt(0), x, 0)");
});
