/**
 * @file Products of arrays by NumPy's rules: matmul (stacks broadcast, 1-d operands as rows and
 * columns), dot, vdot, outer, tensordot, trace.
 */

import { type DType, kindOf, promote, type ScalarOf, type SumOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxis, sizeOfShape } from "../../core/indexing.ts";
import { checkOptionNames } from "../../core/options.ts";
import { NDArray } from "../ndarray.ts";
import { sum } from "../reductions.ts";
import { conjugate, multiply as multiplyElements, notEqual } from "../ufuncs.ts";
import { multiply } from "./gemm.ts";
import { overStacks } from "./matrices.ts";

/** The dtype of products of two arrays, as far as the types say. */
export type ProductOf<A extends DType, B extends DType> = [A] extends [B]
  ? [B] extends [A]
    ? A
    : DType
  : DType;

function mismatch(what: string, a: NDArray, b: NDArray, why: string): HeddleError {
  const shapes = `[${a.shape.join(", ")}] and [${b.shape.join(", ")}]`;
  return new HeddleError("InvalidShape", `${what} of shapes ${shapes}: ${why}`, {
    fields: { a: a.shape, b: b.shape },
  });
}

function cast(array: NDArray, dtype: DType): NDArray {
  return array.dtype === dtype ? array : array.astype(dtype);
}

/** The common dtype of a product; times cannot be multiplied. */
function productDType(a: NDArray, b: NDArray, what: string): DType {
  const dtype = promote(a.dtype, b.dtype);
  if (!"mM".includes(kindOf(dtype))) return dtype;
  throw new HeddleError("DTypeMismatch", `${what} is not defined for ${dtype}.`);
}

/**
 * Matrix product: 1-d operands are a row on the left and a column on the right, more than two axes
 * are stacks of matrices that are broadcast against each other.
 *
 * @example
 * import { matmul, NDArray } from "heddle/ndarray";
 * const a = new NDArray([[1, 2], [3, 4]]);
 * console.log(matmul(a, new NDArray([1, 1])).toArray()); // [ 3, 7 ]
 */
export function matmul<A extends DType, B extends DType>(
  a: NDArray<A>,
  b: NDArray<B>,
): NDArray<ProductOf<A, B>> {
  if (a.ndim === 0 || b.ndim === 0) {
    throw mismatch("matmul", a, b, "a number is no matrix; use multiply.");
  }
  const dtype = productDType(a, b, "matmul");
  const left = a.ndim === 1 ? a.expandDims(0) : a;
  const right = b.ndim === 1 ? b.expandDims(1) : b;
  if (left.shape.at(-1) !== right.shape.at(-2)) {
    throw mismatch("matmul", a, b, `${left.shape.at(-1)} columns meet ${right.shape.at(-2)} rows.`);
  }
  // Booleans multiply as "and", add as "or": counts of true products that are not 0.
  const working = dtype === "bool" ? "int32" : dtype;
  const [product] = overStacks([cast(left, working), cast(right, working)], (x, y) => [
    multiply(x as NDArray, y as NDArray),
  ]) as [NDArray];
  const result = dtype === "bool" ? notEqual(product, 0) : product;
  const kept = result.shape.slice(0, -2);
  if (a.ndim > 1) kept.push(result.shape.at(-2) as number);
  if (b.ndim > 1) kept.push(result.shape.at(-1) as number);
  return result.reshape(kept) as unknown as NDArray<ProductOf<A, B>>;
}

/**
 * `numpy.dot`: inner product of 1-d arrays, matrix product of 2-d ones, else the sum over the last
 * axis of `a` and the last but one of `b`. A 0-d operand multiplies.
 */
export function dot<A extends DType, B extends DType>(
  a: NDArray<A>,
  b: NDArray<B>,
): NDArray<ProductOf<A, B>> {
  if (a.ndim === 0 || b.ndim === 0) {
    return multiplyElements(a, b) as unknown as NDArray<ProductOf<A, B>>;
  }
  if (a.ndim <= 2 && b.ndim <= 2) return matmul(a, b);
  return tensordot(a, b, { axes: [[-1], [b.ndim === 1 ? 0 : -2]] });
}

/** The product of two arrays, flattened, the first conjugated. */
export function vdot<A extends DType, B extends DType>(
  a: NDArray<A>,
  b: NDArray<B>,
): ScalarOf<ProductOf<A, B>> {
  if (a.size !== b.size) throw mismatch("vdot", a, b, "the sizes differ.");
  const [left, right] = [a.reshape([a.size]), b.reshape([b.size])];
  const conjugated = kindOf(a.dtype) === "c" ? conjugate(left) : left;
  return (dot(conjugated, right) as NDArray<ProductOf<A, B>>).item();
}

/** All products of an element of `a` with one of `b`, both flattened: a matrix. */
export function outer<A extends DType, B extends DType>(
  a: NDArray<A>,
  b: NDArray<B>,
): NDArray<ProductOf<A, B>> {
  const column = a.reshape([a.size, 1]);
  const row = b.reshape([1, b.size]);
  return multiplyElements(column, row) as unknown as NDArray<ProductOf<A, B>>;
}

