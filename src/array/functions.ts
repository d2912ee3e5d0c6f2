/**
 * @file The elementwise functions and reductions of `heddle/array` as free functions: `da.sin(x)`,
 * `da.sum(x, { axis: 0 })`. They take lazy and local arrays alike; what they do stands in the
 * kernels' rules.
 */

import {
  type DType,
  type DTypeLike,
  isScalar,
  type ResolveDType,
  type Scalar,
} from "../core/dtype.ts";
import type {
  FloatTable,
  MeanTable,
  RealTable,
  SpreadTable,
  SumTable,
} from "../core/dtype-tables.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { BinaryOp, UnaryOp } from "../ndarray/kernels/rules.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import { toExpr } from "./arguments.ts";
import { parameters } from "./array-reductions.ts";
import type {
  ArrayArg,
  Operand,
  Rank,
  ReduceArg,
  ReduceOptions,
  ReduceOptionsOf,
  VarianceOptions,
  WholeOptions,
  WholeOptionsOf,
  WholeVarianceOptions,
} from "./array-types.ts";
import { binary, unary, where as whereExpr } from "./build/elementwise.ts";
import {
  isclose as iscloseExpr,
  nanToNum as nanToNumExpr,
  round as roundExpr,
} from "./build/functions.ts";
import { nonzero as nonzeroExprs } from "./build/nonzero.ts";
import {
  mean as meanExpr,
  nanmean as nanmeanExpr,
  nanprod as nanprodExpr,
  nansum as nansumExpr,
  ptp as ptpExpr,
  type ReduceParameters,
  reduce,
} from "./build/reduce.ts";
import { DistArray } from "./dist-array.ts";
import type { Expr, ReductionOp } from "./expression.ts";

/** A function of each element whose result is a float. */
export interface FloatFunction {
  <D extends DType, K extends Rank>(x: DistArray<D, K>): DistArray<FloatTable[D], K>;
  <D extends DType>(x: NDArray<D>): DistArray<FloatTable[D]>;
}

/** A function of each element that keeps the dtype. */
export interface SameFunction {
  <D extends DType, K extends Rank>(x: DistArray<D, K>): DistArray<D, K>;
  <D extends DType>(x: NDArray<D>): DistArray<D>;
}

/** A function of each element that gives a real number. */
export interface RealFunction {
  <D extends DType, K extends Rank>(x: DistArray<D, K>): DistArray<RealTable[D], K>;
  <D extends DType>(x: NDArray<D>): DistArray<RealTable[D]>;
}

/** A test of each element. */
export interface TestFunction {
  <K extends Rank>(x: DistArray<DType, K>): DistArray<"bool", K>;
  (x: NDArray): DistArray<"bool">;
}

/** A function of two arrays or scalars, element by element. */
export type BinaryFunction<D extends DType = DType> = (a: Operand, b: Operand) => DistArray<D>;

function elementwise<F>(op: UnaryOp): F {
  return ((x: ArrayArg) => new DistArray(unary(op, toExpr(x)))) as F;
}

function operand(value: Operand): Expr | Scalar {
  return isScalar(value) ? value : toExpr(value);
}

function pairwise<D extends DType = DType>(op: BinaryOp): BinaryFunction<D> {
  return (a, b) => {
    const first = isScalar(a) && isScalar(b) ? toExpr(a) : operand(a);
    return new DistArray<D>(binary(op, first, operand(b)));
  };
}

