/**
 * @file Partial results of reductions: how a block gives one, how several become one, and how the
 * last becomes the value. They keep all axes, with length 1 along reduced ones, so that they
 * combine like arrays.
 */
import { type DType, kindOf } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { runKernel } from "../ndarray/kernels/evaluate.ts";
import { type Kernel, KernelBuilder, type Ref } from "../ndarray/kernels/ir.ts";
import { identityKernel } from "../ndarray/kernels/reduce.ts";
import type { BinaryOp, ReduceOp } from "../ndarray/kernels/rules.ts";
import { NDArray } from "../ndarray/ndarray.ts";
import type { ReductionOp } from "./expression.ts";
import * as self from "./reduction-tasks.ts";

/** Reductions whose partial results are folded by one elementwise operation. */
export type FoldOp = Exclude<ReductionOp, MomentOp | ArgOp>;
type MomentOp = "var" | "std" | "nanvar" | "nanstd";
/** Reductions that give positions. */
export type ArgOp = "argmin" | "argmax" | "nanargmin" | "nanargmax";

const FOLDS: Readonly<Record<FoldOp, { readonly reduce: ReduceOp; readonly fold: BinaryOp }>> = {
  sum: { reduce: "sum", fold: "add" },
  prod: { reduce: "prod", fold: "multiply" },
  min: { reduce: "min", fold: "minimum" },
  max: { reduce: "max", fold: "maximum" },
  any: { reduce: "any", fold: "logicalOr" },
  all: { reduce: "all", fold: "logicalAnd" },
  nanmin: { reduce: "min", fold: "fmin" },
  nanmax: { reduce: "max", fold: "fmax" },
};

/** All tasks of a graph have one kernel: it is written once on each thread, and found compiled. */
const reduced = new WeakMap<Kernel, Map<string, Kernel>>();

/** A kernel's values reduced, or its inputs' when `kernel` only passes its input on. */
function reduceWith(kernel: Kernel, op: ReduceOp, axes: readonly number[], dtype?: DType): Kernel {
  let known = reduced.get(kernel);
  if (known === undefined) {
    known = new Map();
    reduced.set(kernel, known);
  }
  const key = `${op} ${axes.join()} ${dtype ?? ""}`;
  let result = known.get(key);
  if (result === undefined) {
    result = writeReduction(kernel, op, axes, dtype);
    known.set(key, result);
  }
  return result;
}

function writeReduction(
  kernel: Kernel,
  op: ReduceOp,
  axes: readonly number[],
  dtype: DType | undefined,
): Kernel {
  const builder = new KernelBuilder();
  const inputs = kernel.inputs.map((input) => builder.input(input));
  const value = builder.inline(kernel, inputs);
  return builder.reduce(op, value, {
    axes,
    keepdims: true,
    ...(dtype === undefined ? {} : { dtype }),
  });
}

/** A kernel over given dtypes, written by `rule`. */
function kernelOf(
  dtypes: readonly DType[],
  rule: (k: KernelBuilder, x: readonly Ref[]) => Ref,
): Kernel {
  const builder = new KernelBuilder();
  const inputs = dtypes.map((dtype) => builder.input(dtype));
  return builder.build(rule(builder, inputs));
}

/** Trees of small blocks do little else: a kernel is written once on each thread. */
const written = new Map<string, Kernel>();
/** More are only met where the numbers of blocks and dtypes are all different. */
const WRITTEN_MAX = 1000;

/** The kernel that `key` stands for. */
function writeOnce(key: string, write: () => Kernel): Kernel {
  let kernel = written.get(key);
  if (kernel === undefined) {
    if (written.size >= WRITTEN_MAX) written.clear();
    kernel = write();
    written.set(key, kernel);
  }
  return kernel;
}

/** Runs the kernel that `rule` writes; `name` stands for all that the rule does. */
function apply(
  name: string,
  arrays: readonly NDArray[],
  rule: (k: KernelBuilder, x: readonly Ref[]) => Ref,
): NDArray {
  const dtypes = arrays.map((array) => array.dtype);
  return runKernel(
    writeOnce(`${name} ${dtypes.join()}`, () => kernelOf(dtypes, rule)),
    arrays,
  );
}

/** Whether a block has nothing along reduced axes, so that it has no smallest element. */
function isEmptyAlong(inputs: readonly NDArray[], axes: readonly number[]): boolean {
  return axes.some((axis) => inputs.some((input) => input.shape[axis] === 0));
}

