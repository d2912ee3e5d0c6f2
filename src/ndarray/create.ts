/**
 * @file Making local arrays: filled, counted, from nested data. Shapes and dtypes come as in NumPy;
 * `arange` of integral bounds gives int64, plain numbers in nested data give float64.
 */

import type { Complex } from "../core/complex.ts";
import {
  type DType,
  type DTypeLike,
  isBig,
  kindOf,
  type ResolveDType,
  type Scalar,
  toDType,
} from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkShape } from "./layout.ts";
import { type ArrayInput, NDArray } from "./ndarray.ts";
import type { Nested } from "./nested.ts";
import { binaryLayout } from "./operations.ts";
import { emptyLayout } from "./storage.ts";

/** Of which dtype; default float64. */
export interface DTypeOptions<T extends DTypeLike = "float64"> {
  readonly dtype?: T;
}

function dtypeFrom(dtype: DTypeLike | undefined, standard: DType = "float64"): DType {
  return dtype === undefined ? standard : toDType(dtype);
}

/** An array whose content is undefined until it is written. */
export function empty<T extends DTypeLike = "float64">(
  shape: number | readonly number[],
  options: DTypeOptions<T> = {},
): NDArray<ResolveDType<T>> {
  checkOptionNames("empty", options, ["dtype"]);
  const layout = emptyLayout(dtypeFrom(options.dtype), checkShape(shape));
  return NDArray.of(layout) as unknown as NDArray<ResolveDType<T>>;
}

/** An array of zeros. */
export function zeros<T extends DTypeLike = "float64">(
  shape: number | readonly number[],
  options: DTypeOptions<T> = {},
): NDArray<ResolveDType<T>> {
  checkOptionNames("zeros", options, ["dtype"]);
  const array = empty(shape, options);
  const { values } = array.storage;
  values.fill((isBig(array.dtype) ? 0n : 0) as never);
  return array;
}

/** An array of ones. */
export function ones<T extends DTypeLike = "float64">(
  shape: number | readonly number[],
  options: DTypeOptions<T> = {},
): NDArray<ResolveDType<T>> {
  checkOptionNames("ones", options, ["dtype"]);
  return full(shape, 1, { dtype: (options.dtype ?? "float64") as T });
}

/** An array of one value. */
export function full<T extends DTypeLike = "float64">(
  shape: number | readonly number[],
  value: Scalar,
  options: DTypeOptions<T> = {},
): NDArray<ResolveDType<T>> {
  checkOptionNames("full", options, ["dtype"]);
  return empty(shape, options).fill(value);
}

/**
 * Ones on the diagonal `k` of an array of `n` rows and `m` columns (default `n`), zeros elsewhere.
 */
export function eye<T extends DTypeLike = "float64">(
  n: number,
  options: DTypeOptions<T> & { readonly m?: number; readonly k?: number } = {},
): NDArray<ResolveDType<T>> {
  checkOptionNames("eye", options, ["dtype", "m", "k"]);
  const { m = n, k = 0 } = options;
  const { dtype = "float64" as T } = options;
  const array = zeros([n, m], { dtype });
  for (let i = Math.max(0, -k); i < Math.min(n, m - k); i++) array.set(1, i, i + k);
  return array;
}

/**
 * Numbers from `start` (0 when only one bound is given) up to but not including `stop`, `step` (1)
 * apart: int64 when all three are integers, else float64.
 */
export function arange<T extends DTypeLike = "int64" | "float64">(
  start: number,
  stop?: number | null,
  step?: number | null,
  options: DTypeOptions<T> = {},
): NDArray<ResolveDType<T>> {
  checkOptionNames("arange", options, ["dtype"]);
  const [from, to] = stop === undefined || stop === null ? [0, start] : [start, stop];
  const by = step ?? 1;
  if (by === 0 || ![from, to, by].every(Number.isFinite)) {
    throw new HeddleError(
      "InvalidArgument",
      `arange(${from}, ${to}, ${by}): bounds must be finite and the step not zero.`,
    );
  }
  const length = Math.max(0, Math.ceil((to - from) / by));
  const integral = Number.isInteger(from) && Number.isInteger(by) && Number.isInteger(to);
  const dtype = dtypeFrom(options.dtype, integral ? "int64" : "float64");
  return counted(length, from, by, dtype) as unknown as NDArray<ResolveDType<T>>;
}

