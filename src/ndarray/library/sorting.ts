/**
 * @file Sorting local arrays: sort, argsort, lexsort, partition, topk, unique. Order is NumPy's:
 * NaN and NaT last, complex numbers by real then imaginary part; argsort is always stable. -0 and
 * +0 are equal to argsort, while sort puts -0 first, so that its result does not depend on the
 * input's order.
 */

import { type DType, itemsizeOf, kindOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxis, resolveInteger } from "../../core/indexing.ts";
import { checkOptionNames } from "../../core/options.ts";
import { NDArray } from "../ndarray.ts";
import { arrayKernels, DTYPE_CODE } from "./kernels.ts";
import { take } from "./moving.ts";
import { contiguous, elementsOf, runKernel } from "./operands.ts";

/** The axis to work along. */
export interface SortOptions {
  /** Default -1, the last; null flattens the array first. */
  readonly axis?: number | null;
}

interface Rows<D extends DType> {
  /** The array with the wanted axis last. */
  readonly array: NDArray<D>;
  readonly rows: number;
  readonly length: number;
  /** Moves the axis back. */
  back<R extends DType>(result: NDArray<R>): NDArray<R>;
}

function rowsAlong<D extends DType>(array: NDArray<D>, axis: number | null = -1): Rows<D> {
  if (axis === null || array.ndim === 0) {
    const flat = array.reshape([array.size]);
    return { array: flat, rows: 1, length: flat.size, back: (result) => result };
  }
  const from = resolveAxis(axis, array.ndim);
  const moved = array.swapaxes(from, -1);
  const length = array.shape[from] as number;
  const rows = length === 0 ? 0 : array.size / length;
  return { array: moved, rows, length, back: (result) => result.swapaxes(from, -1) };
}

function codeOf(dtype: DType): number {
  return DTYPE_CODE[dtype] as number;
}

/** Scratch of `sort` and `partition` in `assembly/sort.ts`. */
function sortScratchBytes(dtype: DType, length: number): number {
  return itemsizeOf(dtype) * (1024 + length) + 64;
}

/** Scratch of `argsort` in `assembly/argsort.ts`. */
function argsortScratchBytes(dtype: DType, length: number): number {
  const size = itemsizeOf(dtype);
  return size * 1024 + 2 * length * (size + 4) + 128;
}

/**
 * A sorted copy.
 *
 * @example
 * import { NDArray, sort } from "heddle/ndarray";
 * console.log(sort(new NDArray([3, NaN, 1])).toArray()); // [ 1, 3, NaN ]
 */
export function sort<D extends DType>(array: NDArray<D>, options: SortOptions = {}): NDArray<D> {
  checkOptionNames("sort", options, ["axis"]);
  if (kindOf(array.dtype) === "c") return takeAlong(array, argsort(array, options), options.axis);
  const { array: moved, rows, length, back } = rowsAlong(array, options.axis);
  const result = moved.copy();
  runKernel([], [result], sortScratchBytes(array.dtype, length), (placed) => {
    const [at] = placed.outputs as [number];
    arrayKernels(placed.memory).sort(codeOf(array.dtype), at, rows, length, placed.scratch);
  });
  return back(result);
}

/** The indices (int64) that sort the array along an axis; equal elements keep their order. */
export function argsort(array: NDArray, options: SortOptions = {}): NDArray<"int64"> {
  checkOptionNames("argsort", options, ["axis"]);
  const { array: moved, rows, length, back } = rowsAlong(array, options.axis);
  if (kindOf(array.dtype) === "c") return back(argsortComplex(moved, rows, length));
  const source = contiguous(moved);
  const spec = { dtype: "int64" as const, shape: moved.shape };
  const scratch = argsortScratchBytes(array.dtype, length);
  const [order] = runKernel([source], [spec], scratch, (placed) => {
    const kernels = arrayKernels(placed.memory);
    const [from, to] = [placed.inputs[0] as number, placed.outputs[0] as number];
    kernels.argsort(codeOf(array.dtype), from, rows, length, to, placed.scratch);
  });
  return back(order as NDArray<"int64">);
}