/** The partial result of a sum, product, extreme or test; null for an extreme of nothing. */
export function foldPartial(
  op: FoldOp,
  axes: readonly number[],
  dtype: DType,
  kernel: Kernel,
  ...inputs: readonly NDArray[]
): NDArray | null {
  const { reduce } = FOLDS[op];
  const extreme = reduce === "min" || reduce === "max";
  if (extreme && isEmptyAlong(inputs, axes)) return null;
  if (op === "nanmin" || op === "nanmax") return nanExtreme(op, axes, kernel, inputs);
  const sums = reduce === "sum" || reduce === "prod";
  return runKernel(reduceWith(kernel, reduce, axes, sums ? dtype : undefined), inputs);
}

/** The partial results of several blocks, by one task. */
export function foldPartials(
  op: FoldOp,
  axes: readonly number[],
  dtype: DType,
  kernel: Kernel,
  blocks: readonly NDArray[],
): (NDArray | null)[] {
  return blocks.map((block) => foldPartial(op, axes, dtype, kernel, block));
}

/** NaN counts as the worst value; where there is nothing else, the result is NaN. */
function nanExtreme(
  op: "nanmin" | "nanmax",
  axes: readonly number[],
  kernel: Kernel,
  inputs: readonly NDArray[],
): NDArray {
  const { reduce } = FOLDS[op];
  const worst = op === "nanmin" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const value = runKernel(reduceWith(withoutNaN(kernel, worst), reduce, axes), inputs);
  if (kindOf(value.dtype) !== "f") return value;
  const builder = new KernelBuilder();
  const refs = kernel.inputs.map((dtype) => builder.input(dtype));
  const test = builder.unary("isnan", builder.inline(kernel, refs));
  const none = runKernel(builder.reduce("all", test, { axes, keepdims: true }), inputs);
  return apply("NaN where none", [none, value], (k, [n, v]) =>
    k.where(n as Ref, Number.NaN, v as Ref),
  );
}

function withoutNaN(kernel: Kernel, instead: number): Kernel {
  const builder = new KernelBuilder();
  const value = builder.inline(
    kernel,
    kernel.inputs.map((dtype) => builder.input(dtype)),
  );
  if (kindOf(value.dtype) !== "f" && kindOf(value.dtype) !== "c") return builder.build(value);
  return builder.build(builder.where(builder.unary("isnan", value), instead, value));
}

/** Folds partial results from the left: one kernel for all of them. */
export function combineFolds(op: FoldOp, partials: readonly (NDArray | null)[]): NDArray | null {
  const some = partials.filter((partial) => partial !== null);
  const [first] = some;
  if (first === undefined || some.length === 1) return first ?? null;
  return runKernel(
    foldKernel(
      FOLDS[op].fold,
      some.map(({ dtype }) => dtype),
    ),
    some,
  );
}

function foldKernel(fold: BinaryOp, dtypes: readonly DType[]): Kernel {
  return writeOnce(`fold ${fold} ${dtypes.join()}`, () =>
    kernelOf(dtypes, (k, refs) => refs.reduce((a, b) => k.binary(fold, a, b))),
  );
}

/** The value of a fold, without its reduced axes. */
export function finishFolds(
  op: FoldOp,
  dropped: readonly number[],
  partials: readonly (NDArray | null)[],
): NDArray {
  const value = combineFolds(op, partials);
  if (value === null) throw nothingToReduce(op);
  return value.squeeze(dropped);
}

/** An extreme of no elements at all. */
export function nothingToReduce(op: string): HeddleError {
  return new HeddleError(
    "InvalidShape",
    `${op} of an array without elements has no value: check size first, or reduce an axis that is not empty`,
  );
}

/**
 * Count, mean and sum of squared deviations (Welford, Chan et al.): stable whatever the size of the
 * mean.
 */
export interface Moments {
  readonly count: NDArray;
  readonly mean: NDArray;
  readonly m2: NDArray;
}

/** The moments of one block. */
export function momentPartial(
  axes: readonly number[],
  skipNaN: boolean,
  kernel: Kernel,
  ...inputs: readonly NDArray[]
): Moments {
  const values = valuesOf(asFloat(kernel), inputs);
  const count = skipNaN
    ? runKernel(reduceNumbers(values.dtype, axes), [values])
    : new NDArray([axes.reduce((n, axis) => n * (values.shape[axis] as number), 1)], {
        shape: values.shape.map(() => 1),
        dtype: "float64",
      });
  const kept = skipNaN ? withoutNaN(identityKernel(values.dtype), 0) : identityKernel(values.dtype);
  const total = runKernel(reduceWith(kept, "sum", axes), [values]);
  const mean = apply("mean", [total, count], (k, [t, n]) =>
    k.binary("divide", t as Ref, notZero(k, n as Ref)),
  );
  const squares = writeOnce(`squares ${axes} ${skipNaN} ${values.dtype} ${mean.dtype}`, () =>
    sumOfSquares(axes, skipNaN, values.dtype, mean.dtype),
  );
  return { count, mean, m2: runKernel(squares, [values, mean]) };
}

