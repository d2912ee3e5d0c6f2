/**
 * @file Elementwise operations and reductions on layouts: each writes a small kernel and runs it.
 * The functions of `ufuncs.ts` and the methods of `NDArray` are thin covers of these.
 */

import { type DType, isScalar, kindOf, realOf, type Scalar } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { resolveAxes } from "../core/indexing.ts";
import { checkOptionNames } from "../core/options.ts";
import { executeKernel } from "./kernels/execute.ts";
import { type Kernel, KernelBuilder, type Operand, type Ref } from "./kernels/ir.ts";
import { type BinaryOp, floatOf, type ReduceOp, type UnaryOp } from "./kernels/rules.ts";
import type { Layout } from "./layout.ts";

/** An operand of an operation. */
export type LayoutOrScalar = Layout | Scalar;

/** Along which axes to reduce, and how. */
export interface ReduceOptions {
  /** One axis or several, negative from the end; default all. */
  readonly axis?: number | readonly number[] | null;
  /** Keep reduced axes with length 1; default false. */
  readonly keepdims?: boolean;
  /** Of the sum or product; default NumPy's choice. */
  readonly dtype?: DType;
}

const unaryKernels = new Map<string, Kernel>();
const binaryKernels = new Map<string, Kernel>();

export function unaryLayout(op: UnaryOp, x: LayoutOrScalar): Layout {
  if (isScalar(x))
    return applyKernel(
      [x],
      ([a]) =>
        (k) =>
          k.unary(op, a as Operand),
    );
  const key = `${op} ${x.dtype}`;
  let kernel = unaryKernels.get(key);
  if (kernel === undefined) {
    const k = new KernelBuilder();
    kernel = k.build(k.unary(op, k.input(x.dtype)));
    unaryKernels.set(key, kernel);
  }
  return executeKernel(kernel, [x]);
}

export function binaryLayout(op: BinaryOp, x: LayoutOrScalar, y: LayoutOrScalar): Layout {
  if (isScalar(x) || isScalar(y)) {
    return applyKernel(
      [x, y],
      ([a, b]) =>
        (k) =>
          k.binary(op, a as Operand, b as Operand),
    );
  }
  const key = `${op} ${x.dtype} ${y.dtype}`;
  let kernel = binaryKernels.get(key);
  if (kernel === undefined) {
    const k = new KernelBuilder();
    kernel = k.build(k.binary(op, k.input(x.dtype), k.input(y.dtype)));
    binaryKernels.set(key, kernel);
  }
  return executeKernel(kernel, [x, y]);
}

export function whereLayout(
  condition: LayoutOrScalar,
  x: LayoutOrScalar,
  y: LayoutOrScalar,
): Layout {
  return applyKernel(
    [condition, x, y],
    ([c, a, b]) =>
      (k) =>
        k.where(c as Operand, a as Operand, b as Operand),
  );
}

/** Runs the expression that `write` makes of the operands, of which scalars stay weak. */
function applyKernel(
  operands: readonly LayoutOrScalar[],
  write: (operands: readonly Operand[]) => (k: KernelBuilder) => Ref,
): Layout {
  const k = new KernelBuilder();
  const inputs = operands.filter((x): x is Layout => !isScalar(x));
  const refs = operands.map((x): Operand => (isScalar(x) ? x : k.input(x.dtype)));
  return executeKernel(k.build(write(refs)(k)), inputs);
}

/** Reduces the values that `write` makes of `x`; the default takes `x` as it is. */
export function reduceLayout(
  op: ReduceOp,
  x: Layout,
  options: ReduceOptions = {},
  write: (k: KernelBuilder, x: Ref) => Ref = (_, input) => input,
): Layout {
  const axes = resolveAxes(options.axis, x.shape.length);
  const k = new KernelBuilder();
  const { keepdims = false, dtype } = options;
  const rest = dtype === undefined ? {} : { dtype };
  return executeKernel(k.reduce(op, write(k, k.input(x.dtype)), { axes, keepdims, ...rest }), [x]);
}

/** Throws for an option that the reduction does not have. */
export function checkReduceOptions(what: string, options: ReduceOptions): void {
  checkOptionNames(what, options, what.endsWith("var") || what.endsWith("std") ? SPREAD : REDUCE);
}

const REDUCE = ["axis", "keepdims", "dtype"];
const SPREAD = [...REDUCE, "ddof"];

