/** @file Indexing by positions that are lazy themselves: what NumPy's fancy indexing gives. */
import { describe, expect, test } from "vitest";
import * as da from "../../../../src/array/index.ts";
import * as nd from "../../../../src/ndarray/index.ts";

const sync = { scheduler: "sync" } as const;
const local = nd.arange(7 * 5).reshape([7, 5]);
const wanted = [6, 0, -1, 3, 3, -7];

describe.each([
  [3, 2],
  [7, 6],
  [1, 1],
])("blocks of %i, positions in blocks of %i", (rows, block) => {
  const x = da.fromArray(local, { chunks: [rows, 2] });
  const positions = da.fromArray(wanted, { chunks: block }).astype("int64");

  test("along the first axis", async () => {
    const taken = x.at(positions);
    expect(taken.shape).toEqual([6, 5]);
    expect(taken.chunks[0]).toEqual(positions.chunks[0]);
    expect((await taken.compute(sync)).toArray()).toEqual(local.at(wanted).toArray());
  });

  test("along the last axis, beside slices and integers", async () => {
    const columns = da.fromArray([4, 0, -2], { chunks: block }).astype("int32");
    const taken = await x.at("::-2", columns).compute(sync);
    expect(taken.toArray()).toEqual(local.at("::-2", [4, 0, -2]).toArray());
    const line = await x.at(2, columns).compute(sync);
    expect(line.toArray()).toEqual([14, 10, 13]);
  });

  test("positions from a computation, one alone, and none", async () => {
    const best = x.argmax({ axis: 1 });
    expect((await x.at(0, best).compute(sync)).toArray()).toEqual(new Array(7).fill(4));
    const one = x.at(x.at(":", 0).argmax());
    expect(one.shape).toEqual([5]);
    const row = (await one.compute(sync)) as nd.NDArray;
    expect(row.toArray()).toEqual(local.at(6).toArray());
    const none = x.at(da.zeros([0], { dtype: "int64" }));
    expect((await none.compute(sync)).shape).toEqual([0, 5]);
  });

  test("positions of which a mask decides how many", async () => {
    const even = da.flatnonzero(x.at(":", 0).mod(2).eq(0));
    const taken = x.at(even);
    expect(taken.shape).toEqual([Number.NaN, 5]);
    expect((await taken.compute(sync)).toArray()).toEqual(local.at("::2").toArray());
  });
});

test("positions out of bounds are named; floats and tables are refused", async () => {
  const x = da.arange(10, { chunks: 4 });
  const far = da.fromArray([1, 10], { chunks: 1 }).astype("int64");
  await expect(x.at(far).compute(sync)).rejects.toThrow(
    "Index 10 is out of bounds for axis 0 of length 10",
  );
  expect(() => x.at(da.ones([3]))).toThrow('x.astype("int64")');
  expect(() => x.at(far.reshape([1, 2]))).toThrow("x.at(i.ravel())");
});
