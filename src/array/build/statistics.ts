/**
 * @file Counting and spread: histograms, bin counts, covariances, order statistics. Blocks give
 * partial counts, which are summed as any other reduction.
 */

import { type DType, isInteger, kindOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxis } from "../../core/indexing.ts";
import type { Operand as KernelOperand } from "../../ndarray/kernels/ir.ts";
import { type Blocks, blocksOfLayer, LayerPlan, type Operand } from "../blocks.ts";
import { type Chunks, gridOf, product, show, sum } from "../chunks.ts";
import { type Expr, shapeOfExpr } from "../expression.ts";
import { materialize } from "../lower-blocks.ts";
import { lowerTree } from "../lower-reduction.ts";
import { arraySettings } from "../settings.ts";
import {
  bincountPartial,
  combineBincounts,
  combineTopk,
  combineUnique,
  differencesOf,
  edgesBlock,
  finishBincounts,
  histogram2dPartial,
  histogramPartial,
  type QuantileRule,
  quantileOfAll,
  quantilesAlong,
  quantilesBetween,
  topkPartial,
  uniquePartial,
} from "../statistics-tasks.ts";
import { blockCall, call, constant } from "./call.ts";
import { eye } from "./create.ts";
import { alignTo, astype, binary, elementwise, unary, unifyChunks, where } from "./elementwise.ts";
import { checkInteger } from "./errors.ts";
import { matmul } from "./matmul.ts";
import { rechunkTo } from "./rechunk.ts";
import { mean, reduce } from "./reduce.ts";
import { concatenate, expandDims, transpose } from "./shape.ts";
import { inBlockOrder, needsExchange, sortAxis } from "./sort.ts";
import { take } from "./take.ts";

/** Bins of one axis: explicit edges, or a number of equal ones between lazy ends. */
export type BinsSpec =
  | { readonly edges: readonly number[] }
  | { readonly count: number; readonly low: Expr | number; readonly high: Expr | number };

/** The bins that a histogram's options describe; without a range, the ends are the data's own. */
export function binsOf(
  x: Expr,
  bins: number | readonly number[],
  range: readonly [number, number] | undefined,
): BinsSpec {
  if (typeof bins !== "number") {
    const unordered = bins.findIndex((edge, i) => i > 0 && !(edge >= (bins[i - 1] as number)));
    if (bins.length < 2 || unordered !== -1 || bins.some(Number.isNaN)) {
      throw new HeddleError(
        "InvalidArgument",
        `histogram: bins must be at least two ascending edges, but ${show(bins)} was given`,
      );
    }
    return { edges: bins };
  }
  if (!Number.isInteger(bins) || bins < 1) {
    throw new HeddleError(
      "InvalidArgument",
      `histogram: the number of bins is ${bins}; it must be a positive integer`,
    );
  }
  if (range === undefined) return { count: bins, low: reduce(x, "min"), high: reduce(x, "max") };
  const [low, high] = range;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
    throw new HeddleError(
      "InvalidArgument",
      `histogram: the range is ${show(range)}; it must be finite and ascending`,
    );
  }
  return { count: bins, low, high };
}

/** Number of bins. */
export function binCount(bins: BinsSpec): number {
  return "edges" in bins ? bins.edges.length - 1 : bins.count;
}

/** The edges as a lazy array. */
export function edgesOf(bins: BinsSpec): Expr {
  const chunks = [[binCount(bins) + 1]];
  const { operands, identity, args } = binArguments(bins);
  return blockCall(
    { word: "edges", dtype: "float64", chunks, operands, identity },
    { fn: edgesBlock, args: (plan, lowered) => [args(plan, lowered)] },
  );
}

interface BinArguments {
  readonly operands: readonly Expr[];
  readonly identity: readonly unknown[];
  /** An array argument: the edges, or [count, low, high]. */
  args(plan: LayerPlan, lowered: readonly Operand[]): ReturnType<typeof constant>;
}

function binArguments(bins: BinsSpec): BinArguments {
  if ("edges" in bins) {
    return { operands: [], identity: [bins.edges], args: () => constant({ edges: bins.edges }) };
  }
  const { count, low, high } = bins;
  const operands = [low, high].filter((end): end is Expr => typeof end !== "number");
  const scalars = [low, high].map((end) => (typeof end === "number" ? end : null));
  const args: BinArguments["args"] = (plan, lowered) => {
    let next = 0;
    const items = [low, high].map((end) =>
      typeof end === "number" ? constant(end) : plan.operand(lowered[next++] as Operand, []),
    );
    return {
      kind: "object",
      keys: ["count", "low", "high"],
      items: [constant(count), ...items],
    };
  };
  return { operands, identity: [count, scalars], args };
}

