/**
 * @file The goldens of arrays and what they stand for, shared by the tests on the calling thread
 * and on task threads.
 */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type * as da from "../../src/array/index.ts";
import type { DType } from "../../src/core/dtype.ts";

/** A build of `heddle/array`. */
export type ArrayModule = typeof da;

export type Json = number | string | boolean | null | Json[];
export interface Goldens {
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
export interface RandomCall {
  readonly method: string;
  readonly args: number[];
  readonly size: number[];
  readonly chunks: da.ChunksInput;
  readonly dtype: string;
  readonly value: Json;
}
export interface ValueCase {
  readonly name: string;
  readonly array: string;
  readonly dtype: string;
  readonly shape: number[];
  readonly value: Json;
}

export const goldens: Goldens = JSON.parse(
  readFileSync(new URL("./goldens/array.json", import.meta.url), "utf8"),
) as Goldens;

/** Goldens hold NaN and infinities as text. */
export function numbers(value: Json): unknown {
  if (Array.isArray(value)) return value.map(numbers);
  if (value === "nan") return Number.NaN;
  if (value === "inf") return Number.POSITIVE_INFINITY;
  return value === "-inf" ? Number.NEGATIVE_INFINITY : value;
}

/** Equal, floats to a relative tolerance (sums are added in another order than NumPy's). */
export function close(given: unknown, wanted: unknown, tolerance: number, where: string): void {
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

export type Compute = (x: da.DistArray) => da.DistArray<DType, da.Rank>;

/** What each named case is in Heddle. */
function casesByName(da: ArrayModule): Readonly<Record<string, Compute>> {
  return {
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
}

/** Finds what a golden's name means, with the functions of a build of `heddle/array`. */
export function casesOf(da: ArrayModule): (golden: ValueCase) => Compute {
  const known = casesByName(da);
  return ({ name }) => known[name] ?? reductionOf(name);
}

function reductionOf(name: string): Compute {
  const [op = "", rest = ""] = name.split(":");
  const options = rest.startsWith("ddof")
    ? { axis: 1, ddof: Number(rest.slice(4)) }
    : { axis: rest === "None" ? null : Number(rest) };
  return (x) =>
    (x as unknown as Record<string, (o: object) => da.DistArray>)[op]?.(options) as da.DistArray;
}
