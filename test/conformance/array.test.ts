/**
 * @file Lazy arrays against NumPy and Dask: chunks as Dask normalises them, random streams as Dask draws them, values as
 * NumPy computes them, whatever the chunks. Goldens: `generate/array.py`.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as da from "../../src/array/index.ts";
import { normalizeChunks } from "../../src/array/normalize-chunks.ts";
import type { DType } from "../../src/core/dtype.ts";
import * as nd from "../../src/ndarray/index.ts";

type Json = number | string | boolean | null | Json[];
interface Goldens {
  readonly chunks: readonly {
    readonly chunks: da.ChunksInput;
    readonly shape: number[];
    readonly limit: number | null;
    readonly previous: number[][] | null;
    readonly result: number[][];
  }[];
  readonly random: readonly { readonly seed: string; readonly calls: readonly RandomCall[] }[];
  readonly values: {
    readonly arrays: Readonly<Record<string, { readonly dtype: DType; readonly value: Json }>>;
    readonly cases: readonly ValueCase[];
  };
}
interface RandomCall {
  readonly method: string;
  readonly args: number[];
  readonly size: number[];
  readonly chunks: da.ChunksInput;
  readonly dtype: string;
  readonly value: Json;
}
interface ValueCase {
  readonly name: string;
  readonly array: string;
  readonly dtype: string;
  readonly shape: number[];
  readonly value: Json;
}

const goldens = JSON.parse(
  readFileSync(new URL("./goldens/array.json", import.meta.url), "utf8"),
) as Goldens;
const sync = { scheduler: "sync" } as const;

/** Goldens hold NaN and infinities as text. */
function numbers(value: Json): unknown {
  if (Array.isArray(value)) return value.map(numbers);
  if (value === "nan") return Number.NaN;
  if (value === "inf") return Number.POSITIVE_INFINITY;
  return value === "-inf" ? Number.NEGATIVE_INFINITY : value;
}

/** Equal, floats to a relative tolerance (sums are added in another order than NumPy's). */
function close(given: unknown, wanted: unknown, tolerance: number, where: string): void {
  if (Array.isArray(wanted)) {
    expect(given, where).toHaveLength(wanted.length);
    wanted.forEach(
      (item, i) => void close((given as unknown[])[i], item, tolerance, `${where}[${i}]`),
    );
    return;
  }
  if (typeof wanted !== "number" || !Number.isFinite(wanted)) {
    expect(given, where).toEqual(wanted);
    return;
  }
  const gap = Math.abs((given as number) - wanted);
  expect(gap, `${where}: ${String(given)} for ${wanted}`).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(wanted)),
  );
}

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

type Compute = (x: da.DistArray) => da.DistArray<DType, da.Rank>;

/** What each named case is in Heddle. */
const CASES: Readonly<Record<string, Compute>> = {
  "histogram:counts": (x) => da.histogram(x, { bins: 7 })[0],
  "histogram:edges": (x) => da.histogram(x, { bins: 7 })[1],
  "histogram:density": (x) => da.histogram(x, { bins: 7, range: [-40, 40], density: true })[0],
  histogram2d: (x) => da.histogram2d(x.at(0), x.at(1), { bins: [3, 4] })[0],
  corrcoef: (x) => da.corrcoef(x),
  cov: (x) => da.cov(x),
  percentile: (x) => da.percentile(x, [0, 10, 33.3, 50, 99, 100]),
  "percentile:axis": (x) => da.percentile(x, [25, 75], { axis: 1 }),
  median: (x) => da.median(x, { axis: 0 }),
  matmul: (x) => x.matmul(x.T),
  tensordot: (x) => da.tensordot(x, x, { axes: [[0], [0]] }),
  cumsum: (x) => x.cumsum({ axis: 1 }),
  cumprod: (x) => x.div(50).cumprod({ axis: 0 }),
  unique: (x) => da.unique(x.mod(7)),
  bincount: (x) => da.bincount(x.ravel().abs().mod(11)),
  topk: (x) => da.topk(x, 3),
  round: (x) => x.round(1),
  clip: (x) => x.clip(-10, 20),
  diff: (x) => da.diff(x),
  roll: (x) => da.roll(x, 3, { axis: 1 }),
  formula: (x) => da.expr<"float64">`4 * mean((${x}**2 + ${x.T.reshape([6, 10])}**2) < 1000)`,
};

function computeOf({ name }: ValueCase): Compute {
  const known = CASES[name];
  if (known !== undefined) return known;
  const [op = "", rest = ""] = name.split(":");
  const options = rest.startsWith("ddof")
    ? { axis: 1, ddof: Number(rest.slice(4)) }
    : { axis: rest === "None" ? null : Number(rest) };
  return (x) =>
    (x as unknown as Record<string, (o: object) => da.DistArray>)[op]?.(options) as da.DistArray;
}

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
