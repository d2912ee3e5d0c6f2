/**
 * @file The types of lazy arrays: what computing one gives, and what the functions over them take.
 */
import type {
  ArithmeticOf,
  BigScalarOf,
  DType,
  DTypeLike,
  MeanOf,
  Scalar,
  ScalarOf,
} from "../core/dtype.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import type { DistArray } from "./dist-array.ts";
import type { ChunksInput } from "./normalize-chunks.ts";

/** Whether an array has axes, as far as its type says: a `"scalar"` computes to a plain value. */
export type Rank = "array" | "scalar";

/** What `compute` gives. */
export type Computed<D extends DType, K extends Rank> = K extends "scalar"
  ? ScalarOf<D>
  : NDArray<D>;

/** What `compute` gives under `{ int64: "bigint" }`. */
export type BigComputed<D extends DType, K extends Rank> = K extends "scalar"
  ? BigScalarOf<D>
  : NDArray<D>;

/** Rank of elementwise work on two arrays: a scalar only if both are. */
export type Meet<K extends Rank, L extends Rank> = K extends "scalar" ? L : "array";

/** What may stand where an array is meant: another lazy array, or a local one. */
export type ArrayArg<D extends DType = DType, K extends Rank = Rank> = DistArray<D, K> | NDArray<D>;

/** What arithmetic takes: an array, or a scalar that adapts to the other operand. */
export type Operand = ArrayArg | Scalar;

type DTypeOfArg<T> =
  T extends DistArray<infer D, Rank> ? D : T extends NDArray<infer D> ? D : never;
type RankOfArg<T> =
  T extends DistArray<DType, infer K> ? K : T extends NDArray ? "array" : "scalar";

/** Arithmetic of an array and an operand. */
export type Arithmetic<D extends DType, K extends Rank, T extends Operand> = DistArray<
  T extends Scalar ? (D extends "bool" ? DType : D) : ArithmeticOf<D, DTypeOfArg<T>>,
  Meet<K, RankOfArg<T>>
>;

/** True division of an array by an operand. */
export type Quotient<D extends DType, K extends Rank, T extends Operand> = DistArray<
  T extends Scalar ? MeanOf<D> : MeanOf<ArithmeticOf<D, DTypeOfArg<T>>>,
  Meet<K, RankOfArg<T>>
>;

/** A test of an array against an operand. */
export type Test<K extends Rank, T extends Operand> = DistArray<"bool", Meet<K, RankOfArg<T>>>;

/** The dtype of functions such as `sin`: floats keep theirs. */
export type FloatOf<D extends DType> = D extends "float32" | "float64" | "complex64" | "complex128"
  ? D
  : D extends "bool" | "int8" | "int16" | "uint8" | "uint16"
    ? "float32"
    : "float64";

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