/** Counts of values in bins, or sums of their weights. */
export function histogram(x: Expr, bins: BinsSpec, weights: Expr | null): Expr {
  if (kindOf(x.dtype) === "c")
    throw new HeddleError("DTypeMismatch", "histogram needs real numbers, not complex ones");
  const chunks = unifyChunks(weights === null ? [x] : [x, weights], "histogram");
  const data = [x, ...(weights === null ? [] : [weights])].map((array) => alignTo(array, chunks));
  const bin = binArguments(bins);
  const dtype = weights === null ? "int64" : "float64";
  const partial = partialCounts(
    "histogram-partial",
    dtype,
    chunks,
    [binCount(bins)],
    data,
    bin.operands,
    {
      fn: histogramPartial,
      identity: bin.identity,
      args: (plan, lowered) => [bin.args(plan, lowered.slice(data.length))],
    },
  );
  return reduce(partial, "sum", { axis: 0, dtype });
}

/** Counts of points in cells, or sums of their weights. */
export function histogram2d(
  x: Expr,
  y: Expr,
  bins: readonly [BinsSpec, BinsSpec],
  weights: Expr | null,
): Expr {
  const arrays = weights === null ? [x, y] : [x, y, weights];
  const lengths = arrays.map((array) => shapeOfExpr(array));
  if (lengths.some((shape) => shape.length !== 1 || shape[0] !== lengths[0]?.[0])) {
    throw new HeddleError(
      "InvalidShape",
      `histogram2d needs arrays of one axis and one length, but was given shapes ${lengths.map(show).join(" and ")}`,
    );
  }
  const chunks = unifyChunks(arrays, "histogram2d");
  const data = arrays.map((array) => alignTo(array, chunks));
  const [first, second] = bins.map(binArguments) as [BinArguments, BinArguments];
  const counts = bins.map(binCount);
  const ends = [...first.operands, ...second.operands];
  const partial = partialCounts("histogram2d-partial", "float64", chunks, counts, data, ends, {
    fn: histogram2dPartial,
    identity: [first.identity, second.identity],
    args: (plan, lowered) => {
      const rest = lowered.slice(data.length);
      return [first.args(plan, rest), second.args(plan, rest.slice(first.operands.length))];
    },
  });
  return reduce(partial, "sum", { axis: 0, dtype: "float64" });
}

interface PartialCounts {
  readonly fn: Parameters<typeof blockCall>[1]["fn"];
  readonly identity: readonly unknown[];
  args(plan: LayerPlan, lowered: readonly Operand[]): ReturnType<typeof constant>[];
}

/** One row of counts for each block of the data, whatever the number of its axes. */
function partialCounts(
  word: string,
  dtype: "int64" | "float64",
  below: Chunks,
  counts: readonly number[],
  data: readonly Expr[],
  ends: readonly Expr[],
  parts: PartialCounts,
): Expr {
  const rows = new Array<number>(product(gridOf(below))).fill(1);
  const chunks = [rows, ...counts.map((count) => [count])];
  const operands = [...data, ...ends];
  return call({ word, dtype, chunks, operands, identity: parts.identity }, (lowered, token) => {
    const plan = new LayerPlan(gridOf(below));
    const args = [
      ...parts.args(plan, lowered),
      ...data.map((_, i) => plan.operand(lowered[i] as Operand)),
    ];
    const layer = plan.finish({ word, token, kind: "reduction", template: { fn: parts.fn, args } });
    return blocksOfLayer(layer, chunks);
  });
}

/** Counts divided by their total and by the bins' widths. */
export function densityOf(counts: Expr, edges: readonly Expr[]): Expr {
  let widths: Expr | undefined;
  edges.forEach((edge, i) => {
    const width = differences(edge);
    const across = edges.length === 2 && i === 0 ? expandDims(width, 1) : width;
    widths = widths === undefined ? across : binary("multiply", widths, across);
  });
  const total = reduce(counts, "sum", { dtype: counts.dtype });
  return binary("divide", binary("divide", counts, widths as Expr), total);
}

/** Differences of neighbours of a short array in one block. */
function differences(x: Expr): Expr {
  return blockCall(
    {
      word: "diff",
      dtype: x.dtype,
      chunks: [[sum(x.chunks[0] as readonly number[]) - 1]],
      operands: [x],
      identity: [],
    },
    { fn: differencesOf, args: (plan, [operand]) => [plan.operand(operand as Operand)] },
  );
}

/**
 * How often each non-negative integer occurs; the length is known only when `minlength` says it.
 */
