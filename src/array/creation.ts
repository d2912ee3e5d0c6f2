/**
 * @file The functions that create lazy arrays.
 */

import type { Future } from "../cluster/future.ts";
import type { Collection } from "../core/collection.ts";
import {
  type DType,
  type DTypeLike,
  isInteger,
  isScalar,
  promoteScalar,
  type ResolveDType,
  type Scalar,
  toDType,
} from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskFunction } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import type { SingleTask } from "../core/single-task.ts";
import { type ArrayInput, isNDArray, NDArray } from "../ndarray/ndarray.ts";
import { toExpr } from "./arguments.ts";
import type { ArrayArg, CreateOptions, Rank } from "./array-types.ts";
import {
  eye as eyeExpr,
  fromLazy,
  fromLocal,
  full as fullExpr,
  fullIn,
  fromFunction as functionExpr,
  progression,
} from "./build/create.ts";
import { likeOf } from "./build/shape.ts";
import { DistArray } from "./dist-array.ts";
import type { ChunksInput } from "./normalize-chunks.ts";

/** A shape: one length, or one per axis. */
export type ShapeArg = number | readonly number[];

function shapeOf(shape: ShapeArg): readonly number[] {
  if (typeof shape === "number") return [shape];
  if (Array.isArray(shape)) return shape;
  throw new HeddleError(
    "InvalidShape",
    `a shape is a length, as 10, or a list of lengths, as [10, 20], not ${typeof shape}`,
  );
}

/** Checked options with their defaults; `further` are the names that `what` has of its own. */
function built(
  what: string,
  options: CreateOptions,
  fallback: DType = "float64",
  further: readonly string[] = [],
): { dtype: DType; chunks: ChunksInput } {
  checkOptionNames(what, options, ["dtype", "chunks", ...further]);
  const dtype: DType = options.dtype === undefined ? fallback : toDType(options.dtype);
  return { dtype, chunks: options.chunks ?? "auto" };
}

/**
 * An array of ones.
 *
 * @example
 * import * as da from "heddle/array";
 * console.log(await da.ones([20, 20], { chunks: [10, 10] }).sum().compute()); // 400
 */
export function ones<T extends DTypeLike = "float64">(
  shape: ShapeArg,
  options: CreateOptions<T> = {},
): DistArray<ResolveDType<T>> {
  return new DistArray(fullExpr(shapeOf(shape), 1, built("ones", options)));
}

/** An array of zeros. */
export function zeros<T extends DTypeLike = "float64">(
  shape: ShapeArg,
  options: CreateOptions<T> = {},
): DistArray<ResolveDType<T>> {
  return new DistArray(fullExpr(shapeOf(shape), 0, built("zeros", options)));
}

/** An array whose content does not matter; it is zeros here. */
export const empty: typeof zeros = zeros;

/**
 * An array of one value. Its dtype, unless given: bool of a boolean, complex128 of a complex
 * number, else float64, also of 7.
 */
export function full<T extends DTypeLike = "float64">(
  shape: ShapeArg,
  value: Scalar,
  options: CreateOptions<T> = {},
): DistArray<ResolveDType<T>> {
  if (!isScalar(value)) {
    throw new HeddleError(
      "InvalidArgument",
      `full takes one value, but was given ${typeof value}; use broadcastTo`,
    );
  }
  const own =
    typeof value === "boolean" ? "bool" : typeof value === "object" ? "complex128" : "float64";
  return new DistArray(fullExpr(shapeOf(shape), value, built("full", options, own)));
}

/**
 * Ones on the `k`-th diagonal (default the main one), zeros elsewhere; `columns` defaults to
 * `rows`.
 */
export function eye<T extends DTypeLike = "float64">(
  rows: number,
  options: CreateOptions<T> & { readonly columns?: number; readonly k?: number } = {},
): DistArray<ResolveDType<T>> {
  const { columns = rows, k = 0 } = options;
  return new DistArray(
    eyeExpr(rows, columns, k, built("eye", options, "float64", ["columns", "k"])),
  );
}