/** Sums the squared distances of values (the first input) from their mean (the second). */
function sumOfSquares(
  axes: readonly number[],
  skipNaN: boolean,
  values: DType,
  mean: DType,
): Kernel {
  const k = new KernelBuilder();
  const [x, m] = [k.input(values), k.input(mean)];
  const square = k.unary("square", k.unary("absolute", k.binary("subtract", x, m)));
  const used = skipNaN ? k.where(k.unary("isnan", x), 0, square) : square;
  return k.reduce("sum", used, { axes, keepdims: true });
}

/** The moments of several blocks, by one task. */
export function momentPartials(
  axes: readonly number[],
  skipNaN: boolean,
  kernel: Kernel,
  blocks: readonly NDArray[],
): Moments[] {
  return blocks.map((block) => momentPartial(axes, skipNaN, kernel, block));
}

/** Counts stay at least 1 as divisors: a mean of nothing is 0 and weighs nothing. */
function notZero(k: KernelBuilder, count: Ref): Ref {
  return k.binary("maximum", count, 1);
}

/** A kernel's values; its only input as it is, when it does nothing else. */
function valuesOf(kernel: Kernel, inputs: readonly NDArray[]): NDArray {
  const [only] = inputs;
  const passes = kernel.nodes[kernel.output]?.kind === "input" && inputs.length === 1;
  return passes && only !== undefined ? only : runKernel(kernel, inputs);
}

function reduceNumbers(dtype: DType, axes: readonly number[]): Kernel {
  const k = new KernelBuilder();
  const numbers = k.unary("logicalNot", k.unary("isnan", k.input(dtype)));
  return k.reduce("sum", numbers, { axes, keepdims: true, dtype: "float64" });
}

function asFloat(kernel: Kernel): Kernel {
  const builder = new KernelBuilder();
  const value = builder.inline(
    kernel,
    kernel.inputs.map((dtype) => builder.input(dtype)),
  );
  return builder.build(builder.cast(value, kindOf(value.dtype) === "c" ? "complex128" : "float64"));
}

/** The moments of several blocks together, folded from the left. */
export function combineMoments(partials: readonly Moments[]): Moments {
  return partials.reduce(mergeMoments);
}

function mergeMoments(a: Moments, b: Moments): Moments {
  const count = apply("add", [a.count, b.count], (k, [x, y]) =>
    k.binary("add", x as Ref, y as Ref),
  );
  const share = apply("share", [b.count, count], (k, [x, n]) =>
    k.binary("divide", x as Ref, notZero(k, n as Ref)),
  );
  const mean = apply("merge means", [a.mean, b.mean, share], (k, refs) => {
    const [x, y, s] = refs as [Ref, Ref, Ref];
    return k.binary("add", x, k.binary("multiply", k.binary("subtract", y, x), s));
  });
  const m2 = apply("merge squares", [a.m2, b.m2, a.mean, b.mean, a.count, share], (k, refs) => {
    const [p, q, x, y, n, s] = refs as [Ref, Ref, Ref, Ref, Ref, Ref];
    const gap = k.unary("square", k.unary("absolute", k.binary("subtract", y, x)));
    const between = k.binary("multiply", gap, k.binary("multiply", n, s));
    return k.binary("add", k.binary("add", p, q), between);
  });
  return { count, mean, m2 };
}

/** What `finishMoments` makes. */
export interface MomentResult {
  readonly dropped: readonly number[];
  readonly dtype: DType;
  readonly ddof: number;
  /** Whether the standard deviation is wanted. */
  readonly root: boolean;
}

/** Variance or standard deviation. */
export function finishMoments(result: MomentResult, partials: readonly Moments[]): NDArray {
  const { count, m2 } = combineMoments(partials);
  const name = `finish ${result.ddof} ${result.root} ${result.dtype}`;
  const value = apply(name, [m2, count], (k, [s, n]) => {
    const free = k.binary("maximum", k.binary("subtract", n as Ref, result.ddof), 0);
    const variance = k.binary("divide", s as Ref, free);
    return k.cast(result.root ? k.unary("sqrt", variance) : variance, result.dtype);
  });
  return value.squeeze(result.dropped);
}