/** Square root. */
export const sqrt: FloatFunction = elementwise("sqrt");
/** Cube root. */
export const cbrt: FloatFunction = elementwise("cbrt");
/** e to the power of each element. */
export const exp: FloatFunction = elementwise("exp");
/** 2 to the power of each element. */
export const exp2: FloatFunction = elementwise("exp2");
/** exp(x) - 1, precise near 0. */
export const expm1: FloatFunction = elementwise("expm1");
/** Natural logarithm. */
export const log: FloatFunction = elementwise("log");
/** Logarithm to base 2. */
export const log2: FloatFunction = elementwise("log2");
/** Logarithm to base 10. */
export const log10: FloatFunction = elementwise("log10");
/** log(1 + x), precise near 0. */
export const log1p: FloatFunction = elementwise("log1p");
/** Sine. */
export const sin: FloatFunction = elementwise("sin");
/** Cosine. */
export const cos: FloatFunction = elementwise("cos");
/** Tangent. */
export const tan: FloatFunction = elementwise("tan");
/** Inverse sine. */
export const arcsin: FloatFunction = elementwise("arcsin");
/** Inverse cosine. */
export const arccos: FloatFunction = elementwise("arccos");
/** Inverse tangent. */
export const arctan: FloatFunction = elementwise("arctan");
/** Hyperbolic sine. */
export const sinh: FloatFunction = elementwise("sinh");
/** Hyperbolic cosine. */
export const cosh: FloatFunction = elementwise("cosh");
/** Hyperbolic tangent. */
export const tanh: FloatFunction = elementwise("tanh");
/** Inverse hyperbolic sine. */
export const arcsinh: FloatFunction = elementwise("arcsinh");
/** Inverse hyperbolic cosine. */
export const arccosh: FloatFunction = elementwise("arccosh");
/** Inverse hyperbolic tangent. */
export const arctanh: FloatFunction = elementwise("arctanh");
/** Radians as degrees. */
export const degrees: FloatFunction = elementwise("degrees");
/** Degrees as radians. */
export const radians: FloatFunction = elementwise("radians");
/** Nearest integer, halves to even, as a float. */
export const rint: FloatFunction = elementwise("rint");
/** The same as `degrees`. */
export const rad2deg: FloatFunction = degrees;
/** The same as `radians`. */
export const deg2rad: FloatFunction = radians;
/** Each element negated. */
export const negative: SameFunction = elementwise("negative");
/** Each element as it is. */
export const positive: SameFunction = elementwise("positive");
/** -1, 0 or 1. */
export const sign: SameFunction = elementwise("sign");
/** Each element squared. */
export const square: SameFunction = elementwise("square");
/** 1 / x. */
export const reciprocal: SameFunction = elementwise("reciprocal");
/** Largest integer not above. */
export const floor: SameFunction = elementwise("floor");
/** Smallest integer not below. */
export const ceil: SameFunction = elementwise("ceil");
/** Integer part. */
export const trunc: SameFunction = elementwise("trunc");
/** Complex conjugate. */
export const conjugate: SameFunction = elementwise("conjugate");
/** Bitwise not. */
export const invert: SameFunction = elementwise("invert");
/** Integer part, towards 0. */
export const fix: SameFunction = trunc;
/** Bitwise not. */
export const bitwiseNot: SameFunction = invert;
/** Complex conjugate. */
export const conj: SameFunction = conjugate;
/** Absolute value. */
export const absolute: RealFunction = elementwise("absolute");
/** Absolute value. */
export const abs: RealFunction = elementwise("absolute");
/** Absolute value. */
export const fabs: RealFunction = elementwise("absolute");
/** Real parts. */
export const real: RealFunction = elementwise("real");
/** Imaginary parts. */
export const imag: RealFunction = elementwise("imag");
/** Angle of complex elements. */
export const angle: RealFunction = elementwise("angle");
/** Whether an element is NaN. */
export const isnan: TestFunction = elementwise("isnan");
/** Whether an element is infinite. */
export const isinf: TestFunction = elementwise("isinf");
/** Whether an element is neither NaN nor infinite. */
export const isfinite: TestFunction = elementwise("isfinite");
/** Whether the sign is negative, also of -0. */
export const signbit: TestFunction = elementwise("signbit");
/** Whether an element is false. */
export const logicalNot: TestFunction = elementwise("logicalNot");
/** Sum. */
export const add: BinaryFunction = pairwise("add");
/** Difference. */
export const subtract: BinaryFunction = pairwise("subtract");
/** Product, element by element. */
export const multiply: BinaryFunction = pairwise("multiply");
/** True quotient. */
export const divide: BinaryFunction = pairwise("divide");
/** True quotient. */
export const trueDivide: BinaryFunction = pairwise("divide");
/** Quotient, rounded down. */
export const floorDivide: BinaryFunction = pairwise("floorDivide");
/** Remainder with the sign of the divisor. */
export const remainder: BinaryFunction = pairwise("remainder");
/** Remainder with the sign of the divisor. */
export const mod: BinaryFunction = pairwise("remainder");
/** Remainder with the sign of the dividend. */
export const fmod: BinaryFunction = pairwise("fmod");
/** Each element to a power. */
export const power: BinaryFunction = pairwise("power");
/** Larger element; NaN wins. */
export const maximum: BinaryFunction = pairwise("maximum");
/** Smaller element; NaN wins. */
export const minimum: BinaryFunction = pairwise("minimum");
/** Larger element; NaN loses. */
export const fmax: BinaryFunction = pairwise("fmax");
/** Smaller element; NaN loses. */
export const fmin: BinaryFunction = pairwise("fmin");
/** Angle of the point (b, a). */
export const arctan2: BinaryFunction = pairwise("arctan2");
/** Length of the hypotenuse. */
export const hypot: BinaryFunction = pairwise("hypot");
/** Magnitude of a, sign of b. */
export const copysign: BinaryFunction = pairwise("copysign");
/** log(exp(a) + exp(b)). */
export const logaddexp: BinaryFunction = pairwise("logaddexp");
/** Bits set in both. */
export const bitwiseAnd: BinaryFunction = pairwise("bitwiseAnd");
/** Bits set in either. */
export const bitwiseOr: BinaryFunction = pairwise("bitwiseOr");
/** Bits set in one of both. */
export const bitwiseXor: BinaryFunction = pairwise("bitwiseXor");
/** Bits moved to the left. */
export const leftShift: BinaryFunction = pairwise("leftShift");
/** Bits moved to the right. */
export const rightShift: BinaryFunction = pairwise("rightShift");
/** Equal, element by element. */
export const equal: BinaryFunction<"bool"> = pairwise("equal");
/** Not equal, element by element. */
export const notEqual: BinaryFunction<"bool"> = pairwise("notEqual");
/** Less than. */
export const less: BinaryFunction<"bool"> = pairwise("less");
/** At most. */
export const lessEqual: BinaryFunction<"bool"> = pairwise("lessEqual");
/** Greater than. */
export const greater: BinaryFunction<"bool"> = pairwise("greater");
/** At least. */
export const greaterEqual: BinaryFunction<"bool"> = pairwise("greaterEqual");
/** Both true. */
export const logicalAnd: BinaryFunction<"bool"> = pairwise("logicalAnd");
/** Either true. */
export const logicalOr: BinaryFunction<"bool"> = pairwise("logicalOr");
/** One of both true. */
export const logicalXor: BinaryFunction<"bool"> = pairwise("logicalXor");