/** Options of `arange`. */
export interface ArangeOptions<T extends DTypeLike> extends CreateOptions<T> {
  /** Distance of neighbours; default 1. */
  readonly step?: number;
}

/**
 * Evenly spaced values from `start` (default 0) up to, not including, `stop`; int64 when all are
 * integers, as in NumPy.
 *
 * @example
 * import * as da from "heddle/array";
 * console.log((await da.arange(2, 10, 3, { chunks: 2 }).compute()).toArray()); // [ 2, 5, 8 ]
 */
export function arange<T extends DTypeLike = "int64">(
  stop: number,
  options?: ArangeOptions<T>,
): DistArray<ResolveDType<T>>;
export function arange<T extends DTypeLike = "int64">(
  start: number,
  stop: number,
  options?: ArangeOptions<T>,
): DistArray<ResolveDType<T>>;
export function arange<T extends DTypeLike = "int64">(
  start: number,
  stop: number,
  step: number,
  options?: ArangeOptions<T>,
): DistArray<ResolveDType<T>>;
export function arange(
  first: number,
  ...rest: (number | ArangeOptions<DTypeLike> | undefined)[]
): DistArray {
  const numbers = [first, ...rest.filter((value) => typeof value === "number")];
  const options = rest.find((value) => typeof value === "object") ?? {};
  const [start, stop] = numbers.length === 1 ? [0, first] : [first, numbers[1] as number];
  const step = numbers[2] ?? options.step ?? 1;
  if (![start, stop, step].every(Number.isFinite) || step === 0) {
    throw new HeddleError(
      "InvalidArgument",
      `arange(${start}, ${stop}, ${step}): the bounds must be finite and the step not 0`,
    );
  }
  const count = Math.max(0, Math.ceil((stop - start) / step));
  const own = [start, stop, step].every(Number.isInteger) ? "int64" : "float64";
  return new DistArray(
    progression(start, step, count, { ...built("arange", options, own, ["step"]), word: "arange" }),
  );
}

/** Options of `linspace`. */
export interface LinspaceOptions<T extends DTypeLike> extends CreateOptions<T> {
  /** How many, where it is not the third argument; default 50. */
  readonly num?: number;
  /** Whether `stop` is the last value; default true. */
  readonly endpoint?: boolean;
}

/**
 * Evenly spaced values from `start` to `stop`: `linspace(0, 1, 5)`, or `linspace(0, 1, { num: 5
 * })`.
 */
export function linspace<T extends DTypeLike = "float64">(
  start: number,
  stop: number,
  count: number | LinspaceOptions<T> = {},
  rest: LinspaceOptions<T> = {},
): DistArray<ResolveDType<T>> {
  const options = typeof count === "number" ? { ...rest, num: count } : count;
  const { num = 50, endpoint = true } = options;
  if (!Number.isInteger(num) || num < 0 || ![start, stop].every(Number.isFinite)) {
    throw new HeddleError(
      "InvalidArgument",
      `linspace(${start}, ${stop}): bounds must be finite and num (${num}) an integer`,
    );
  }
  const gaps = Math.max(1, endpoint ? num - 1 : num);
  const last = endpoint && num > 1 ? { last: stop } : {};
  return new DistArray(
    progression(start, (stop - start) / gaps, num, {
      ...built("linspace", options, "float64", ["num", "endpoint"]),
      ...last,
      word: "linspace",
    }),
  );
}

/** Options of functions that take data. */
export interface FromArrayOptions {
  /** Default "auto". */
  readonly chunks?: ChunksInput;
}

/**
 * A lazy array over local data: a local array, a typed array or nested lists.
 *
 * @example
 * import * as da from "heddle/array";
 * const x = da.fromArray([[1, 2], [3, 4]], { chunks: 1 });
 * console.log(await x.sum().compute()); // 10
 */
export function fromArray<D extends DType>(
  data: NDArray<D>,
  options?: FromArrayOptions,
): DistArray<D>;
export function fromArray(
  data: Exclude<ArrayInput, NDArray>,
  options?: FromArrayOptions,
): DistArray;
export function fromArray(data: ArrayInput, options: FromArrayOptions = {}): DistArray {
  checkOptionNames("fromArray", options, ["chunks"]);
  const local = isNDArray(data) ? data : new NDArray<DType>(data);
  return new DistArray(fromLocal(local, options.chunks ?? "auto"));
}

