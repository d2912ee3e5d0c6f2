/**
 * @file Functions that join, turn and cut arrays: `da.stack`, `da.concatenate`, `da.reshape` …
 */

import type { DType } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { broadcastShapes, resolveAxis } from "../core/indexing.ts";
import { checkOptionNames } from "../core/options.ts";
import { toExpr } from "./arguments.ts";
import type { ArrayArg, Rank } from "./array-types.ts";
import { type CumulateOptions, cumulate } from "./build/cumulate.ts";
import { binary, unifyChunks as unifyExprs } from "./build/elementwise.ts";
import { checkInteger } from "./build/errors.ts";
import {
  dot as dotExpr,
  matmul as matmulExpr,
  type TensordotAxes,
  tensordot as tensordotExpr,
} from "./build/matmul.ts";
import { rechunk as rechunkExpr } from "./build/rechunk.ts";
import { reshape as reshapeExpr } from "./build/reshape.ts";
import {
  block as blockExpr,
  broadcastTo as broadcastExpr,
  concatenate as concatenateExpr,
  expandDims as expandExpr,
  flip as flipExpr,
  type NestedExprs,
  squeeze as squeezeExpr,
  stack as stackExpr,
  transpose as transposeExpr,
} from "./build/shape.ts";
import { take as takeExpr } from "./build/take.ts";
import type { Chunks } from "./chunks.ts";
import { DistArray } from "./dist-array.ts";
import { shapeOfExpr } from "./expression.ts";
import type { ChunksInput } from "./normalize-chunks.ts";

/**
 * Arrays one after the other along an axis (default 0). All other lengths must agree.
 *
 * @example
 * import * as da from "heddle/array";
 * console.log(da.concatenate([da.ones([2, 3]), da.zeros([1, 3])]).shape); // [ 3, 3 ]
 */
export function concatenate<D extends DType>(
  arrays: readonly ArrayArg<D>[],
  options: { readonly axis?: number } | number = {},
): DistArray<D> {
  const axis = axisOf("concatenate", options);
  return new DistArray(concatenateExpr(arrays.map(toExpr), axis));
}

function axisOf(what: string, options: { readonly axis?: number } | number): number {
  if (typeof options === "number") return options;
  checkOptionNames(what, options, ["axis"]);
  return options.axis ?? 0;
}

/** Arrays of one shape as one array with a new axis (default 0). */
export function stack<D extends DType>(
  arrays: readonly ArrayArg<D>[],
  options: { readonly axis?: number } | number = {},
): DistArray<D> {
  const axis = axisOf("stack", options);
  return new DistArray(stackExpr(arrays.map(toExpr), axis));
}

/** Arrays put together along the first axis; arrays of one axis become rows. */
export function vstack<D extends DType>(arrays: readonly ArrayArg<D>[]): DistArray<D> {
  return new DistArray(
    concatenateExpr(
      arrays.map(toExpr).map((x) => (x.chunks.length < 2 ? expandExpr(x, 0) : x)),
      0,
    ),
  );
}

/** Arrays put together along the second axis; arrays of one axis along their only one. */
export function hstack<D extends DType>(arrays: readonly ArrayArg<D>[]): DistArray<D> {
  const exprs = arrays.map(toExpr);
  return new DistArray(concatenateExpr(exprs, exprs[0]?.chunks.length === 1 ? 0 : 1));
}

/** Nested lists of arrays. */
export type NestedArrays = ArrayArg | readonly NestedArrays[];

/**
 * Nested lists of arrays as one: the innermost lists are joined along the last axis, and so on
 * outwards.
 */
export function block(nested: NestedArrays): DistArray {
  const read = (part: NestedArrays): NestedExprs => (isList(part) ? part.map(read) : toExpr(part));
  return new DistArray(blockExpr(read(nested)));
}

function isList(value: NestedArrays): value is readonly NestedArrays[] {
  return Array.isArray(value);
}

