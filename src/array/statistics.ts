/**
 * @file Histograms, covariances, order statistics and distinct values of lazy arrays.
 */

import { type DType, isScalar } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { resolveAxis } from "../core/indexing.ts";
import { checkOptionNames } from "../core/options.ts";
import { isNDArray, type NDArray } from "../ndarray/ndarray.ts";
import { toExpr } from "./arguments.ts";
import type { ArrayArg, Rank, ReduceOptions, WholeOptions } from "./array-types.ts";
import { sort as sortExpr } from "./build/sort.ts";
import {
  type BinsSpec,
  bincount as bincountExpr,
  binsOf,
  correlation,
  covariance,
  densityOf,
  edgesOf,
  histogram2d as histogram2dExpr,
  histogram as histogramExpr,
  quantile as quantileExpr,
  topk as topkExpr,
  unique as uniqueExpr,
} from "./build/statistics.ts";
import { DistArray } from "./dist-array.ts";
import type { Expr } from "./expression.ts";

/** Edges in any form. */
type Edges = readonly number[] | Float64Array | NDArray;

/** Bins: a number of equal ones, or ascending edges. */
export type Bins = number | Edges;

/** Options of `histogram`. */
export interface HistogramOptions {
  /** Default 10. */
  readonly bins?: Bins;
  /** Lower and upper end; default those of the data, found first. */
  readonly range?: readonly [number, number];
  /** A weight for each value. */
  readonly weights?: ArrayArg;
  /** Divide by total and widths, so that the integral is 1; default false. */
  readonly density?: boolean;
}

function specOf(x: Expr, bins: Bins, range: readonly [number, number] | undefined): BinsSpec {
  if (typeof bins === "number") return binsOf(x, bins, range);
  const edges = isNDArray(bins) ? (bins.astype("float64").toArray() as number[]) : Array.from(bins);
  return binsOf(x, edges, range);
}

/**
 * How many values fall into each bin, and the bins' edges. The last bin includes its upper edge.
 *
 * @example
 * import * as da from "heddle/array";
 * const [counts, edges] = da.histogram(da.arange(10, { chunks: 4 }), { bins: 5, range: [0, 10] });
 * console.log((await counts.compute()).toArray(), edges.shape); // [ 2, 2, 2, 2, 2 ] [ 6 ]
 */
export function histogram(
  x: ArrayArg,
  options: HistogramOptions = {},
): [counts: DistArray, edges: DistArray<"float64">] {
  checkOptionNames("histogram", options, ["bins", "range", "weights", "density"]);
  const array = toExpr(x);
  const spec = specOf(array, options.bins ?? 10, options.range);
  const weights = options.weights === undefined ? null : toExpr(options.weights);
  const counts = histogramExpr(array, spec, weights);
  const edges = edgesOf(spec);
  const result = options.density === true ? densityOf(counts, [edges]) : counts;
  return [new DistArray(result), new DistArray(edges)];
}

/** Options of `histogram2d`. */
export interface Histogram2dOptions {
  /** Bins of both axes, or of each; default 10. */
  readonly bins?: Bins | readonly [Bins, Bins];
  /** Ends of both axes; default those of the data. */
  readonly range?: readonly [readonly [number, number], readonly [number, number]];
  readonly weights?: ArrayArg;
  readonly density?: boolean;
}

/** How many points fall into each cell, and the edges of both axes. */
export function histogram2d(
  x: ArrayArg,
  y: ArrayArg,
  options: Histogram2dOptions = {},
): [counts: DistArray<"float64">, xEdges: DistArray<"float64">, yEdges: DistArray<"float64">] {
  checkOptionNames("histogram2d", options, ["bins", "range", "weights", "density"]);
  const [first, second] = [toExpr(x), toExpr(y)];
  const given = options.bins ?? 10;
  const [xBins, yBins] = isPair(given) ? given : [given, given];
  const specs = [
    specOf(first, xBins, options.range?.[0]),
    specOf(second, yBins, options.range?.[1]),
  ] as const;
  const weights = options.weights === undefined ? null : toExpr(options.weights);
  const counts = histogram2dExpr(first, second, specs, weights);
  const edges = specs.map(edgesOf) as [Expr, Expr];
  const result = options.density === true ? densityOf(counts, edges) : counts;
  return [new DistArray(result), new DistArray(edges[0]), new DistArray(edges[1])];
}