/**
 * `a` where the condition holds, else `b`; of a condition alone, where it holds: one array of
 * positions for each axis, as `nonzero`.
 */
export function where(condition: ArrayArg): DistArray<"int64">[];
export function where(condition: Operand, a: Operand, b: Operand): DistArray;
export function where(
  condition: Operand,
  a?: Operand,
  b?: Operand,
): DistArray | DistArray<"int64">[] {
  if (a === undefined && b === undefined) return nonzero(condition as ArrayArg);
  if (a === undefined || b === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "where takes a condition alone, or with two values: where(x.gt(0)), where(x.gt(0), x, 0)",
    );
  }
  const all = [condition, a, b].every(isScalar);
  return new DistArray(
    whereExpr(all ? toExpr(condition) : operand(condition), operand(a), operand(b)),
  );
}

/**
 * Where elements are not zero: one array of positions for each axis, in C order. How many there are
 * is known when they are computed.
 *
 * @example
 * import * as da from "heddle/array";
 * const places = await Promise.all(da.nonzero(da.eye(3)).map((axis) => axis.compute()));
 * console.log(places.map((axis) => axis.toArray())); // [ [ 0, 1, 2 ], [ 0, 1, 2 ] ]
 */
export function nonzero(x: ArrayArg): DistArray<"int64">[] {
  return nonzeroExprs(toExpr(x)).map((positions) => new DistArray<"int64">(positions));
}

/** Positions in C order of the elements that are not zero. */
export function flatnonzero(x: ArrayArg): DistArray<"int64"> {
  const [positions] = nonzero(new DistArray(toExpr(x)).ravel());
  return positions as DistArray<"int64">;
}

/** Elements below `low` or above `high` replaced by these; null means no bound. */
export function clip<D extends DType>(
  x: ArrayArg<D>,
  low: Operand | null,
  high: Operand | null,
): DistArray<D> {
  return new DistArray<D>(toExpr(x)).clip(low, high);
}

/** Rounded to `decimals` places (default 0), halves to even. */
export function round<D extends DType>(x: ArrayArg<D>, decimals = 0): DistArray<D> {
  return new DistArray(roundExpr(toExpr(x), decimals));
}

/** The same as `round`. */
export const around: typeof round = round;

/** Options of `isclose` and `allclose`. */
export interface CloseOptions {
  /** Default 1e-5. */
  readonly rtol?: number;
  /** Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN equals NaN; default false. */
  readonly equalNan?: boolean;
}

/** Whether elements differ by at most `atol + rtol * |b|`. */
export function isclose(a: ArrayArg, b: Operand, options: CloseOptions = {}): DistArray<"bool"> {
  checkOptionNames("isclose", options, ["rtol", "atol", "equalNan"]);
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  return new DistArray(iscloseExpr(toExpr(a), operand(b), { rtol, atol, equalNan }));
}

/** Whether all elements are close. */
export function allclose(
  a: ArrayArg,
  b: Operand,
  options: CloseOptions = {},
): DistArray<"bool", "scalar"> {
  return isclose(a, b, options).all();
}