/**
 * The order (int64) that sorts by several keys of one length, the last key most significant, as
 * `numpy.lexsort`.
 *
 * @example
 * import { lexsort, NDArray } from "heddle/ndarray";
 * const [first, last] = [new NDArray([2, 1, 1]), new NDArray([0, 1, 0])];
 * console.log(lexsort([first, last]).toArray()); // [ 2, 0, 1 ]
 */
export function lexsort(keys: readonly NDArray[]): NDArray<"int64"> {
  const [first] = keys;
  if (first === undefined) throw new HeddleError("InvalidArgument", "lexsort needs a key.");
  const order = argsort(first);
  for (const key of keys.slice(1)) {
    if (key.size !== first.size || key.ndim !== 1) {
      throw new HeddleError(
        "InvalidShape",
        `lexsort needs keys of one length: [${first.shape.join()}] and [${key.shape.join()}].`,
      );
    }
    refineOrder(order, key, 0, 1);
  }
  return order;
}

/**
 * Sorts the order of each row stably by more significant keys: `offset` and `step` pick them among
 * the elements.
 */
function refineOrder(order: NDArray, keys: NDArray, offset: number, step: number): void {
  const source = contiguous(keys);
  const size = itemsizeOf(keys.dtype);
  const length = order.shape.at(-1) ?? 1;
  const rows = length === 0 ? 0 : order.size / length;
  runKernel([source], [order], argsortScratchBytes(keys.dtype, length), (placed) => {
    const kernels = arrayKernels(placed.memory);
    for (let row = 0; row < rows; row++) {
      const from = (placed.inputs[0] as number) + (row * length * step + offset) * size;
      const to = (placed.outputs[0] as number) + row * length * 8;
      kernels.argsortBy(codeOf(keys.dtype), from, step * size, length, to, placed.scratch);
    }
  });
}

/**
 * Complex order: by real, then imaginary part, and numbers with a NaN behind all others, those with
 * a NaN only in the imaginary part first. That is three stable sorts: imaginary part, real part,
 * which parts are NaN.
 */
function argsortComplex(array: NDArray, rows: number, length: number): NDArray<"int64"> {
  const source = contiguous(array);
  const order = argsort(source.imag.copy());
  refineOrder(order, source.real.copy(), 0, 1);
  const parts = elementsOf(source) as Float64Array;
  const classes = Uint8Array.from({ length: rows * length }, (_, i) => {
    const realIsNaN = Number.isNaN(parts[2 * i]) ? 2 : 0;
    return realIsNaN + (Number.isNaN(parts[2 * i + 1]) ? 1 : 0);
  });
  if (classes.some((x) => x > 0)) refineOrder(order, new NDArray(classes), 0, 1);
  return order;
}

/** The elements at `indices` along an axis, row by row: `numpy.take_along_axis`. */
export function takeAlong<D extends DType>(
  array: NDArray<D>,
  indices: NDArray,
  axis: number | null = -1,
): NDArray<D> {
  const { array: moved, length, back } = rowsAlong(array, axis);
  const along = rowsAlong(indices, axis);
  const at = contiguous(along.array.astype("int64"));
  const positions = elementsOf(at);
  for (let i = 0; i < positions.length; i++) {
    const row = Math.floor(i / along.length);
    const own = resolveInteger(Number(positions[i]), length, -1);
    positions[i] = BigInt(row * length + own);
  }
  return back(take(moved, at));
}

/**
 * A copy in which position `kth` holds the element that sorting would put there, with no greater
 * ones before it and no smaller ones behind it.
 */
export function partition<D extends DType>(
  array: NDArray<D>,
  kth: number | readonly number[],
  options: SortOptions = {},
): NDArray<D> {
  checkOptionNames("partition", options, ["axis"]);
  if (kindOf(array.dtype) === "c") return sort(array, options);
  const { array: moved, rows, length, back } = rowsAlong(array, options.axis);
  const wanted = [kth].flat().map((k) => resolveInteger(k, length, options.axis ?? -1));
  const positions = new NDArray(Int32Array.from(new Set(wanted)).sort());
  const result = moved.copy();
  runKernel([positions], [result], sortScratchBytes(array.dtype, length), (placed) => {
    const [at] = placed.outputs as [number];
    const [k] = placed.inputs as [number];
    const kernels = arrayKernels(placed.memory);
    const code = codeOf(array.dtype);
    kernels.partition(code, at, rows, length, k, positions.size, placed.scratch);
  });
  return back(result);
}