/** `from + i * by` for i below `length`, computed in float64 (exact for integers below 2^53). */
function counted(length: number, from: number, by: number, dtype: DType): NDArray {
  const array = NDArray.of(emptyLayout(kindOf(dtype) === "b" ? "float64" : dtype, [length]));
  const { values } = array.storage;
  const slots = kindOf(dtype) === "c" ? 2 : 1;
  if (slots === 2) values.fill(0 as never);
  const big = isBig(dtype);
  for (let i = 0; i < length; i++) {
    const value = from + i * by;
    values[i * slots] = (big ? BigInt(Math.trunc(value)) : value) as never;
  }
  return array.dtype === dtype ? array : array.astype(dtype);
}

/**
 * `num` (default 50) numbers evenly from `start` to `stop`, which is the last one unless `endpoint`
 * is false.
 */
export function linspace<T extends DTypeLike = "float64">(
  start: number,
  stop: number,
  num = 50,
  options: DTypeOptions<T> & { readonly endpoint?: boolean } = {},
): NDArray<ResolveDType<T>> {
  checkOptionNames("linspace", options, ["dtype", "endpoint"]);
  if (!Number.isInteger(num) || num < 0) {
    throw new HeddleError("InvalidArgument", `linspace needs num >= 0, an integer, not ${num}.`);
  }
  const endpoint = options.endpoint ?? true;
  const gaps = endpoint ? num - 1 : num;
  const layout = emptyLayout("float64", [num]);
  const values = layout.storage.values as Float64Array;
  const step = (stop - start) / gaps;
  for (let i = 0; i < num; i++) {
    // As NumPy: by the step where it is not zero, and exactly the end at the end.
    values[i] =
      gaps > 0 && step === 0
        ? (i / gaps) * (stop - start) + start
        : gaps > 0
          ? i * step + start
          : start;
  }
  if (endpoint && num > 1) values[num - 1] = stop;
  const array = NDArray.of(layout);
  const dtype = dtypeFrom(options.dtype);
  // Integers are rounded down, as NumPy does since 1.20.
  const rounded = "iu".includes(kindOf(dtype))
    ? NDArray.of(binaryLayout("floorDivide", array, 1))
    : array;
  return (dtype === "float64" ? array : rounded.astype(dtype)) as unknown as NDArray<
    ResolveDType<T>
  >;
}

/**
 * An array of nested data: numbers give float64, bigints int64, booleans bool, `Complex`
 * complex128, dates datetime64. Typed arrays keep their dtype; they and arrays are copied.
 *
 * @example
 * import { fromArray } from "heddle/ndarray";
 * console.log(fromArray([[1, 2], [3, 4]]).shape); // [ 2, 2 ]
 */
export function fromArray<T extends DTypeLike>(
  data: ArrayInput,
  options: { readonly dtype: T; readonly shape?: readonly number[] },
): NDArray<ResolveDType<T>>;
export function fromArray<D extends DType>(data: NDArray<D>): NDArray<D>;
export function fromArray(data: Nested<number> | Float64Array): NDArray<"float64">;
export function fromArray(data: Nested<boolean>): NDArray<"bool">;
export function fromArray(data: Nested<bigint>): NDArray<"int64">;
export function fromArray(data: Nested<Complex>): NDArray<"complex128">;
export function fromArray(
  data: ArrayInput,
  options?: { dtype?: DTypeLike; shape?: readonly number[] },
): NDArray;
export function fromArray(
  data: ArrayInput,
  options: { readonly dtype?: DTypeLike; readonly shape?: readonly number[] } = {},
): NDArray {
  checkOptionNames("fromArray", options, ["dtype", "shape"]);
  const { dtype, shape } = options;
  return new NDArray(data, {
    ...(dtype === undefined ? {} : { dtype: toDType(dtype) as DType }),
    ...(shape === undefined ? {} : { shape }),
  });
}