export function bincount(x: Expr, weights: Expr | null, minlength: number): Expr {
  checkInteger("bincount: minlength", minlength, 0);
  if (!isInteger(x.dtype) && x.dtype !== "bool") {
    throw new HeddleError(
      "DTypeMismatch",
      `bincount needs integers, not ${x.dtype}: use astype("int64") first`,
    );
  }
  if (x.chunks.length !== 1) {
    throw new HeddleError(
      "InvalidShape",
      `bincount needs one axis, but the array has ${x.chunks.length}: use ravel()`,
    );
  }
  const arrays = weights === null ? [x] : [x, weights];
  const common = unifyChunks(arrays, "bincount");
  const operands = arrays.map((array) => alignTo(array, common));
  const chunks = [[minlength > 0 ? minlength : Number.NaN]];
  const dtype = weights === null ? "int64" : "float64";
  return call(
    { word: "bincount", dtype, chunks, operands, identity: [minlength] },
    (lowered, token) => {
      const plan = new LayerPlan(gridOf(common));
      const args = [constant(minlength), ...lowered.map((operand) => plan.operand(operand))];
      const template = { fn: bincountPartial, args };
      const layer = plan.finish({ word: "bincount-partial", token, kind: "reduction", template });
      const result = oneAxisTree(blocksOfLayer(layer, common), "bincount", token, {
        combine: { fn: combineBincounts, args: [] },
        finish: { fn: finishBincounts, args: [minlength] },
      });
      return { ...result, chunks };
    },
  );
}

/** A tree along the only axis, whose result is one block. */
function oneAxisTree(
  partial: Blocks,
  word: string,
  token: string,
  stages: Parameters<typeof lowerTree>[1]["stages"],
): Blocks {
  return lowerTree(partial, { word, token, axes: [0], splitEvery: [4], keepdims: true, stages });
}

/** Options of covariances, as NumPy names them. */
export interface CovarianceParameters {
  readonly rowvar: boolean;
  readonly ddof: number;
}

/** The covariance matrix of variables in rows (or columns). */
export function covariance(m: Expr, y: Expr | null, options: CovarianceParameters): Expr {
  const rows = (array: Expr): Expr => {
    if (array.chunks.length > 2) {
      throw new HeddleError(
        "InvalidShape",
        `cov needs one or two axes, but the array has ${array.chunks.length}`,
      );
    }
    const wide = array.chunks.length === 2 ? array : expandDims(array, 0);
    const turned = !options.rowvar && array.chunks.length === 2 ? transpose(wide) : wide;
    return astype(turned, kindOf(array.dtype) === "c" ? "complex128" : "float64");
  };
  const all = y === null ? rows(m) : concatenate([rows(m), rows(y)], 0);
  const count = sum(all.chunks[1] as readonly number[]);
  const free = Math.max(0, count - options.ddof);
  const centred = binary("subtract", all, mean(all, { axis: 1, keepdims: true }));
  const other = kindOf(all.dtype) === "c" ? unary("conjugate", centred) : centred;
  return binary("divide", matmul(centred, transpose(other)), free);
}

/** Correlations: covariances divided by both deviations, kept within -1 and 1. */
export function correlation(c: Expr): Expr {
  const [rows] = shapeOfExpr(c) as [number, number];
  const mask = eye(rows, rows, 0, { dtype: "bool", chunks: c.chunks });
  const deviation = unary("sqrt", reduce(where(mask, c, 0), "sum", { axis: 1 }));
  const scaled = binary(
    "divide",
    binary("divide", c, expandDims(deviation, 1)),
    expandDims(deviation, 0),
  );
  if (kindOf(c.dtype) === "c") return scaled;
  return elementwise(
    "corrcoef",
    (k, [x]) => k.binary("minimum", k.binary("maximum", x as KernelOperand, -1), 1),
    [scaled],
  );
}

