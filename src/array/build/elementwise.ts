/**
 * @file Building elementwise work: operands are broadcast and cut alike, dtypes follow NumPy's
 * promotion, and what does not fit is an error here, before anything runs.
 */
import { type DType, isScalar, type Scalar } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import {
  KernelBuilder,
  type Operand as KernelOperand,
  kernelDType,
  type Ref,
} from "../../ndarray/kernels/ir.ts";
import type { BinaryOp, UnaryOp } from "../../ndarray/kernels/rules.ts";
import { commonBlocks } from "../axis-plans.ts";
import { type Chunks, sameBlocks, show, showChunks, sum } from "../chunks.ts";
import { type CutAxis, type FixedAxis, repeatedAxis, wholeAxis } from "../cut.ts";
import { type ElementwiseExpr, type Expr, shapeOfExpr, view } from "../expression.ts";
import { rechunkTo } from "./rechunk.ts";

/** How an elementwise function is written as a kernel. */
export type KernelRule = (builder: KernelBuilder, args: readonly KernelOperand[]) => Ref;

/** An elementwise function of arrays and scalars, at least one of them an array. */
export function elementwise(
  word: string,
  rule: KernelRule,
  args: readonly (Expr | Scalar)[],
): ElementwiseExpr {
  const arrays = [...new Set(args.filter((arg): arg is Expr => !isScalar(arg)))];
  const chunks = unifyChunks(arrays, word);
  const operands = arrays.map((array) => alignTo(array, chunks));
  const builder = new KernelBuilder();
  const inputs = arrays.map((array) => builder.input(array.dtype));
  const output = rule(
    builder,
    args.map((arg) => (isScalar(arg) ? arg : (inputs[arrays.indexOf(arg)] as Ref))),
  );
  const kernel = builder.build(output);
  return { kind: "elementwise", word, kernel, dtype: kernelDType(kernel), chunks, operands };
}

/** A NumPy function of one array. */
export function unary(op: UnaryOp, x: Expr): Expr {
  return elementwise(op, (k, [a]) => k.unary(op, a as KernelOperand), [x]);
}

/** A NumPy function of two arrays or scalars. */
export function binary(op: BinaryOp, a: Expr | Scalar, b: Expr | Scalar): Expr {
  return elementwise(op, (k, [x, y]) => k.binary(op, x as KernelOperand, y as KernelOperand), [
    a,
    b,
  ]);
}

/** The array cast to a dtype. */
export function astype(x: Expr, dtype: DType): Expr {
  if (x.dtype === dtype) return x;
  return elementwise("astype", (k, [a]) => k.cast(a as KernelOperand, dtype), [x]);
}

/** `a` where the condition holds, else `b`. */
export function where(condition: Expr | Scalar, a: Expr | Scalar, b: Expr | Scalar): Expr {
  return elementwise(
    "where",
    (k, [c, x, y]) => k.where(c as KernelOperand, x as KernelOperand, y as KernelOperand),
    [condition, a, b],
  );
}

/**
 * The chunks in which arrays meet: broadcast from the right, every axis cut wherever one of them is
 * (Dask's `unify_chunks`).
 *
 * Errors: `InvalidShape` when lengths are neither equal nor 1, `InvalidChunks` when blocks of
 * unknown length meet others.
 */
export function unifyChunks(arrays: readonly Expr[], word = "this operation"): Chunks {
  const ndim = Math.max(0, ...arrays.map((array) => array.chunks.length));
  return Array.from({ length: ndim }, (_, axis) => {
    const cuts = arrays.flatMap((array) => {
      const blocks = array.chunks[axis - ndim + array.chunks.length];
      return blocks === undefined ? [] : [blocks];
    });
    return commonAxis(cuts, axis, arrays, word);
  });
}

function commonAxis(
  cuts: readonly (readonly number[])[],
  axis: number,
  arrays: readonly Expr[],
  word: string,
): readonly number[] {
  const first = cuts[0] as readonly number[];
  if (cuts.every((blocks) => sameBlocks(blocks, first))) return first;
  // Length 1 broadcasts, however it is cut; what is left must agree.
  const rest = cuts.filter((blocks) => sum(blocks) !== 1);
  const lengths = new Set(rest.map(sum).filter((length) => !Number.isNaN(length)));
  if (lengths.size > 1) throw shapesDiffer(arrays, word);
  if (rest.length === 0) return [1];
  const common = commonBlocks(rest);
  const unknown = rest.some((blocks) => Number.isNaN(sum(blocks)));
  const matches =
    !unknown || rest.every((blocks) => sameBlocks(blocks, rest[0] as readonly number[]));
  if (common !== null && matches) return common;
  throw new HeddleError(
    "InvalidChunks",
    `${word} meets blocks of unknown lengths along axis ${axis} (${rest.map(showChunks).join(" and ")}): ` +
      "call computeChunkSizes() on the arrays first",
  );
}

function shapesDiffer(arrays: readonly Expr[], word: string): HeddleError {
  const shapes = arrays.map(shapeOfExpr);
  return new HeddleError(
    "InvalidShape",
    `${word}: shapes ${shapes.map(show).join(" and ")} do not broadcast: aligned from the right, ` +
      "lengths must be equal or 1. Use reshape, or null in at(…) to add an axis.",
    { fields: { shapes } },
  );
}

/**
 * The array with as many axes and blocks as `chunks`: missing axes added, length 1 left to
 * broadcast.
 */
export function alignTo(array: Expr, chunks: Chunks): Expr {
  const added = chunks.length - array.chunks.length;
  const wanted = array.chunks.map((blocks, k) => {
    const target = chunks[k + added] as readonly number[];
    return sum(blocks) === 1 && !sameBlocks(blocks, target) ? [1] : target;
  });
  const cut = rechunkTo(array, wanted);
  const axes: CutAxis[] = [];
  const fixed: FixedAxis[] = [];
  chunks.forEach((blocks, axis) => {
    const own = wanted[axis - added];
    if (own !== undefined && sameBlocks(own, blocks)) {
      axes.push(wholeAxis(own, axis - added));
      return;
    }
    axes.push(repeatedAxis(new Array<number>(blocks.length).fill(1)));
    if (own !== undefined) fixed.push({ axis: axis - added, block: 0, at: 0 });
  });
  return view(cut, { axes, fixed });
}