/** Axes in another order; default reversed. */
export function transpose<D extends DType>(x: ArrayArg<D>, axes?: readonly number[]): DistArray<D> {
  return new DistArray(transposeExpr(toExpr(x), axes));
}

/** An axis moved to another position, all others in their order. */
export function moveaxis<D extends DType>(
  x: ArrayArg<D>,
  source: number,
  target: number,
): DistArray<D> {
  const array = toExpr(x);
  const ndim = array.chunks.length;
  const from = resolveAxis(source, ndim);
  const order = array.chunks.map((_, i) => i).filter((i) => i !== from);
  order.splice(resolveAxis(target, ndim), 0, from);
  return new DistArray(transposeExpr(array, order));
}

/** Two axes exchanged. */
export function swapaxes<D extends DType>(x: ArrayArg<D>, a: number, b: number): DistArray<D> {
  return new DistArray<D>(toExpr(x)).swapaxes(a, b);
}

/** The same elements in C order under another shape; one length may be -1. */
export function reshape<D extends DType>(
  x: ArrayArg<D>,
  shape: number | readonly number[],
): DistArray<D> {
  return new DistArray(reshapeExpr(toExpr(x), typeof shape === "number" ? [shape] : shape));
}

/** All elements in C order as one axis. */
export function ravel<D extends DType>(x: ArrayArg<D>): DistArray<D> {
  return reshape(x, -1);
}

/** Without axes of length 1: all of them, or the given ones. */
export function squeeze<D extends DType>(
  x: ArrayArg<D>,
  axis?: number | readonly number[],
): DistArray<D> {
  return new DistArray(squeezeExpr(toExpr(x), axis));
}

/** New axes of length 1 at the given positions of the result. */
export function expandDims<D extends DType>(
  x: ArrayArg<D>,
  axis: number | readonly number[],
): DistArray<D> {
  return new DistArray(expandExpr(toExpr(x), axis));
}

/** The array repeated along axes of length 1 and new leading axes. */
export function broadcastTo<D extends DType>(
  x: ArrayArg<D>,
  shape: number | readonly number[],
): DistArray<D> {
  return new DistArray(broadcastExpr(toExpr(x), typeof shape === "number" ? [shape] : shape));
}

/** Arrays broadcast to their common shape. */
export function broadcastArrays(...arrays: readonly ArrayArg[]): DistArray[] {
  const exprs = arrays.map(toExpr);
  const shape = broadcastShapes(...exprs.map(shapeOfExpr));
  return exprs.map((array) => new DistArray(broadcastExpr(array, shape)));
}

/** The elements in the other order, along all axes or the given ones. */
export function flip<D extends DType>(
  x: ArrayArg<D>,
  axis?: number | readonly number[] | null,
): DistArray<D> {
  return new DistArray(flipExpr(toExpr(x), axis));
}

/** Elements moved by `shift` along an axis; those that leave at one end come back at the other. */
export function roll<D extends DType>(
  x: ArrayArg<D>,
  shift: number,
  options: { readonly axis?: number } = {},
): DistArray<D> {
  checkOptionNames("roll", options, ["axis"]);
  checkInteger("roll: the shift", shift);
  const array = toExpr(x);
  if (options.axis === undefined) {
    return reshape(roll(ravel(x), shift, { axis: 0 }), shapeOfExpr(array));
  }
  const lazy = new DistArray<D>(array);
  const axis = resolveAxis(options.axis, lazy.ndim);
  const length = lazy.shape[axis] as number;
  const by = length === 0 ? 0 : ((shift % length) + length) % length;
  if (by === 0) return lazy;
  const before = new Array<string>(axis).fill(":");
  return concatenate(
    [lazy.at(...before, `${length - by}:`), lazy.at(...before, `:${length - by}`)],
    axis,
  );
}

