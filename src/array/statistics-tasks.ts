/**
 * @file Partial counts, order statistics and distinct values of blocks.
 */
import type { DType } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { bincount, histogram, histogram2d } from "../ndarray/library/counting.ts";
import { sort, topk, unique } from "../ndarray/library/sorting.ts";
import { isNDArray, NDArray } from "../ndarray/ndarray.ts";
import { add, subtract } from "../ndarray/ufuncs.ts";
import * as self from "./statistics-tasks.ts";
import { joinBlocks, newBlock } from "./tasks.ts";

/**
 * Bins as tasks get them: edges, or a number of equal bins between two ends (numbers, or arrays of
 * one element).
 */
export type BlockBins =
  | { readonly edges: readonly number[] }
  | { readonly count: number; readonly low: number | NDArray; readonly high: number | NDArray };

function numberOf(value: number | NDArray): number {
  return isNDArray(value) ? Number(value.item()) : value;
}

/** The two ends; equal ones are moved apart, as NumPy does. */
function endsOf(bins: Exclude<BlockBins, { edges: unknown }>): readonly [number, number] {
  const [low, high] = [numberOf(bins.low), numberOf(bins.high)];
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new HeddleError(
      "InvalidArgument",
      `histogram: the data range from ${low} to ${high} is not finite: give range, or remove NaN and infinities`,
    );
  }
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** The edges of bins. */
export function edgesBlock(bins: BlockBins): NDArray<"float64"> {
  if ("edges" in bins) return new NDArray(bins.edges, { dtype: "float64" });
  const [low, high] = endsOf(bins);
  const step = (high - low) / bins.count;
  const edges = Float64Array.from({ length: bins.count + 1 }, (_, i) => low + i * step);
  edges[bins.count] = high;
  return new NDArray(edges, { dtype: "float64" });
}

/** Bins in the form that local histograms take. */
function localBins(bins: BlockBins): { bins: number | NDArray; range?: readonly [number, number] } {
  if ("edges" in bins) return { bins: edgesBlock(bins) };
  return { bins: bins.count, range: endsOf(bins) };
}

/** One row of counts. */
export function histogramPartial(bins: BlockBins, block: NDArray, weights?: NDArray): NDArray {
  const options = {
    ...localBins(bins),
    ...(weights === undefined ? {} : { weights: weights.ravel() }),
  };
  return histogram(block.ravel(), options).counts.expandDims(0);
}

/** One table of counts, as a row. */
export function histogram2dPartial(
  first: BlockBins,
  second: BlockBins,
  x: NDArray,
  y: NDArray,
  weights?: NDArray,
): NDArray {
  const { counts } = histogram2d(x, y, {
    bins: [edgesBlock(first), edgesBlock(second)],
    ...(weights === undefined ? {} : { weights }),
  });
  return counts.expandDims(0);
}

/** Differences of neighbours. */
export function differencesOf(x: NDArray): NDArray {
  return subtract(x.at("1:"), x.at(":-1"));
}

/** Counts of one block. */
export function bincountPartial(minlength: number, block: NDArray, weights?: NDArray): NDArray {
  return bincount(block, { minlength, ...(weights === undefined ? {} : { weights }) });
}

/** Counts added, the shorter ones continued by zeros. */
export function combineBincounts(partials: readonly NDArray[]): NDArray {
  const length = Math.max(...partials.map((counts) => counts.size));
  return partials.map((counts) => padded(counts, length)).reduce((a, b) => add(a, b));
}

function padded(counts: NDArray, length: number): NDArray {
  if (counts.size === length) return counts;
  const zeros = newBlock(counts.dtype, [length - counts.size]).fill(0);
  return joinBlocks([counts, zeros], 0);
}

/** The counts, which must be as long as was promised. */
export function finishBincounts(minlength: number, partials: readonly NDArray[]): NDArray {
  const counts = combineBincounts(partials);
  if (minlength === 0 || counts.size === minlength) return counts;
  throw new HeddleError(
    "InvalidArgument",
    `bincount found the value ${counts.size - 1}, but minlength ${minlength} promised smaller ones: ` +
      "give a larger minlength, or none",
  );
}