/** Anything that can be an array as a lazy array; lazy arrays are returned as they are. */
export function asarray<D extends DType>(
  data: ArrayArg<D>,
  options?: FromArrayOptions,
): DistArray<D>;
export function asarray(data: Exclude<ArrayInput, NDArray>, options?: FromArrayOptions): DistArray;
export function asarray(data: ArrayInput | ArrayArg, options: FromArrayOptions = {}): DistArray {
  checkOptionNames("asarray", options, ["chunks"]);
  if (data instanceof DistArray) return data as DistArray;
  return options.chunks === undefined
    ? new DistArray(toExpr(data))
    : fromArray(data as NDArray, options);
}

/** The same as `asarray`, under the name with which arrays are written down. */
export const array: typeof asarray = asarray;

/**
 * One block out of a lazy value (`delayed(fn)(…)`) or a future, whose shape and dtype must be said.
 */
export function fromDelayed<T extends DTypeLike = "float64">(
  value: Collection | SingleTask | Future,
  shape: ShapeArg,
  options: { readonly dtype?: T } = {},
): DistArray<ResolveDType<T>> {
  checkOptionNames("fromDelayed", options, ["dtype"]);
  const { dtype } = built("fromDelayed", options);
  return new DistArray(fromLazy(value as Collection | SingleTask, shapeOf(shape), dtype));
}

/**
 * An array whose blocks a function makes. It gets one array of indices per axis, as in NumPy, and
 * returns an array of the same shape.
 *
 * @example
 * import * as da from "heddle/array";
 * import { multiply } from "heddle/ndarray";
 * const table = da.fromFunction((i, j) => multiply(i, j), [10, 10], { chunks: 5 });
 * console.log(await table.at(3, 4).compute()); // 12
 */
export function fromFunction<T extends DTypeLike = "float64">(
  fn: (...indices: NDArray<"float64">[]) => ArrayInput,
  shape: ShapeArg,
  options: CreateOptions<T> = {},
): DistArray<ResolveDType<T>> {
  return new DistArray(
    functionExpr(fn as TaskFunction, shapeOf(shape), built("fromFunction", options)),
  );
}

/** Options of `*Like` functions. */
export type LikeOptions<T extends DTypeLike> = CreateOptions<T>;

function like<D extends DType>(
  data: ArrayArg | DistArray<DType, Rank>,
  value: Scalar,
  options: CreateOptions,
): DistArray<D> {
  checkOptionNames("onesLike and its kind", options, ["dtype", "chunks"]);
  const dtype = options.dtype === undefined ? {} : { dtype: toDType(options.dtype) as DType };
  const chunks = options.chunks === undefined ? {} : { chunks: options.chunks };
  const given = likeOf(toExpr(data), { ...dtype, ...chunks });
  if (isInteger(given.dtype)) promoteScalar(given.dtype, value);
  return new DistArray(fullIn(given.chunks, value, given.dtype));
}

/** Zeros of another array's shape, chunks and dtype. */
export function zerosLike<D extends DType, T extends DTypeLike = D>(
  data: ArrayArg<D>,
  options: LikeOptions<T> = {},
): DistArray<ResolveDType<T>> {
  return like(data, 0, options);
}

/** Ones of another array's shape, chunks and dtype. */
export function onesLike<D extends DType, T extends DTypeLike = D>(
  data: ArrayArg<D>,
  options: LikeOptions<T> = {},
): DistArray<ResolveDType<T>> {
  return like(data, 1, options);
}

/** The same as `zerosLike`. */
export const emptyLike: typeof zerosLike = zerosLike;

/** One value in another array's shape, chunks and dtype. */
export function fullLike<D extends DType, T extends DTypeLike = D>(
  data: ArrayArg<D>,
  value: Scalar,
  options: LikeOptions<T> = {},
): DistArray<ResolveDType<T>> {
  return like(data, value, options);
}