/** The elements at `indices` along an axis (default of the array in C order). */
export function take<D extends DType>(
  x: ArrayArg<D>,
  indices: readonly number[] | Int32Array | Float64Array,
  options: { readonly axis?: number } = {},
): DistArray<D> {
  checkOptionNames("take", options, ["axis"]);
  const array = options.axis === undefined ? reshapeExpr(toExpr(x), [-1]) : toExpr(x);
  return new DistArray(
    takeExpr(array, indices, resolveAxis(options.axis ?? 0, array.chunks.length)),
  );
}

/** Differences of neighbours along an axis (default the last), `n` times (default once). */
export function diff<D extends DType>(
  x: ArrayArg<D>,
  options: { readonly n?: number; readonly axis?: number } = {},
): DistArray<D> {
  checkOptionNames("diff", options, ["n", "axis"]);
  const { n = 1 } = options;
  if (!Number.isInteger(n) || n < 0)
    throw new HeddleError("InvalidArgument", `diff: n is ${n}; it must be 0 or more`);
  let array = new DistArray<D>(toExpr(x));
  const axis = resolveAxis(options.axis ?? -1, array.ndim);
  const before = new Array<string>(axis).fill(":");
  const op = array.dtype === "bool" ? "notEqual" : "subtract";
  for (let i = 0; i < n; i++) {
    array = new DistArray(
      binary(op, array.at(...before, "1:").expr, array.at(...before, ":-1").expr),
    );
  }
  return array;
}

/** The same elements in other blocks. */
export function rechunk<D extends DType>(x: ArrayArg<D>, chunks: ChunksInput): DistArray<D> {
  return new DistArray(rechunkExpr(toExpr(x), chunks));
}

/** The chunks in which arrays meet in elementwise work. */
export function unifyChunks(...arrays: readonly ArrayArg[]): Chunks {
  return unifyExprs(arrays.map(toExpr), "unifyChunks");
}

/** Matrix product, as `@` of NumPy. */
export function matmul(a: ArrayArg, b: ArrayArg): DistArray<DType, Rank> {
  return new DistArray(matmulExpr(toExpr(a), toExpr(b)));
}

/** Dot product, as `numpy.dot`. */
export function dot(a: ArrayArg, b: ArrayArg): DistArray<DType, Rank> {
  return new DistArray(dotExpr(toExpr(a), toExpr(b)));
}

/**
 * Sums of products over chosen axes: `axes` is how many last and first ones (default 2), or two
 * lists.
 */
export function tensordot(
  a: ArrayArg,
  b: ArrayArg,
  options: { readonly axes?: TensordotAxes } | TensordotAxes = {},
): DistArray {
  const isAxes = typeof options === "number" || Array.isArray(options);
  if (!isAxes) checkOptionNames("tensordot", options, ["axes"]);
  const axes = isAxes ? options : (options as { readonly axes?: TensordotAxes }).axes;
  return new DistArray(tensordotExpr(toExpr(a), toExpr(b), (axes ?? 2) as TensordotAxes));
}

/** Products of all pairs of elements of two arrays. */
export function outer(a: ArrayArg, b: ArrayArg): DistArray {
  const column = expandExpr(reshapeExpr(toExpr(a), [-1]), 1);
  return new DistArray(binary("multiply", column, reshapeExpr(toExpr(b), [-1])));
}

/** Running sums along an axis; of the array in C order when none is given. */
export function cumsum(x: ArrayArg, options: CumulateOptions = {}): DistArray {
  checkOptionNames("cumsum", options, ["axis", "dtype"]);
  return new DistArray(cumulate(toExpr(x), "cumsum", options));
}

/** Running products along an axis; of the array in C order when none is given. */
export function cumprod(x: ArrayArg, options: CumulateOptions = {}): DistArray {
  checkOptionNames("cumprod", options, ["axis", "dtype"]);
  return new DistArray(cumulate(toExpr(x), "cumprod", options));
}