/** The best values so far and where they stand. */
export interface Best {
  readonly value: NDArray;
  readonly index: NDArray;
}

/**
 * The extremes of one block and their positions: along one axis, or (when `shape` is that of the
 * whole array) as flat positions over all axes. `starts` is where the block begins.
 */
export function argPartial(
  op: ArgOp,
  axes: readonly number[],
  starts: readonly number[],
  shape: readonly number[] | null,
  kernel: Kernel,
  ...inputs: readonly NDArray[]
): Best | null {
  if (isEmptyAlong(inputs, axes)) return null;
  const [arg, reduce] = op.endsWith("min")
    ? (["argmin", "min"] as const)
    : (["argmax", "max"] as const);
  const skips = op.startsWith("nan");
  const worst = reduce === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const values = valuesOf(kernel, inputs);
  const clean = skips
    ? withoutNaN(identityKernel(values.dtype), worst)
    : identityKernel(values.dtype);
  const local = runKernel(reduceWith(clean, arg, axes), [values]);
  const value = skips
    ? nanExtreme(reduce === "min" ? "nanmin" : "nanmax", axes, identityKernel(values.dtype), [
        values,
      ])
    : runKernel(reduceWith(clean, reduce, axes), [values]);
  if (shape !== null) return { value, index: flatIndex(local, values.shape, starts, shape) };
  const start = new NDArray([starts[axes[0] as number] as number], {
    dtype: "int64",
    shape: values.shape.map(() => 1),
  });
  return {
    value,
    index: apply("add", [local, start], (k, [i, s]) => k.binary("add", i as Ref, s as Ref)),
  };
}

function flatIndex(
  local: NDArray,
  block: readonly number[],
  starts: readonly number[],
  shape: readonly number[],
): NDArray {
  let rest = Number(local.item());
  let index = 0;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = block[axis] as number;
    index += ((rest % length) + (starts[axis] as number)) * stride;
    rest = Math.floor(rest / length);
    stride *= shape[axis] as number;
  }
  return new NDArray([index], { dtype: "int64", shape: shape.map(() => 1) });
}

/** The better of several blocks' extremes; among equal ones the first position. */
export function combineArgs(op: ArgOp, partials: readonly (Best | null)[]): Best | null {
  const some = partials.filter((partial) => partial !== null);
  if (some.length === 0) return null;
  const better = op.endsWith("min") ? "less" : "greater";
  return some.reduce((a, b) => {
    const takeB = apply(`take ${op}`, [a.value, b.value, a.index, b.index], (k, refs) => {
      const [x, y, i, j] = refs as [Ref, Ref, Ref, Ref];
      const [nx, ny] = [k.unary("isnan", x), k.unary("isnan", y)];
      const earlier = k.binary("less", j, i);
      const tie = k.binary("logicalOr", k.binary("equal", x, y), k.binary("logicalAnd", nx, ny));
      // NaN beats every number, as in NumPy, except where the function skips NaN.
      const [loser, winner] = op.startsWith("nan") ? [ny, nx] : [nx, ny];
      const only = k.binary("logicalAnd", winner, k.unary("logicalNot", loser));
      const first = k.binary("logicalAnd", tie, earlier);
      return k.binary("logicalOr", k.binary("logicalOr", k.binary(better, y, x), only), first);
    });
    const choose = (x: NDArray, y: NDArray): NDArray =>
      apply("choose", [takeB, y, x], (k, [c, t, f]) => k.where(c as Ref, t as Ref, f as Ref));
    return { value: choose(a.value, b.value), index: choose(a.index, b.index) };
  });
}

/** The positions of the extremes. */
export function finishArgs(
  op: ArgOp,
  dropped: readonly number[],
  partials: readonly (Best | null)[],
): NDArray {
  const best = combineArgs(op, partials);
  if (best === null) throw nothingToReduce(op);
  if (op.startsWith("nan") && kindOf(best.value.dtype) === "f") {
    const none = apply("isnan", [best.value], (k, [x]) => k.unary("isnan", x as Ref));
    if (
      runKernel(
        reduceWith(
          identityKernel("bool"),
          "any",
          none.shape.map((_, i) => i),
        ),
        [none],
      ).item()
    ) {
      throw new HeddleError(
        "InvalidArgument",
        `${op} of a slice that holds nothing but NaN has no value`,
      );
    }
  }
  return best.index.squeeze(dropped);
}

referToAll(import.meta.url, self);
