/**
 * @file Counting where values fall: searchsorted, histogram, histogram2d, bincount. Bins are
 * NumPy's: each closed on the left, the last on both sides, and a value is put where the edges say,
 * not where arithmetic would.
 */

import { type DType, isInteger, kindOf, promote } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { checkOptionNames } from "../../core/options.ts";
import { NDArray } from "../ndarray.ts";
import { arrayKernels, DTYPE_CODE } from "./kernels.ts";
import { contiguous, elementsOf, emptyArray, runKernel } from "./operands.ts";

/** Default number of bins, as in NumPy. */
const DEFAULT_BINS = 10;
/** As many 8-byte counts as the 4 GiB of a local array hold. */
const MOST_COUNTS = 2 ** 29;

/** How to histogram. */
export interface HistogramOptions {
  /** Number of equal bins, or the edges in ascending order; default 10. */
  readonly bins?: number | NDArray | readonly number[];
  /** Lower and upper end of the bins; default the least and the greatest value. */
  readonly range?: readonly [number, number];
  /** A weight for each value; default 1 each. */
  readonly weights?: NDArray;
  /** Divide by the total and the bins' widths, so that the integral is 1; default false. */
  readonly density?: boolean;
}

/** Counts (int64; float64 with weights or density) and edges of a histogram. */
export interface HistogramResult {
  readonly counts: NDArray<"int64" | "float64">;
  readonly edges: NDArray<"float64">;
}

/** Edges ready for the kernels. `scale` is bins per unit where they are equal, else 0. */
interface Bins {
  readonly edges: NDArray<"float64">;
  readonly count: number;
  readonly scale: number;
}

/**
 * Where each of `values` belongs in the ascending `sorted` (int64): before equal elements, or
 * behind them with `side: "right"`.
 *
 * @example
 * import { NDArray, searchsorted } from "heddle/ndarray";
 * console.log(searchsorted(new NDArray([1, 2, 2, 3]), new NDArray([2])).toArray()); // [ 1 ]
 */
export function searchsorted(
  sorted: NDArray,
  values: NDArray,
  options: { readonly side?: "left" | "right" } = {},
): NDArray<"int64"> {
  checkOptionNames("searchsorted", options, ["side"]);
  const dtype = promote(sorted.dtype, values.dtype);
  if (kindOf(dtype) === "c") {
    throw new HeddleError("NotSupported", "searchsorted of complex arrays is not supported.");
  }
  const cast = (array: NDArray): NDArray =>
    array.dtype === dtype ? contiguous(array) : array.astype(dtype);
  const [haystack, needles] = [cast(sorted), cast(values)];
  const right = options.side === "right" ? 1 : 0;
  const spec = { dtype: "int64" as const, shape: values.shape };
  const [found] = runKernel([haystack, needles], [spec], 0, ({ memory, inputs, outputs }) => {
    const [from, wanted] = inputs as [number, number];
    const code = DTYPE_CODE[dtype] as number;
    const out = outputs[0] as number;
    const { size } = needles;
    arrayKernels(memory).searchsorted(code, from, haystack.size, wanted, size, right, out);
  });
  return found as NDArray<"int64">;
}