function isPair(bins: Bins | readonly [Bins, Bins]): bins is readonly [Bins, Bins] {
  return Array.isArray(bins) && bins.length === 2;
}

/**
 * How often each non-negative integer occurs. The length is unknown until computed unless
 * `minlength` promises it.
 */
export function bincount(
  x: ArrayArg,
  options: { readonly weights?: ArrayArg; readonly minlength?: number } = {},
): DistArray {
  checkOptionNames("bincount", options, ["weights", "minlength"]);
  const weights = options.weights === undefined ? null : toExpr(options.weights);
  return new DistArray(bincountExpr(toExpr(x), weights, options.minlength ?? 0));
}

/** Options of `cov`. */
export interface CovarianceOptions {
  /** Whether variables stand in rows; default true. */
  readonly rowvar?: boolean;
  /** Divide by n instead of n - 1; default false. */
  readonly bias?: boolean;
  /** Divide by n - ddof; default follows from `bias`. */
  readonly ddof?: number;
}

/** Covariances of variables in rows, with those of `y` below them. */
export function cov(m: ArrayArg, y: ArrayArg, options?: CovarianceOptions): DistArray<"float64">;
export function cov(
  m: ArrayArg,
  y?: ArrayArg | null,
  options?: CovarianceOptions,
): DistArray<"float64", Rank>;
export function cov(
  m: ArrayArg,
  y?: ArrayArg | null,
  options: CovarianceOptions = {},
): DistArray<"float64", Rank> {
  checkOptionNames("cov", options, ["rowvar", "bias", "ddof"]);
  const { rowvar = true, bias = false, ddof = bias ? 0 : 1 } = options;
  const matrix = covariance(toExpr(m), y === undefined || y === null ? null : toExpr(y), {
    rowvar,
    ddof,
  });
  const [rows] = matrix.chunks;
  const single = rows?.length === 1 && rows[0] === 1;
  return single ? new DistArray<"float64">(matrix).squeeze() : new DistArray(matrix);
}

/**
 * Correlations of variables in rows, with those of `y` below them.
 *
 * @example
 * import * as da from "heddle/array";
 * const x = da.arange(10, { chunks: 5 });
 * console.log((await da.corrcoef(x, x.mul(-2)).compute()).toArray()); // [ [ 1, -1 ], [ -1, 1 ] ]
 */
export function corrcoef(
  m: ArrayArg,
  y: ArrayArg,
  options?: { readonly rowvar?: boolean },
): DistArray<"float64">;
export function corrcoef(
  m: ArrayArg,
  y?: ArrayArg | null,
  options?: { readonly rowvar?: boolean },
): DistArray<"float64", Rank>;
export function corrcoef(
  m: ArrayArg,
  y?: ArrayArg | null,
  options: { readonly rowvar?: boolean } = {},
): DistArray<"float64", Rank> {
  checkOptionNames("corrcoef", options, ["rowvar"]);
  const other = y === undefined || y === null ? null : toExpr(y);
  const matrix = covariance(toExpr(m), other, { rowvar: options.rowvar ?? true, ddof: 1 });
  const [rows] = matrix.chunks;
  const result = new DistArray<"float64">(correlation(matrix));
  return rows?.length === 1 && rows[0] === 1 ? result.squeeze() : result;
}

/** Options of quantiles. */
export interface QuantileOptions {
  /** Default: of all elements. */
  readonly axis?: number | null;
}

/** Options of a quantile of all elements. */
export interface WholeQuantileOptions {
  readonly axis?: null;
}

/**
 * The values below which the given shares (0 to 1) lie, exactly, between neighbours by linear
 * interpolation (NaN next to an infinity, as in NumPy).
 */
