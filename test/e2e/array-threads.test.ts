/**
 * @file Arrays on task threads: the same values as on the calling thread, bit for bit, on any
 * number of threads.
 */

import { config } from "heddle";
import * as da from "heddle/array";
import * as nd from "heddle/ndarray";
import { describe, expect, test } from "vitest";
import { type ArrayModule, casesOf, close, goldens, numbers } from "../conformance/array-cases.ts";

const computeOf = casesOf(da as unknown as ArrayModule);
const threads = { scheduler: "threads" } as const;
const sync = { scheduler: "sync" } as const;

describe("values as NumPy computes them", () => {
  test.each(goldens.values.cases)("$name of $array", async (golden) => {
    const source = goldens.values.arrays[golden.array];
    const local = new nd.NDArray(numbers(source?.value ?? []) as number[], {
      dtype: source?.dtype ?? "float64",
    });
    const x = da.fromArray(local, { chunks: [2, 3] });
    const result: unknown = await computeOf(golden)(x as never).compute(threads as never);
    const given = nd.isNDArray(result) ? result.toArray() : result;
    close(given, numbers(golden.value), golden.array === "f4" ? 2e-6 : 1e-12, golden.name);
  });
});

test("draws, reductions, functions with captures agree with the calling thread", async () => {
  const x = da.random.defaultRng(7).normal(0, 1, [300, 200], { chunks: [70, 60] });
  const factor = 3;
  const scaled = x.mapBlocks((block) => nd.multiply(block, factor));
  const all = [x.sum(), x.std(), scaled.mean(), x.rechunk([200, 30]).cumsum({ axis: 0 }).max()];
  for (const lazy of all) {
    expect(await lazy.compute(threads)).toBe(await lazy.compute(sync));
  }
});

test("a persisted array is computed once and used again", async () => {
  const x = await da.random.random([200, 200], { chunks: 50 }).persist(threads);
  const [first, second] = [await x.sum().compute(threads), await x.sum().compute(threads)];
  expect(first).toBe(second);
  expect(await x.at("10:20, ::50").sub(x.at("10:20, ::50")).sum().compute(threads)).toBe(0);
});

test("large results of many blocks come back whole, turned ones in C order", async () => {
  const x = da.arange(600_000, { chunks: 600_000 }).reshape([600, 1000]).rechunk([100, 300]);
  const [plain, turned] = await Promise.all([x.compute(threads), x.T.compute(threads)]);
  const whole = nd.arange(600_000).reshape([600, 1000]);
  expect(nd.all(nd.equal(plain, whole))).toBe(true);
  expect(nd.all(nd.equal(turned, whole.T))).toBe(true);
  expect(turned.isContiguous).toBe(true);
  const [masked] = await Promise.all([x.at(x.lt(5)).compute(threads)]);
  expect(masked.toArray()).toEqual([0, 1, 2, 3, 4]);
});

test("a long axis is sorted in its blocks, and taken by lazy positions", async () => {
  const local = nd.defaultRng(5).standardNormal(30_000);
  const x = da.fromArray(local, { chunks: 2000 });
  config.set({ "array.chunk-size": 20_000 });
  const [sorted, middle] = [da.sort(x), da.median(x)];
  config.pop("array.chunk-size");
  const expected = nd.sort(local);
  expect(nd.all(nd.equal(await sorted.compute(threads), expected))).toBe(true);
  expect(await middle.compute(threads)).toBe(await da.median(x).compute(sync));
  const positions = da.random.defaultRng(1).integers(-30_000, 30_000, { size: 999, chunks: 100 });
  const taken = await x.at(positions).compute(threads);
  expect(taken.toArray()).toEqual(nd.take(local, await positions.compute(sync)).toArray());
});