/**
 * The `k` largest elements along an axis in descending order, or the smallest in ascending order
 * when `k` is negative, as `dask.array.topk`.
 */
export function topk<D extends DType>(
  array: NDArray<D>,
  k: number,
  options: { readonly axis?: number } = {},
): NDArray<D> {
  checkOptionNames("topk", options, ["axis"]);
  const { array: moved, length, back } = rowsAlong(array, options.axis ?? -1);
  const count = Math.min(Math.abs(k), length);
  if (count === 0) return back(moved.at("...", ":0").copy());
  if (k < 0) return back(sort(partition(moved, count - 1).at("...", `:${count}`)));
  const top = partition(moved, length - count).at("...", `${length - count}:`);
  return back(sort(top).at("...", "::-1").copy());
}

/** What {@link unique} returns; the counts only when asked for. */
export interface UniqueResult<D extends DType> {
  readonly values: NDArray<D>;
  /** First position of each value in the flattened array. */
  readonly index: NDArray<"int64">;
  /** Which value each element of the flattened array is. */
  readonly inverse: NDArray<"int64">;
  readonly counts: NDArray<"int64">;
}

/**
 * The sorted distinct elements of the flattened array, where they first occur, and how often; NaNs
 * count as one.
 */
export function unique<D extends DType>(array: NDArray<D>): UniqueResult<D> {
  const flat = array.reshape([array.size]);
  const order = argsort(flat);
  const sorted = take(flat, order);
  const starts = runStarts(sorted);
  const index = take(order, starts);
  const [firsts, orders] = [elementsOf(starts), elementsOf(order)];
  const counts = new BigInt64Array(starts.size);
  const inverse = new BigInt64Array(flat.size);
  for (let run = 0; run < counts.length; run++) {
    const begin = Number(firsts[run]);
    const end = run + 1 < counts.length ? Number(firsts[run + 1]) : flat.size;
    counts[run] = BigInt(end - begin);
    for (let i = begin; i < end; i++) inverse[Number(orders[i])] = BigInt(run);
  }
  return {
    values: take(sorted, starts),
    index,
    inverse: new NDArray<"int64">(inverse),
    counts: new NDArray<"int64">(counts),
  };
}

/** Where runs of equal elements begin in a sorted 1-d array. */
function runStarts(sorted: NDArray): NDArray<"int64"> {
  if (kindOf(sorted.dtype) === "c") return complexRunStarts(sorted);
  const spec = { dtype: "int64" as const, shape: sorted.shape };
  let count = 0;
  const [starts] = runKernel([sorted], [spec], 0, (placed) => {
    const [at, to] = [placed.inputs[0] as number, placed.outputs[0] as number];
    const kernels = arrayKernels(placed.memory);
    count = kernels.uniqueStarts(codeOf(sorted.dtype), at, sorted.size, to);
  });
  return (starts as NDArray<"int64">).at(`:${count}`);
}

function complexRunStarts(sorted: NDArray): NDArray<"int64"> {
  const parts = elementsOf(sorted) as Float64Array;
  const same = (a: number, b: number): boolean => parts[a] === parts[b];
  const isNaNAt = (i: number): boolean =>
    Number.isNaN(parts[2 * i]) || Number.isNaN(parts[2 * i + 1]);
  const starts: bigint[] = [];
  for (let i = 0; i < sorted.size; i++) {
    const repeats =
      i > 0 &&
      ((same(2 * i, 2 * i - 2) && same(2 * i + 1, 2 * i - 1)) || (isNaNAt(i) && isNaNAt(i - 1)));
    if (!repeats) starts.push(BigInt(i));
  }
  return new NDArray<"int64">(BigInt64Array.from(starts));
}