/** NaN (default by 0) and infinities (default by the largest numbers) replaced. */
export function nanToNum<D extends DType>(
  x: ArrayArg<D>,
  options: { readonly nan?: number; readonly posinf?: number; readonly neginf?: number } = {},
): DistArray<D> {
  checkOptionNames("nanToNum", options, ["nan", "posinf", "neginf"]);
  const array = toExpr(x);
  const most = array.dtype === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
  const { nan = 0, posinf = most, neginf = -most } = options;
  return new DistArray(nanToNumExpr(array, { nan, posinf, neginf }));
}

/** A reduction: to a plain value without `axis`, to an array with one. */
export interface ReduceFunction<
  R extends { readonly [K in DType]: DType },
  O = ReduceOptions,
  W = WholeOptions,
> {
  <D extends DType>(x: ArrayArg<D>, options?: W): DistArray<R[D], "scalar">;
  <D extends DType>(x: ArrayArg<D>, options: ReduceArg<O>): DistArray<R[D]>;
}

/** A reduction that can accumulate in a dtype of the caller's choice, which is its result's. */
export interface AccumulateFunction<R extends { readonly [K in DType]: DType }> {
  <D extends DType>(x: ArrayArg<D>, options?: WholeOptions): DistArray<R[D], "scalar">;
  <T extends DTypeLike>(
    x: ArrayArg,
    options: WholeOptionsOf<T>,
  ): DistArray<ResolveDType<T>, "scalar">;
  <T extends DTypeLike>(x: ArrayArg, options: ReduceOptionsOf<T>): DistArray<ResolveDType<T>>;
  <D extends DType>(x: ArrayArg<D>, options: ReduceArg): DistArray<R[D]>;
}

/** A variance or a standard deviation. */
export type SpreadFunction = ReduceFunction<SpreadTable, VarianceOptions, WholeVarianceOptions>;

type Sames = { readonly [D in DType]: D };
type Always<T extends DType> = { readonly [D in DType]: T };

function reducer<F>(what: string, build: (x: Expr, options: ReduceParameters) => Expr): F {
  return ((x: ArrayArg, options?: ReduceArg<VarianceOptions>) =>
    new DistArray(build(toExpr(x), parameters(options, what)))) as F;
}

function tree<F>(op: ReductionOp): F {
  return reducer(op, (x, options) => reduce(x, op, options));
}

/** Sum of elements. */
export const sum: AccumulateFunction<SumTable> = tree("sum");
/** Product of elements. */
export const prod: AccumulateFunction<SumTable> = tree("prod");
/** Smallest element; NaN if there is one. */
export const min: ReduceFunction<Sames> = tree("min");
/** Largest element; NaN if there is one. */
export const max: ReduceFunction<Sames> = tree("max");
/** Smallest element that is not NaN. */
export const nanmin: ReduceFunction<Sames> = tree("nanmin");
/** Largest element that is not NaN. */
export const nanmax: ReduceFunction<Sames> = tree("nanmax");
/** Whether any element is true. */
export const any: ReduceFunction<Always<"bool">> = tree("any");
/** Whether all elements are true. */
export const all: ReduceFunction<Always<"bool">> = tree("all");
/** Position of the smallest element. */
export const argmin: ReduceFunction<Always<"int64">> = tree("argmin");
/** Position of the largest element. */
export const argmax: ReduceFunction<Always<"int64">> = tree("argmax");
/** Position of the smallest element that is not NaN. */
export const nanargmin: ReduceFunction<Always<"int64">> = tree("nanargmin");
/** Position of the largest element that is not NaN. */
export const nanargmax: ReduceFunction<Always<"int64">> = tree("nanargmax");
/** Standard deviation. */
export const std: SpreadFunction = tree("std");
/** Variance of what is not NaN. */
export const nanvar: SpreadFunction = tree("nanvar");
/** Standard deviation of what is not NaN. */
export const nanstd: SpreadFunction = tree("nanstd");
const variance: SpreadFunction = tree("var");
/** Arithmetic mean. */
export const mean: AccumulateFunction<MeanTable> = reducer("mean", meanExpr);
/** Mean of what is not NaN. */
export const nanmean: AccumulateFunction<MeanTable> = reducer("nanmean", nanmeanExpr);
/** Sum of what is not NaN. */
export const nansum: AccumulateFunction<SumTable> = reducer("nansum", nansumExpr);
/** Product of what is not NaN. */
export const nanprod: AccumulateFunction<SumTable> = reducer("nanprod", nanprodExpr);
/** Largest minus smallest element. */
export const ptp: ReduceFunction<Sames> = reducer("ptp", ptpExpr);
export {
  /** Variance. */
  variance as var,
};