/** Quantiles of several blocks' elements together. */
export function quantileOfAll(
  q: readonly number[],
  rule: QuantileRule,
  scalar: boolean,
  dtype: DType,
  blocks: readonly NDArray[],
): NDArray {
  const all = joinBlocks(
    blocks.map((block) => block.ravel()),
    0,
  );
  return quantilesAlong(q, rule, scalar, dtype, 0, all);
}

/**
 * Quantiles along an axis of a block, between neighbours as `rule` says; NaN where there is one.
 */
export function quantilesAlong(
  q: readonly number[],
  rule: QuantileRule,
  scalar: boolean,
  dtype: DType,
  axis: number,
  block: NDArray,
): NDArray {
  const order = block.shape.map((_, i) => i).filter((i) => i !== axis);
  const rest = order.map((i) => block.shape[i] as number);
  const length = block.shape[axis] as number;
  if (length === 0) {
    throw new HeddleError(
      "InvalidShape",
      "a quantile of no elements has no value: check size first",
    );
  }
  const sorted = sort(
    block
      .astype("float64")
      .transpose([...order, axis])
      .copy(),
    { axis: -1 },
  );
  const values = sorted.data as Float64Array;
  const rows = rest.reduce((a, b) => a * b, 1);
  const result = new Float64Array(q.length * rows);
  for (let row = 0; row < rows; row++) {
    const at = sorted.offset + row * length;
    const hasNaN = Number.isNaN(values[at + length - 1]);
    q.forEach((share, k) => {
      result[k * rows + row] = hasNaN ? Number.NaN : interpolated(rule, values, at, length, share);
    });
  }
  return new NDArray(result, { shape: scalar ? rest : [q.length, ...rest], dtype });
}

/**
 * What lies between two neighbours: the linear interpolation of NumPy's quantiles, or the mean of
 * its median. They differ where there are infinities.
 */
export type QuantileRule = "linear" | "mean";

function interpolated(
  rule: QuantileRule,
  values: Float64Array,
  at: number,
  length: number,
  share: number,
): number {
  const below = Math.floor(share * (length - 1));
  const low = values[at + below] as number;
  const high = values[at + Math.min(below + 1, length - 1)] as number;
  return between(rule, low, high, share, length);
}

/** Linear as NumPy rounds it, from the nearer neighbour; the ends are elements as they are. */
function between(
  rule: QuantileRule,
  low: number,
  high: number,
  share: number,
  length: number,
): number {
  if (share === 0) return low;
  if (share === 1) return high;
  const position = share * (length - 1);
  const weight = position - Math.floor(position);
  if (rule === "mean") return weight === 0 ? low : (low + high) / 2;
  const gap = high - low;
  return weight >= 0.5 ? high - gap * (1 - weight) : low + gap * weight;
}

/**
 * Quantiles of `length` sorted elements, of which `around` has the two neighbours of each share,
 * and the last.
 */
export function quantilesBetween(
  q: readonly number[],
  rule: QuantileRule,
  length: number,
  scalar: boolean,
  dtype: DType,
  around: NDArray,
): NDArray {
  const values = around.astype("float64").toArray() as number[];
  const hasNaN = Number.isNaN(values.at(-1));
  const result = q.map((share, k) => {
    const [low, high] = [values[2 * k] as number, values[2 * k + 1] as number];
    return hasNaN ? Number.NaN : between(rule, low, high, share, length);
  });
  return new NDArray(result, { shape: scalar ? [] : [q.length], dtype });
}

/** The best elements of one block along an axis. */
export function topkPartial(k: number, axis: number, block: NDArray): NDArray {
  return topk(block, k, { axis });
}

/** The best elements of several blocks. */
export function combineTopk(k: number, axis: number, partials: readonly NDArray[]): NDArray {
  return topk(joinBlocks(partials, axis), k, { axis });
}

/** Distinct elements of a block. */
export function uniquePartial(block: NDArray): NDArray {
  return unique(block).values;
}

/** Distinct elements of several blocks. */
export function combineUnique(partials: readonly NDArray[]): NDArray {
  return partials.length === 1 ? (partials[0] as NDArray) : unique(joinBlocks(partials, 0)).values;
}

/** A block sorted along an axis that lies whole in it. */
export function sortBlock(axis: number, block: NDArray): NDArray {
  return sort(block, { axis });
}

referToAll(import.meta.url, self);