/** Whether a reduction leaves a single value. */
export function isWhole(options: ReduceOptions): boolean {
  return (options.axis ?? null) === null && options.keepdims !== true;
}

/** How many elements each result of a reduction combines. */
export function countOf(x: Layout, options: ReduceOptions): number {
  const axes = resolveAxes(options.axis, x.shape.length);
  return axes.reduce((product, axis) => product * (x.shape[axis] as number), 1);
}

/** The arithmetic mean; NaN of nothing. */
export function meanLayout(x: Layout, options: ReduceOptions = {}): Layout {
  const dtype = options.dtype ?? meanDType(x.dtype);
  const total = reduceLayout("sum", x, { ...options, dtype });
  return binaryLayout("divide", total, countOf(x, options));
}

/** The dtype of means. */
export function meanDType(dtype: DType): DType {
  const kind = kindOf(dtype);
  return kind === "f" || kind === "c" ? dtype : "float64";
}

/**
 * Sum of squared distances from the mean (of absolute values, for complex input): the M2 of Welford
 * and Chan.
 */
export function squaresLayout(x: Layout, options: ReduceOptions = {}): Layout {
  const mean = meanLayout(x, { ...options, keepdims: true });
  const k = new KernelBuilder();
  const input = k.input(x.dtype);
  const away = k.binary("subtract", k.cast(input, mean.dtype), k.input(mean.dtype));
  const size = kindOf(mean.dtype) === "c" ? k.unary("absolute", away) : away;
  const axes = resolveAxes(options.axis, x.shape.length);
  const { keepdims = false } = options;
  return executeKernel(k.reduce("sum", k.unary("square", size), { axes, keepdims }), [x, mean]);
}

/** The variance with `ddof` degrees of freedom taken off (default 0). */
export function varianceLayout(x: Layout, options: ReduceOptions & { ddof?: number } = {}): Layout {
  const squares = squaresLayout(x, options);
  const count = Math.max(0, countOf(x, options) - (options.ddof ?? 0));
  return binaryLayout("divide", squares, count);
}

/** The elements cast to `dtype`; the layout itself when it has it. */
export function castTo(x: Layout, dtype: DType): Layout {
  return x.dtype === dtype ? x : executeKernel(castKernel(x.dtype, dtype), [x]);
}

function castKernel(from: DType, to: DType): Kernel {
  const k = new KernelBuilder();
  return k.build(k.cast(k.input(from), to));
}

/** Replaces NaN by what changes nothing in the reduction. */
export function withoutNaN(neutral: number): (k: KernelBuilder, x: Ref) => Ref {
  return (k, x) => {
    const kind = kindOf(x.dtype);
    if (kind !== "f" && kind !== "c") return x;
    return k.where(k.unary("isnan", x), neutral, x);
  };
}

/** How many elements are not NaN, as float64. */
export function validCountLayout(x: Layout, options: ReduceOptions): Layout {
  return reduceLayout("sum", x, { ...options, dtype: "float64" }, (k, input) =>
    k.unary("logicalNot", k.unary("isnan", input)),
  );
}

/** The float dtype of statistics of `dtype`. */
export function statisticDType(dtype: DType): DType {
  return realOf(floatOf(dtype));
}

/** Rounds to `decimals` (default 0) as NumPy does: scale, round half to even, scale back. */
export function roundLayout(x: Layout, decimals: number): Layout {
  if (!Number.isInteger(decimals)) {
    throw new HeddleError("InvalidArgument", `decimals must be an integer, not ${decimals}.`);
  }
  const kind = kindOf(x.dtype);
  if (kind !== "f" && kind !== "c") {
    return decimals >= 0 ? unaryLayout("positive", x) : roundInteger(x, 10 ** -decimals);
  }
  const k = new KernelBuilder();
  const input = k.input(x.dtype);
  if (decimals === 0) return executeKernel(k.build(k.unary("rint", input)), [x]);
  const scale = 10 ** Math.abs(decimals);
  const [there, back] =
    decimals > 0 ? (["multiply", "divide"] as const) : (["divide", "multiply"] as const);
  const rounded = k.unary("rint", k.binary(there, input, scale));
  return executeKernel(k.build(k.binary(back, rounded, scale)), [x]);
}

function roundInteger(x: Layout, scale: number): Layout {
  const k = new KernelBuilder();
  const scaled = k.unary("rint", k.binary("divide", k.input(x.dtype), scale));
  return executeKernel(k.build(k.cast(k.binary("multiply", scaled, scale), x.dtype)), [x]);
}
