/** @file `mapBlocks` without arrays: blocks made from nothing but their places. */
import { expect, test } from "vitest";
import * as da from "../../../../src/array/index.ts";
import * as nd from "../../../../src/ndarray/index.ts";

const sync = { scheduler: "sync" } as const;

test("makes the blocks that chunks list", async () => {
  const chunks = [[2, 1], 3];
  const x = da.mapBlocks(
    (info) => {
      const [rows] = info.arrayLocation as [readonly [number, number]];
      return nd.full(info.chunkShape, rows[0]);
    },
    { chunks, dtype: "int32", blockInfo: true },
  );
  expect([x.dtype, x.chunks]).toEqual(["int32", [[2, 1], [3]]]);
  const whole = await x.compute(sync);
  expect(whole.toArray()).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [2, 2, 2],
  ]);
  const plain = da.mapBlocks(() => 7, { chunks: [2] });
  expect([plain.dtype, (await plain.compute(sync)).toArray()]).toEqual(["float64", [7, 7]]);
});

test("without arrays and chunks says what is missing", () => {
  expect(() => da.mapBlocks(() => 7, {})).toThrow("chunks: [[2, 2], [3]]");
});
