/** @file Sorting in blocks by an exchange: exact, whatever the values and however they are cut. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as da from "../../../../src/array/index.ts";
import { config } from "../../../../src/config/config.ts";
import * as nd from "../../../../src/ndarray/index.ts";

const sync = { scheduler: "sync" } as const;

// So small that nothing fits into one task.
beforeEach(() => config.set({ "array.chunk-size": 256 }));
afterEach(() => config.pop("array.chunk-size"));

const rng = nd.defaultRng(3);
const spread = rng.standardNormal(500);
const inputs: Record<string, nd.NDArray> = {
  normal: spread,
  ascending: nd.arange(500).astype("float64"),
  descending: nd.arange(500).astype("float32").at("::-1"),
  equal: nd.full([500], 7),
  "few values": rng.integers(0, 3, { size: 500 }) as nd.NDArray,
  skewed: nd.exp(nd.multiply(spread, 20)),
  "with NaN": nd.where(nd.greater(spread, 0.5), Number.NaN, spread) as nd.NDArray,
  "of uint8": rng.integers(0, 256, { size: 500, dtype: "uint8" }) as nd.NDArray,
};

describe.each(Object.entries(inputs))("%s", (_, local) => {
  test.each([[[100, 100, 100, 100, 100]], [[1, 250, 3, 0, 246]], [new Array<number>(50).fill(10)]])(
    "in blocks of %j",
    async (blocks) => {
      const x = da.fromArray(local, { chunks: [blocks] });
      const sorted = da.sort(x);
      expect([sorted.chunks, sorted.dtype]).toEqual([[blocks], local.dtype]);
      expect(sorted.graph.layers.some(({ name }) => name.startsWith("sort-splitters"))).toBe(true);
      const expected = nd.sort(local).toArray() as number[];
      expect((await sorted.compute(sync)).toArray()).toEqual(expected);
      expect((await sorted.at("120:130").compute(sync)).toArray()).toEqual(
        expected.slice(120, 130),
      );
    },
  );
});

test("quantiles of all are those of the sorted elements", async () => {
  const local = spread.reshape([20, 25]);
  const x = da.fromArray(local, { chunks: [7, 6] });
  const shares = [0, 0.1, 0.5, 0.75, 1];
  const many = await da.quantile(x, shares).compute(sync);
  config.pop("array.chunk-size");
  const once = await da.quantile(x, shares).compute(sync);
  config.set({ "array.chunk-size": 256 });
  expect(many.toArray()).toEqual(once.toArray());
  expect(await da.median(x).compute(sync)).toBe(once.get(2));
  const holed = da.fromArray(inputs["with NaN"] as nd.NDArray, { chunks: 90 });
  expect(await da.percentile(holed, 50).compute(sync)).toBeNaN();
});

test("lines that are too long for their block get finer blocks beside them", async () => {
  const local = spread.reshape([20, 25]);
  const sorted = da.sort(da.fromArray(local, { chunks: [20, 5] }), { axis: 1 });
  expect(sorted.chunks[1]).toEqual([25]);
  expect(Math.max(...(sorted.chunks[0] as number[])) * 25 * 8).toBeLessThanOrEqual(256);
  expect((await sorted.compute(sync)).toArray()).toEqual(nd.sort(local, { axis: 1 }).toArray());
  const down = da.sort(da.fromArray(local, { chunks: [5, 25] }), { axis: 0 });
  expect((await down.compute(sync)).toArray()).toEqual(nd.sort(local, { axis: 0 }).toArray());
});
