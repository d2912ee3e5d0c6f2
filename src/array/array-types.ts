/**
 * @file The types of lazy arrays: what computing one gives, and what the functions over them take.
 */
import type { BigScalarOf, DType, DTypeLike, Scalar, ScalarOf } from "../core/dtype.ts";
import type { Column, MeanTable, MeetTable, Promotion } from "../core/dtype-tables.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import type { DistArray } from "./dist-array.ts";
import type { ChunksInput } from "./normalize-chunks.ts";

/** Whether an array has axes, as far as its type says: a `"scalar"` computes to a plain value. */
export type Rank = "array" | "scalar";

interface Results<D extends DType> {
  readonly array: NDArray<D>;
  readonly scalar: ScalarOf<D>;
}

interface BigResults<D extends DType> {
  readonly array: NDArray<D>;
  readonly scalar: BigScalarOf<D>;
}

/** What `compute` gives. */
export type Computed<D extends DType, K extends Rank> = Results<D>[K];

/** What `compute` gives under `{ int64: "bigint" }`. */
export type BigComputed<D extends DType, K extends Rank> = BigResults<D>[K];

/** What may stand where an array is meant: another lazy array, or a local one. */
export type ArrayArg<D extends DType = DType, K extends Rank = Rank> = DistArray<D, K> | NDArray<D>;

/** What arithmetic takes: an array, or a scalar that adapts to the other operand. */
export type Operand = ArrayArg | Scalar;

/** An operand whose dtype and rank are inferred; what is not inferred is that of a scalar. */
export type Other<E extends Column, L extends Rank> =
  | Scalar
  | DistArray<E & DType, L>
  | NDArray<E & DType>;

/** Arithmetic of an array and an operand. */
export type Arithmetic<
  D extends DType,
  K extends Rank,
  E extends Column,
  L extends Rank,
> = DistArray<Promotion[D][E], MeetTable[K][L]>;

/** True division of an array by an operand. */
export type Quotient<D extends DType, K extends Rank, E extends Column, L extends Rank> = DistArray<
  MeanTable[Promotion[D][E]],
  MeetTable[K][L]
>;

/** A test of an array against an operand. */
export type Test<K extends Rank, L extends Rank> = DistArray<"bool", MeetTable[K][L]>;

/** Options of reductions. */
export interface ReduceOptions<T extends DTypeLike = DTypeLike> {
  /** Axes to reduce; default all. */
  readonly axis?: number | readonly number[] | null;
  /** Whether reduced axes stay, with length 1; default false. */
  readonly keepdims?: boolean;
  /** How many blocks one combining task takes, in all or by axis; default 4 along each axis. */
  readonly splitEvery?: number | Readonly<Record<number, number>>;
  /** In which dtype sums and products accumulate; default as in NumPy. */
  readonly dtype?: T;
}

/** Options of reductions over all axes, whose result is a plain value. */
export interface WholeOptions {
  readonly axis?: null | undefined;
  readonly keepdims?: false | undefined;
  readonly splitEvery?: number | Readonly<Record<number, number>>;
}

/** Options of sums and means over all axes that say in which dtype they accumulate. */
export interface WholeOptionsOf<T extends DTypeLike> extends WholeOptions {
  readonly dtype: T;
}

/** Options of reductions along axes that say in which dtype they accumulate. */
export interface ReduceOptionsOf<T extends DTypeLike> extends ReduceOptions<T> {
  readonly dtype: T;
}

/** Options of `var` and `std` over all axes. */
export interface WholeVarianceOptions extends WholeOptions {
  /** Delta degrees of freedom; default 0. */
  readonly ddof?: number;
}

/** Options of `var` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** Delta degrees of freedom; default 0. */
  readonly ddof?: number;
}

/** Axis, axes or options: what reductions take. */
export type ReduceArg<O = ReduceOptions> = number | readonly number[] | O;

/** Options of functions that create arrays. */
export interface CreateOptions<T extends DTypeLike = DTypeLike> {
  /** Default float64. */
  readonly dtype?: T;
  /** Default "auto": blocks of at most `array.chunk-size` (128 MiB). */
  readonly chunks?: ChunksInput;
}