/** Least and greatest element; NaN when there is one among them. */
function extent(values: NDArray<"float64">): [number, number] {
  const elements = elementsOf(values);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < elements.length; i++) {
    const value = elements[i] as number;
    if (Number.isNaN(value)) return [value, value];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * The range of equal bins by NumPy's rules: [0, 1] of nothing, and half a unit around a single
 * value.
 */
function outerEdges(
  values: NDArray<"float64">,
  range: readonly [number, number] | undefined,
): [number, number] {
  const [low, high] = range ?? (values.size === 0 ? [0, 1] : extent(values));
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
    throw new HeddleError(
      "InvalidArgument",
      `The range [${low}, ${high}] of a histogram must be finite and ascending. ` +
        "Give range, or drop NaN and infinite values first.",
    );
  }
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** `count + 1` equally spaced numbers, as `numpy.linspace` computes them. */
function linspaceEdges(low: number, high: number, count: number): NDArray<"float64"> {
  const edges = emptyArray("float64", [count + 1]);
  const elements = elementsOf(edges);
  const step = (high - low) / count;
  for (let i = 0; i <= count; i++) elements[i] = step === 0 ? (i / count) * (high - low) : i * step;
  for (let i = 0; i <= count; i++) elements[i] = (elements[i] as number) + low;
  elements[count] = high;
  return edges;
}

function explicitBins(given: NDArray | readonly number[]): Bins {
  const array = given instanceof NDArray ? given : new NDArray([...given]);
  const edges = array.astype("float64") as NDArray<"float64">;
  const elements = elementsOf(edges);
  const ascends = elements.every((edge, i) => i === 0 || (elements[i - 1] as number) <= edge);
  if (edges.ndim !== 1 || edges.size < 2 || !ascends) {
    throw new HeddleError(
      "InvalidArgument",
      "The edges of a histogram are a 1-d ascending array of at least two numbers.",
    );
  }
  return { edges, count: edges.size - 1, scale: 0 };
}

function equalBins(
  values: NDArray<"float64">,
  count: number,
  range: readonly [number, number] | undefined,
): Bins {
  if (!(Number.isInteger(count) && count > 0)) {
    throw new HeddleError("InvalidArgument", `bins must be a positive integer, not ${count}.`);
  }
  const [low, high] = outerEdges(values, range);
  const scale = count / (high - low);
  return {
    edges: linspaceEdges(low, high, count),
    count,
    scale: Number.isFinite(scale) ? scale : 0,
  };
}

function binsOf(
  values: NDArray<"float64">,
  bins: number | NDArray | readonly number[] = DEFAULT_BINS,
  range?: readonly [number, number],
): Bins {
  return typeof bins === "number" ? equalBins(values, bins, range) : explicitBins(bins);
}

function toFloat64(array: NDArray): NDArray<"float64"> {
  if (kindOf(array.dtype) === "c") {
    throw new HeddleError("DTypeMismatch", "A histogram needs real values; take x.real or abs(x).");
  }
  return array.dtype === "float64"
    ? (contiguous(array) as NDArray<"float64">)
    : (array.astype("float64") as NDArray<"float64">);
}

function zeros<D extends DType>(dtype: D, shape: readonly number[]): NDArray<D> {
  const array = emptyArray(dtype, shape);
  array.storage.values.fill((dtype === "int64" ? 0n : 0) as never);
  return array;
}

function checkWeights(weights: NDArray | undefined, size: number): NDArray<"float64"> | undefined {
  if (weights === undefined) return undefined;
  if (weights.size === size) return toFloat64(weights);
  throw new HeddleError(
    "InvalidShape",
    `There are ${weights.size} weights for ${size} values; they must be as many.`,
  );
}

/**
 * How many values fall into each bin.
 *
 * @example
 * import { histogram, NDArray } from "heddle/ndarray";
 * console.log(histogram(new NDArray([1, 2, 2, 4]), { bins: 3 }).counts.toArray()); // [ 1, 2, 1 ]
 */
export function histogram(array: NDArray, options: HistogramOptions = {}): HistogramResult {
  checkOptionNames("histogram", options, ["bins", "range", "weights", "density"]);
  const values = toFloat64(array);
  const { edges, count, scale } = binsOf(values, options.bins, options.range);
  const weights = checkWeights(options.weights, values.size);
  const counts = zeros(weights === undefined ? "int64" : "float64", [count]);
  const inputs = weights === undefined ? [values, edges] : [values, edges, weights];
  runKernel(inputs, [counts], 0, (placed) => {
    const kernels = arrayKernels(placed.memory);
    const [at, edgesAt, weightsAt] = placed.inputs as [number, number, number];
    const [out] = placed.outputs as [number];
    const { size } = values;
    if (weights === undefined) kernels.histogram(at, size, edgesAt, count, scale, out);
    else kernels.histogramWeighted(at, weightsAt, size, edgesAt, count, scale, out);
  });
  if (options.density !== true) return { counts, edges };
  return { counts: toDensity(counts, [edges]), edges };
}

/** Counts divided by their sum and by the size of each bin. */
function toDensity(counts: NDArray, axes: readonly NDArray<"float64">[]): NDArray<"float64"> {
  const density = counts.astype("float64") as NDArray<"float64">;
  const elements = elementsOf(density);
  const total = elements.reduce((sum, x) => sum + x, 0);
  const widths = axes.map((edges) => {
    const at = elementsOf(edges);
    return Float64Array.from(
      { length: edges.size - 1 },
      (_, i) => (at[i + 1] as number) - (at[i] as number),
    );
  });
  const columns = widths[1]?.length ?? 1;
  for (let i = 0; i < elements.length; i++) {
    const width = widths[0]?.[Math.floor(i / columns)] as number;
    const other = widths[1]?.[i % columns] ?? 1;
    elements[i] = (elements[i] as number) / width / other / total;
  }
  return density;
}

/** How to histogram points. */
export interface Histogram2dOptions {
  /** Bins of both axes, or of each; default 10. */
  readonly bins?: number | readonly [number | NDArray, number | NDArray] | NDArray;
  /** Lower and upper end of the bins of x and of y; default the least and the greatest. */
  readonly range?: readonly [readonly [number, number], readonly [number, number]];
  /** A weight for each point; default 1 each. */
  readonly weights?: NDArray;
  /** Divide by the total and the bins' areas; default false. */
  readonly density?: boolean;
}

/**
 * How many points (x, y) fall into each cell; counts are float64 of shape [x bins, y bins], as in
 * NumPy.
 */
export function histogram2d(
  x: NDArray,
  y: NDArray,
  options: Histogram2dOptions = {},
): { counts: NDArray<"float64">; xEdges: NDArray<"float64">; yEdges: NDArray<"float64"> } {
  checkOptionNames("histogram2d", options, ["bins", "range", "weights", "density"]);
  if (x.size !== y.size) {
    throw new HeddleError("InvalidShape", `x has ${x.size} elements, y ${y.size}; need as many.`);
  }
  const [xs, ys] = [toFloat64(x), toFloat64(y)];
  const { bins = DEFAULT_BINS } = options;
  const [xGiven, yGiven] = Array.isArray(bins) ? bins : [bins, bins];
  const xBins = binsOf(xs, xGiven, options.range?.[0]);
  const yBins = binsOf(ys, yGiven, options.range?.[1]);
  const weights = checkWeights(options.weights, xs.size);
  const counts = zeros("float64", [xBins.count, yBins.count]);
  const inputs = [xs, ys, xBins.edges, yBins.edges, ...(weights === undefined ? [] : [weights])];
  runKernel(inputs, [counts], 0, (placed) => {
    const [xAt, yAt, xEdges, yEdges, weightsAt] = placed.inputs as number[];
    const edges = [xEdges, xBins.count, xBins.scale, yEdges, yBins.count, yBins.scale] as number[];
    const points = [xAt, yAt, weightsAt ?? 0, xs.size] as number[];
    arrayKernels(placed.memory).histogram2d(...points, ...edges, placed.outputs[0] as number);
  });
  const { edges: xEdges } = xBins;
  const { edges: yEdges } = yBins;
  if (options.density !== true) return { counts, xEdges, yEdges };
  return { counts: toDensity(counts, [xEdges, yEdges]), xEdges, yEdges };
}

/**
 * How often each of 0, 1, 2, ... occurs among non-negative integers (int64), or the sums of their
 * weights (float64). The result has at least `minlength` elements.
 */
export function bincount(
  array: NDArray,
  options: { readonly weights?: NDArray; readonly minlength?: number } = {},
): NDArray<"int64" | "float64"> {
  checkOptionNames("bincount", options, ["weights", "minlength"]);
  if (!isInteger(array.dtype) && array.dtype !== "bool") {
    throw new HeddleError("DTypeMismatch", `bincount needs integers, not ${array.dtype}.`);
  }
  const values = array.astype("int64") as NDArray<"int64">;
  const weights = checkWeights(options.weights, values.size);
  const length = Math.max(options.minlength ?? 0, highest(values) + 1);
  if (length > MOST_COUNTS) {
    throw new HeddleError(
      "InvalidArgument",
      `bincount would make ${length} counts, one for each integer up to the largest value: ` +
        "count values that are far apart with unique, or in bins with histogram",
      { fields: { length } },
    );
  }
  const counts = zeros(weights === undefined ? "int64" : "float64", [length]);
  const inputs = weights === undefined ? [values] : [values, weights];
  runKernel(inputs, [counts], 0, (placed) => {
    const kernels = arrayKernels(placed.memory);
    const [at, weightsAt] = placed.inputs as [number, number];
    const [out] = placed.outputs as [number];
    if (weights === undefined) kernels.bincount(at, values.size, out);
    else kernels.bincountWeighted(at, weightsAt, values.size, out);
  });
  return counts;
}

/** The greatest of non-negative integers, -1 of none. */
function highest(values: NDArray<"int64">): number {
  if (values.size === 0) return -1;
  const [range] = runKernel([values], [{ dtype: "int64", shape: [2] }], 0, (placed) => {
    const [at, out] = [placed.inputs[0] as number, placed.outputs[0] as number];
    arrayKernels(placed.memory).rangeOf(at, values.size, out);
  });
  const [low, high] = (range as NDArray<"int64">).toArray() as [number, number];
  if (low >= 0) return high;
  throw new HeddleError("InvalidArgument", `bincount needs non-negative integers, not ${low}.`);
}
