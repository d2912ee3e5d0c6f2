/**
 * @file Lazy arrays against NumPy and Dask: chunks as Dask normalises them, random streams as Dask
 * draws them, values as NumPy computes them, whatever the chunks. Goldens: `generate/array.py`.
 */
import { describe, expect, test } from "vitest";
import * as da from "../../src/array/index.ts";
import { normalizeChunks } from "../../src/array/normalize-chunks.ts";
import type { DType } from "../../src/core/dtype.ts";
import * as nd from "../../src/ndarray/index.ts";
import { casesOf, close, goldens, type Json, numbers } from "./array-cases.ts";

const sync = { scheduler: "sync" } as const;
const computeOf = casesOf(da);

describe("chunks as Dask normalises them", () => {
  test.each(goldens.chunks)("$chunks for $shape", ({ chunks, shape, limit, previous, result }) => {
    const options = {
      ...(limit === null ? {} : { limitBytes: limit }),
      ...(previous === null ? {} : { previous }),
    };
    expect(normalizeChunks(chunks, shape, options)).toEqual(result);
  });
});

describe("random streams as Dask draws them", () => {
  test.each(goldens.random)("seed $seed", async ({ seed, calls }) => {
    const rng = da.random.defaultRng(BigInt(seed)) as unknown as Record<
      string,
      (...args: unknown[]) => da.DistArray
    >;
    for (const { method, args, size, chunks, dtype, value } of calls) {
      const name = method === "standard_normal" ? "standardNormal" : method;
      const drawn = rng[name]?.(...args, { size, chunks }) as da.DistArray;
      expect(drawn.dtype, name).toBe(dtype);
      // Uniform numbers and integers bit for bit; others to the last digits of exp and log.
      const exact = ["random", "integers", "choice"].includes(method);
      close((await drawn.compute(sync)).toArray(), numbers(value), exact ? 0 : 1e-14, method);
    }
  });
});

describe.each([
  [[6, 10]],
  [[2, 3]],
  [
    [
      [1, 5],
      [4, 4, 2],
    ],
  ],
  [[1, 1]],
])("values as NumPy computes them, chunks %j", (chunks) => {
  const { arrays, cases } = goldens.values;
  test.each(cases)("$name of $array", async (golden) => {
    const source = arrays[golden.array] as { dtype: DType; value: Json };
    const local = new nd.NDArray<DType>(numbers(source.value) as number[], { dtype: source.dtype });
    const lazy = computeOf(golden)(da.fromArray(local, { chunks: chunks as da.ChunksInput }));
    const result = await lazy.compute(sync);
    const given = nd.isNDArray(result) ? result.toArray() : result;
    if (nd.isNDArray(result)) expect(result.shape).toEqual(golden.shape);
    expect(lazy.dtype).toBe(golden.dtype);
    close(given, numbers(golden.value), golden.array === "f4" ? 2e-6 : 1e-12, golden.name);
  });
});