/** Which axes `tensordot` sums over. */
export interface TensordotOptions {
  /** A number of last axes of `a` and first of `b`, or the axes of each; default 2. */
  readonly axes?: number | readonly [number | readonly number[], number | readonly number[]];
}

function axisPairs(
  a: NDArray,
  b: NDArray,
  axes: TensordotOptions["axes"] = 2,
): [number[], number[]] {
  if (typeof axes !== "number") {
    const [left, right] = axes;
    return [
      [left].flat().map((axis) => resolveAxis(axis, a.ndim)),
      [right].flat().map((axis) => resolveAxis(axis, b.ndim)),
    ];
  }
  if (axes > a.ndim || axes > b.ndim || axes < 0) {
    throw mismatch("tensordot", a, b, `${axes} axes cannot be summed over.`);
  }
  const numbers = Array.from({ length: axes }, (_, i) => i);
  return [numbers.map((i) => a.ndim - axes + i), numbers];
}

/**
 * The sum of products over pairs of axes.
 *
 * @example
 * import { ones, tensordot } from "heddle/ndarray";
 * const [a, b] = [ones([3, 4, 5]), ones([4, 3, 2])];
 * console.log(tensordot(a, b, { axes: [[1, 0], [0, 1]] }).shape); // [ 5, 2 ]
 */
export function tensordot<A extends DType, B extends DType>(
  a: NDArray<A>,
  b: NDArray<B>,
  options: TensordotOptions = {},
): NDArray<ProductOf<A, B>> {
  checkOptionNames("tensordot", options, ["axes"]);
  const [aAxes, bAxes] = axisPairs(a, b, options.axes);
  const lengths = aAxes.map((axis) => a.shape[axis] as number);
  const fits = bAxes.every((axis, i) => b.shape[axis] === lengths[i]);
  if (aAxes.length !== bAxes.length || !fits) {
    throw mismatch("tensordot", a, b, `axes [${aAxes}] and [${bAxes}] differ in length.`);
  }
  const aRest = a.shape.map((_, axis) => axis).filter((axis) => !aAxes.includes(axis));
  const bRest = b.shape.map((_, axis) => axis).filter((axis) => !bAxes.includes(axis));
  const shape = [
    ...aRest.map((axis) => a.shape[axis] as number),
    ...bRest.map((axis) => b.shape[axis] as number),
  ];
  const k = sizeOfShape(lengths);
  const m = sizeOfShape(shape.slice(0, aRest.length));
  const n = sizeOfShape(shape.slice(aRest.length));
  const left = a.transpose([...aRest, ...aAxes]).reshape([m, k]);
  const right = b.transpose([...bAxes, ...bRest]).reshape([k, n]);
  return matmul(left, right).reshape(shape) as NDArray<ProductOf<A, B>>;
}

/**
 * The diagonal of the first two axes (or those given), starting `offset` columns to the right, as a
 * view.
 */
export function diagonal<D extends DType>(
  array: NDArray<D>,
  options: { readonly offset?: number; readonly axis1?: number; readonly axis2?: number } = {},
): NDArray<D> {
  checkOptionNames("diagonal", options, ["offset", "axis1", "axis2"]);
  const { offset = 0 } = options;
  const axis1 = resolveAxis(options.axis1 ?? 0, array.ndim);
  const axis2 = resolveAxis(options.axis2 ?? 1, array.ndim);
  if (array.ndim < 2 || axis1 === axis2) {
    throw new HeddleError("InvalidAxis", "A diagonal needs two different axes.");
  }
  const down = Math.max(0, -offset);
  const right = Math.max(0, offset);
  const rows = (array.shape[axis1] as number) - down;
  const columns = (array.shape[axis2] as number) - right;
  const length = Math.max(0, Math.min(rows, columns));
  const [step1, step2] = [array.strides[axis1] as number, array.strides[axis2] as number];
  const kept = array.shape
    .map((_, axis) => axis)
    .filter((axis) => axis !== axis1 && axis !== axis2);
  return NDArray.of({
    dtype: array.dtype,
    shape: [...kept.map((axis) => array.shape[axis] as number), length],
    strides: [...kept.map((axis) => array.strides[axis] as number), step1 + step2],
    offset: array.offset + (length > 0 ? down * step1 + right * step2 : 0),
    storage: array.storage,
  });
}

/** The sum along a diagonal of the first two axes: a number of a matrix, else an array. */
export function trace<D extends DType>(
  array: NDArray<D>,
  options: { readonly offset?: number } = {},
): ScalarOf<SumOf<D>> | NDArray<SumOf<D>> {
  checkOptionNames("trace", options, ["offset"]);
  const line = diagonal(array, options);
  return line.ndim === 1 ? sum(line) : sum(line, { axis: -1 });
}
