/**
 * @file Moving elements of local arrays: take, put, compress, nonzero, and the copy that makes a
 * transposed array contiguous. Results are new arrays; only `put` changes its target.
 */

import { type DType, isInteger, itemsizeOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxis } from "../../core/indexing.ts";
import { checkOptionNames } from "../../core/options.ts";
import { NDArray } from "../ndarray.ts";
import { arrayKernels } from "./kernels.ts";
import { contiguous, elementsOf, runKernel } from "./operands.ts";

/** Indices as users give them. */
export type IndexInput = NDArray | readonly number[] | Int32Array | BigInt64Array;

/** The indices as a contiguous array of int32 or int64. */
function indexArray(indices: IndexInput): NDArray {
  const array = indices instanceof NDArray ? indices : fromPlain(indices);
  if (array.dtype === "int64" || array.dtype === "int32") return contiguous(array);
  if (isInteger(array.dtype)) return array.astype("int64");
  throw new HeddleError(
    "DTypeMismatch",
    `Indices are integers, not ${array.dtype}. Use astype("int64"), or compress for a mask.`,
  );
}

function fromPlain(indices: Exclude<IndexInput, NDArray>): NDArray {
  if (ArrayBuffer.isView(indices)) return new NDArray(indices);
  return new NDArray(indices, { dtype: "int64" });
}

function outOfBounds(
  indices: NDArray,
  position: number,
  length: number,
  axis: number,
): HeddleError {
  const index = String(elementsOf(indices)[position]);
  return new HeddleError(
    "InvalidArgument",
    `Index ${index} is out of bounds for axis ${axis} of length ${length}: ` +
      `allowed are ${-length} to ${length - 1}.`,
    { fields: { index: Number(index), axis, length } },
  );
}

interface Blocks {
  readonly outer: number;
  readonly length: number;
  readonly blockBytes: number;
}

/** How an array splits around an axis into `outer` groups of `length` blocks. */
function blocksOf(array: NDArray, axis: number): Blocks {
  const inner = array.shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const outer = array.shape.slice(0, axis).reduce((product, n) => product * n, 1);
  const length = array.shape[axis] as number;
  return { outer, length, blockBytes: inner * itemsizeOf(array.dtype) };
}

/**
 * The elements at `indices` along an axis (default the flattened array); negative indices count
 * from the end. The indexed axis is replaced by the axes of `indices`. Throws when an index is out
 * of bounds.
 *
 * @example
 * import { NDArray, take } from "heddle/ndarray";
 * console.log(take(new NDArray([10, 20, 30]), [2, 0, -1]).toArray()); // [ 30, 10, 30 ]
 */
export function take<D extends DType>(
  array: NDArray<D>,
  indices: IndexInput,
  options: { readonly axis?: number | null } = {},
): NDArray<D> {
  checkOptionNames("take", options, ["axis"]);
  const flat = options.axis === undefined || options.axis === null;
  const source = contiguous(flat ? array.reshape([array.size]) : array);
  const axis = flat ? 0 : resolveAxis(options.axis as number, array.ndim);
  const index = indexArray(indices);
  const { outer, length, blockBytes } = blocksOf(source, axis);
  const shape = [...source.shape.slice(0, axis), ...index.shape, ...source.shape.slice(axis + 1)];
  const wide = index.dtype === "int64" ? 1 : 0;
  const [result] = runKernel([source, index], [{ dtype: array.dtype, shape }], 0, (placed) => {
    const kernels = arrayKernels(placed.memory);
    const [from, at] = placed.inputs as [number, number];
    const bad = kernels.firstOutside(at, wide, index.size, BigInt(length));
    if (bad >= 0) throw outOfBounds(index, bad, length, axis);
    const [to] = placed.outputs as [number];
    kernels.take(from, outer, length, blockBytes, at, wide, index.size, to);
  });
  return result as NDArray<D>;
}

/**
 * Writes `values` (cast and broadcast) to the positions `indices` along an axis of `target`, in
 * place; of several values for one position the last stays. `target` must be contiguous.
 */
export function put(
  target: NDArray,
  indices: IndexInput,
  values: NDArray,
  options: { readonly axis?: number } = {},
): void {
  checkOptionNames("put", options, ["axis"]);
  if (!target.isContiguous) {
    throw new HeddleError("InvalidArgument", "put needs a contiguous target; use set for views.");
  }
  const axis = resolveAxis(options.axis ?? 0, target.ndim);
  const index = indexArray(indices);
  const { outer, length, blockBytes } = blocksOf(target, axis);
  const shape = [...target.shape.slice(0, axis), ...index.shape, ...target.shape.slice(axis + 1)];
  const source = contiguous(values.astype(target.dtype).broadcastTo(shape));
  const wide = index.dtype === "int64" ? 1 : 0;
  runKernel([index, source], [target], 0, (placed) => {
    const kernels = arrayKernels(placed.memory);
    const [at, from] = placed.inputs as [number, number];
    const bad = kernels.firstOutside(at, wide, index.size, BigInt(length));
    if (bad >= 0) throw outOfBounds(index, bad, length, axis);
    const [to] = placed.outputs as [number];
    kernels.put(to, outer, length, blockBytes, at, wide, index.size, from);
  });
}