export function quantile(
  x: ArrayArg,
  q: number,
  options?: WholeQuantileOptions,
): DistArray<"float64", "scalar">;
export function quantile(
  x: ArrayArg,
  q: number | readonly number[],
  options?: QuantileOptions,
): DistArray<"float64">;
export function quantile(
  x: ArrayArg,
  q: number | readonly number[],
  options: QuantileOptions = {},
): DistArray<"float64", Rank> {
  checkOptionNames("quantile", options, ["axis"]);
  const shares = typeof q === "number" ? [q] : q;
  return new DistArray(
    quantileExpr(toExpr(x), shares, options.axis ?? null, typeof q === "number"),
  );
}

/**
 * The values below which the given percentages lie, exactly (Dask estimates them from those of the
 * blocks). Without an axis, arrays larger than `array.chunk-size` are sorted in their blocks.
 */
export function percentile(
  x: ArrayArg,
  q: number,
  options?: WholeQuantileOptions,
): DistArray<"float64", "scalar">;
export function percentile(
  x: ArrayArg,
  q: number | readonly number[],
  options?: QuantileOptions,
): DistArray<"float64">;
export function percentile(
  x: ArrayArg,
  q: number | readonly number[],
  options: QuantileOptions = {},
): DistArray<"float64", Rank> {
  const bad = [q].flat().find((value) => !((value as number) >= 0 && (value as number) <= 100));
  if (bad !== undefined) {
    throw new HeddleError(
      "InvalidArgument",
      `a percentile is ${String(bad)}; percentiles lie between 0 and 100`,
    );
  }
  return quantile(
    x,
    isScalar(q) ? (q as number) / 100 : (q as readonly number[]).map((value) => value / 100),
    options,
  );
}

/** The middle value, of all elements or along an axis. */
export function median(x: ArrayArg, options?: WholeQuantileOptions): DistArray<"float64", "scalar">;
export function median(x: ArrayArg, options: QuantileOptions): DistArray<"float64">;
export function median(x: ArrayArg, options: QuantileOptions = {}): DistArray<"float64", Rank> {
  checkOptionNames("median", options, ["axis"]);
  return new DistArray(quantileExpr(toExpr(x), [0.5], options.axis ?? null, true, "mean"));
}

/**
 * The `k` largest elements along an axis (default the last), descending; for negative `k` the
 * smallest, ascending.
 */
export function topk<D extends DType>(
  x: ArrayArg<D>,
  k: number,
  options: { readonly axis?: number } = {},
): DistArray<D> {
  checkOptionNames("topk", options, ["axis"]);
  return new DistArray(topkExpr(toExpr(x), k, options.axis ?? -1));
}

/** The distinct elements in ascending order; how many is unknown until computed. */
export function unique<D extends DType>(x: ArrayArg<D>): DistArray<D> {
  return new DistArray(uniqueExpr(toExpr(x)));
}

/**
 * The elements in ascending order along an axis (default the last). An axis of several blocks is
 * made whole for it (other axes are then cut finer, if blocks would exceed `array.chunk-size`); the
 * only axis of an array larger than that is sorted in its blocks, by an exchange.
 */
export function sort<D extends DType>(
  x: ArrayArg<D>,
  options: { readonly axis?: number } = {},
): DistArray<D> {
  checkOptionNames("sort", options, ["axis"]);
  const array = toExpr(x);
  return new DistArray(sortExpr(array, resolveAxis(options.axis ?? -1, array.chunks.length)));
}

/** How many elements are not zero, in all or along axes. */
export function countNonzero(
  x: ArrayArg,
  options?: Omit<WholeOptions, "splitEvery">,
): DistArray<"int64", "scalar">;
export function countNonzero(
  x: ArrayArg,
  options: Pick<ReduceOptions, "axis" | "keepdims">,
): DistArray<"int64">;
export function countNonzero(
  x: ArrayArg,
  options: Pick<ReduceOptions, "axis" | "keepdims"> | Omit<WholeOptions, "splitEvery"> = {},
): DistArray<"int64", Rank> {
  checkOptionNames("countNonzero", options, ["axis", "keepdims"]);
  return new DistArray(toExpr(x)).ne(0).sum(options as ReduceOptions);
}
