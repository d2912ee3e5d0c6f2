/**
 * @file Building reductions. `mean` is a sum and a division; the rest are trees of their own kind.
 */
import { type DType, kindOf, realOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxes } from "../../core/indexing.ts";
import type { Operand as KernelOperand } from "../../ndarray/kernels/ir.ts";
import { floatOf, reduceSignature } from "../../ndarray/kernels/rules.ts";
import { type Chunks, isKnown, product, sum } from "../chunks.ts";
import { type Expr, type ReductionExpr, type ReductionOp, shapeOfExpr } from "../expression.ts";
import { binary, elementwise } from "./elementwise.ts";

/** What all reductions take. */
export interface ReduceParameters {
  readonly axis?: number | readonly number[] | null | undefined;
  readonly keepdims?: boolean | undefined;
  /**
   * How many blocks one combining task takes: in all, or by axis. Default 4 along each axis, Dask's
   * number.
   */
  readonly splitEvery?: number | Readonly<Record<number, number>> | undefined;
  /** In which sums and products are accumulated. */
  readonly dtype?: DType | undefined;
  readonly ddof?: number | undefined;
}

const DEFAULT_SPLIT = 4;

/** A reduction that is a tree of its own. */
export function reduce(
  array: Expr,
  op: ReductionOp,
  options: ReduceParameters = {},
): ReductionExpr {
  const axes = resolveAxes(options.axis, array.chunks.length);
  const keepdims = options.keepdims ?? false;
  const dtype = reducedDType(op, array.dtype, options.dtype);
  checkReducible(array, op, axes);
  const chunks = reducedChunks(array.chunks, axes, keepdims);
  const splitEvery = splitsOf(options.splitEvery, axes);
  const ddof = options.ddof ?? 0;
  if (!Number.isFinite(ddof)) {
    throw new HeddleError("InvalidArgument", `${op}: ddof is a number, not ${String(ddof)}`);
  }
  return {
    kind: "reduction",
    op,
    axes,
    keepdims,
    ddof,
    splitEvery,
    dtype,
    chunks,
    operands: [array],
  };
}

/** Chunks of a result whose reduced axes are gone, or kept with length 1. */
export function reducedChunks(chunks: Chunks, axes: readonly number[], keepdims: boolean): Chunks {
  return chunks.flatMap((blocks, axis) => {
    if (!axes.includes(axis)) return [blocks];
    return keepdims ? [[1]] : [];
  });
}

function reducedDType(op: ReductionOp, dtype: DType, wanted: DType | undefined): DType {
  switch (op) {
    case "sum":
    case "prod":
      return reduceSignature(op, dtype, wanted).result;
    case "nanmin":
    case "nanmax":
      return reduceSignature(op === "nanmin" ? "min" : "max", dtype).result;
    case "var":
    case "std":
    case "nanvar":
    case "nanstd":
      return wanted ?? realOf(meanDType(dtype));
    case "nanargmin":
    case "nanargmax":
      return "int64";
    default:
      return reduceSignature(op, dtype).result;
  }
}

/** The dtype of a mean: floats keep theirs, everything else is averaged in float64. */
function meanDType(dtype: DType): DType {
  const kind = kindOf(dtype);
  if (kind === "M" || kind === "m") return floatOf(dtype);
  return kind === "f" || kind === "c" ? dtype : "float64";
}

/** Dask's numbers of blocks by axis: a single number is shared out over the axes. */
export function splitsOf(
  given: ReduceParameters["splitEvery"],
  axes: readonly number[],
): readonly number[] {
  if (typeof given === "object")
    return axes.map((axis) => Math.max(2, given[axis] ?? DEFAULT_SPLIT));
  const total = given ?? DEFAULT_SPLIT;
  if (!(total >= 2)) {
    throw new HeddleError(
      "InvalidArgument",
      `splitEvery is ${total}; it must be 2 or more, or an object by axis`,
    );
  }
  return axes.map(() => Math.max(2, Math.floor(total ** (1 / Math.max(1, axes.length)))));
}

function checkReducible(array: Expr, op: ReductionOp, axes: readonly number[]): void {
  const isArg = op.includes("arg");
  if (isArg && axes.length !== 1 && axes.length !== array.chunks.length) {
    throw new HeddleError(
      "InvalidAxis",
      `${op} takes one axis, or none for all of them, but was given ${axes.length}`,
    );
  }
  const needsElements = isArg || ["min", "max", "nanmin", "nanmax"].includes(op);
  const shape = shapeOfExpr(array);
  const empty = axes.find((axis) => shape[axis] === 0);
  if (!needsElements || empty === undefined) return;
  throw new HeddleError(
    "InvalidShape",
    `${op} along axis ${empty} of length 0 has no value: check size first, or reduce another axis`,
    { fields: { axis: empty, shape } },
  );
}

/** The arithmetic mean: a sum, divided by how many elements there are. */
export function mean(array: Expr, options: ReduceParameters = {}): Expr {
  const dtype = options.dtype ?? meanDType(array.dtype);
  const total = reduce(array, "sum", {
    ...options,
    dtype: array.dtype === "bool" ? "int64" : dtype,
  });
  const count = isKnown(total.axes.map((axis) => array.chunks[axis] as readonly number[]))
    ? product(total.axes.map((axis) => sum(array.chunks[axis] as readonly number[])))
    : reduce(countable(array, false), "sum", { ...options, dtype: "int64" });
  return quotient("mean", total, count, dtype);
}

/** The mean of what is not NaN. */
export function nanmean(array: Expr, options: ReduceParameters = {}): Expr {
  const dtype = options.dtype ?? meanDType(array.dtype);
  const total = nansum(array, { ...options, dtype });
  const count = reduce(countable(array, true), "sum", { ...options, dtype: "int64" });
  return quotient("nanmean", total, count, dtype);
}

function quotient(word: string, total: Expr, count: Expr | number, dtype: DType): Expr {
  return elementwise(
    word,
    (k, [t, n]) => k.cast(k.binary("divide", t as KernelOperand, n as KernelOperand), dtype),
    [total, count],
  );
}

/** True for each element, or for each that is not NaN. */
function countable(array: Expr, skipsNaN: boolean): Expr {
  return elementwise(
    "count",
    (k, [x]) => {
      const test = k.unary("isnan", x as KernelOperand);
      return skipsNaN ? k.unary("logicalNot", test) : k.binary("logicalOr", test, true);
    },
    [array],
  );
}

/** The sum of what is not NaN. */
export function nansum(array: Expr, options: ReduceParameters = {}): Expr {
  return reduce(withoutNaN(array, 0), "sum", options);
}

/** The product of what is not NaN. */
export function nanprod(array: Expr, options: ReduceParameters = {}): Expr {
  return reduce(withoutNaN(array, 1), "prod", options);
}

/** NaN replaced by a value; arrays that cannot hold NaN stay as they are. */
export function withoutNaN(array: Expr, value: number): Expr {
  const kind = kindOf(array.dtype);
  if (kind !== "f" && kind !== "c") return array;
  return elementwise(
    "fillnan",
    (k, [x]) => k.where(k.unary("isnan", x as KernelOperand), value, x as KernelOperand),
    [array],
  );
}

/** Largest minus smallest. */
export function ptp(array: Expr, options: ReduceParameters = {}): Expr {
  return binary("subtract", reduce(array, "max", options), reduce(array, "min", options));
}