/**
 * A mask of one axis as positions; the booleans of `mask` are counted first, so the result is
 * exact.
 */
function checkMask(mask: NDArray, length: number): NDArray {
  if (mask.dtype !== "bool") {
    throw new HeddleError(
      "DTypeMismatch",
      `A mask is boolean, not ${mask.dtype}. Compare first, e.g. x.ne(0); take is for indices.`,
    );
  }
  if (mask.size !== length) {
    throw new HeddleError(
      "InvalidShape",
      `A mask of ${mask.size} elements cannot choose among ${length}.`,
      { fields: { mask: mask.size, length } },
    );
  }
  return contiguous(mask);
}

/** Number of true elements of a boolean array. */
export function countTrue(mask: NDArray): number {
  const source = checkMask(mask, mask.size);
  let count = 0;
  runKernel([source], [], 0, ({ memory, inputs }) => {
    if (source.size > 0) count = arrayKernels(memory).countTrue(inputs[0] as number, source.size);
  });
  return count >>> 0;
}

/**
 * The elements (without `axis`) or slices along `axis` whose mask is true. Without an axis the mask
 * has the array's own size, and the result is 1-d.
 *
 * @example
 * import { compress, NDArray } from "heddle/ndarray";
 * const x = new NDArray([1, 2, 3]);
 * console.log(compress(new NDArray([true, false, true]), x).toArray()); // [ 1, 3 ]
 */
export function compress<D extends DType>(
  mask: NDArray,
  array: NDArray<D>,
  options: { readonly axis?: number } = {},
): NDArray<D> {
  checkOptionNames("compress", options, ["axis"]);
  if (options.axis !== undefined && array.ndim > 1) {
    const axis = resolveAxis(options.axis, array.ndim);
    checkMask(mask, array.shape[axis] as number);
    return take(array, flatnonzero(mask), { axis });
  }
  const chosen = checkMask(mask, array.size);
  const source = contiguous(array);
  const shape = [countTrue(chosen)];
  const [result] = runKernel([chosen, source], [{ dtype: array.dtype, shape }], 0, (placed) => {
    const [at, from] = placed.inputs as [number, number];
    const to = placed.outputs[0] as number;
    const count = shape[0] as number;
    arrayKernels(placed.memory).compress(at, from, itemsizeOf(array.dtype), to, count);
  });
  return result as NDArray<D>;
}

/** Positions of the elements that are not zero (or true), flattened (int64). */
export function flatnonzero(array: NDArray): NDArray<"int64"> {
  const mask = array.dtype === "bool" ? array : (array.astype("bool") as unknown as NDArray);
  const source = checkMask(mask, mask.size);
  const shape = [countTrue(source)];
  const [result] = runKernel([source], [{ dtype: "int64", shape }], 0, (placed) => {
    const [at] = placed.inputs as [number];
    arrayKernels(placed.memory).nonzero(at, placed.outputs[0] as number, shape[0] as number);
  });
  return result as NDArray<"int64">;
}

/** Indices (int64, one array per axis) of the elements that are not zero, in C order. */
export function nonzero(mask: NDArray): NDArray<"int64">[] {
  const flat = flatnonzero(mask);
  if (mask.ndim === 1) return [flat];
  return mask.shape.map((length, axis) => {
    const divisor = mask.shape.slice(axis + 1).reduce((product, n) => product * n, 1);
    const spec = { dtype: "int64" as const, shape: flat.shape };
    const [result] = runKernel([flat], [spec], 0, ({ memory, inputs, outputs }) => {
      if (flat.size === 0) return;
      const [from, to] = [inputs[0] as number, outputs[0] as number];
      arrayKernels(memory).unravel(from, flat.size, BigInt(divisor), BigInt(length), to);
    });
    return result as NDArray<"int64">;
  });
}

/**
 * A contiguous copy of a 2-d array's transpose, made block by block (several times faster than
 * element by element).
 */
export function transposeCopy<D extends DType>(array: NDArray<D>): NDArray<D> {
  const source = contiguous(array);
  const [rows, columns] = source.shape as [number, number];
  const size = itemsizeOf(array.dtype);
  const spec = { dtype: array.dtype, shape: [columns, rows] };
  const [result] = runKernel([source], [spec], 0, ({ memory, inputs, outputs }) => {
    const [from, to] = [inputs[0] as number, outputs[0] as number];
    arrayKernels(memory).transpose(from, columns * size, to, rows * size, rows, columns, size);
  });
  return result as NDArray<D>;
}