/** Quantiles of all elements, or along one axis, exactly. */
export function quantile(
  x: Expr,
  q: readonly number[],
  axis: number | null,
  scalar: boolean,
  rule: QuantileRule = "linear",
): Expr {
  const bad = q.find((value) => !(value >= 0 && value <= 1));
  if (bad !== undefined) {
    throw new HeddleError(
      "InvalidArgument",
      `a quantile is ${bad}; quantiles lie between 0 and 1 (percentiles 0 and 100)`,
    );
  }
  if (kindOf(x.dtype) === "c")
    throw new HeddleError("DTypeMismatch", "quantiles need real numbers, not complex ones");
  const dtype = x.dtype === "float32" ? "float32" : "float64";
  const identity = [q, axis, scalar, rule];
  if (axis === null) {
    const chunks = scalar ? [] : [[q.length]];
    if (needsExchange(x, arraySettings().chunkSizeBytes)) {
      return quantileOfSorted(sortAxis(inBlockOrder(x)), q, { dtype, chunks, scalar, rule });
    }
    return call(
      { word: "quantile", dtype, chunks, operands: [x], identity },
      ([operand], token) => {
        const plan = new LayerPlan(chunks.map(() => 1));
        const deps = plan.number(materialize(operand as Operand, `${token}-below`));
        const template = {
          fn: quantileOfAll,
          args: [
            constant(q),
            constant(rule),
            constant(scalar),
            constant(dtype),
            { kind: "deps", start: 0 } as const,
          ],
        };
        const offsets = Int32Array.of(0, deps.length);
        return blocksOfLayer(
          plan.finishWith({ word: "quantile", token, kind: "reduction", template }, offsets, deps),
          chunks,
        );
      },
    );
  }
  const at = resolveAxis(axis, x.chunks.length);
  const whole = rechunkTo(
    x,
    x.chunks.map((blocks, k) => (k === at ? [sum(blocks)] : blocks)),
  );
  const rest = whole.chunks.filter((_, k) => k !== at);
  const chunks = scalar ? rest : [[q.length], ...rest];
  const axes = whole.chunks.map((_, k) => (k < at ? k : k - 1) + (scalar ? 0 : 1));
  axes[at] = 0;
  return blockCall(
    { word: "quantile", dtype, chunks, operands: [whole], identity },
    {
      fn: quantilesAlong,
      args: (plan, [operand]) => [
        constant(q),
        constant(rule),
        constant(scalar),
        constant(dtype),
        constant(at),
        plan.operand(operand as Operand, axes),
      ],
    },
  );
}

/** Quantiles of many elements: of all their blocks, only the few between which they lie. */
function quantileOfSorted(
  sorted: Expr,
  q: readonly number[],
  result: {
    readonly dtype: DType;
    readonly chunks: Chunks;
    readonly scalar: boolean;
    readonly rule: QuantileRule;
  },
): Expr {
  const length = sum(sorted.chunks[0] as readonly number[]);
  const around = q.flatMap((share) => {
    const below = Math.floor(share * (length - 1));
    return [below, Math.min(below + 1, length - 1)];
  });
  const { dtype, chunks, scalar, rule } = result;
  // The last element is NaN if any is.
  const known = rechunkTo(take(sorted, [...around, length - 1], 0), [[around.length + 1]]);
  return blockCall(
    { word: "quantile", dtype, chunks, operands: [known], identity: [q, length, scalar, rule] },
    {
      fn: quantilesBetween,
      args: (plan, [operand]) => [
        constant(q),
        constant(rule),
        constant(length),
        constant(scalar),
        constant(dtype),
        plan.operand(operand as Operand, [0]),
      ],
    },
  );
}

/**
 * The `|k|` largest elements (smallest for negative `k`) along an axis, in descending (ascending)
 * order.
 */
export function topk(x: Expr, k: number, axis: number): Expr {
  if (!Number.isInteger(k) || k === 0) {
    throw new HeddleError(
      "InvalidArgument",
      `topk: k is ${k}; it must be a positive or negative integer`,
    );
  }
  const at = resolveAxis(axis, x.chunks.length);
  const length = sum(x.chunks[at] as readonly number[]);
  const count = Math.min(Math.abs(k), Number.isNaN(length) ? Math.abs(k) : length);
  const chunks = x.chunks.map((blocks, i) => (i === at ? [count] : blocks));
  return call(
    { word: "topk", dtype: x.dtype, chunks, operands: [x], identity: [k, at] },
    ([operand], token) => {
      const plan = new LayerPlan(gridOf(x.chunks));
      const args = [constant(k), constant(at), plan.operand(operand as Operand)];
      const layer = plan.finish({
        word: "topk-partial",
        token,
        kind: "reduction",
        template: { fn: topkPartial, args },
      });
      const stage = { fn: combineTopk, args: [k, at] };
      const stages = { combine: stage, finish: stage };
      const partial = blocksOfLayer(layer, x.chunks);
      const tree = lowerTree(partial, {
        word: "topk",
        token,
        axes: [at],
        splitEvery: [4],
        keepdims: true,
        stages,
      });
      return { ...tree, chunks };
    },
  );
}

/** The distinct elements in ascending order; how many is known only when they are computed. */
export function unique(x: Expr): Expr {
  const chunks = [[Number.NaN]];
  return call(
    { word: "unique", dtype: x.dtype, chunks, operands: [x], identity: [] },
    ([operand], token) => {
      const plan = new LayerPlan(gridOf(x.chunks));
      const args = [plan.operand(operand as Operand)];
      const layer = plan.finish({
        word: "unique-partial",
        token,
        kind: "reduction",
        template: { fn: uniquePartial, args },
      });
      const rows = new Array<number>(plan.count).fill(1);
      const stage = { fn: combineUnique, args: [] };
      const tree = oneAxisTree(blocksOfLayer(layer, [rows]), "unique", token, {
        combine: stage,
        finish: stage,
      });
      return { ...tree, chunks };
    },
  );
}
