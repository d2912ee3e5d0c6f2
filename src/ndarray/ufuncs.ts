/**
 * @file NumPy's elementwise functions over local arrays and numbers. All run as kernels;
 * expressions of several of them are fused only where a collection builds one kernel
 * (`heddle/array` does).
 */
import type { ArithmeticOf, DType, MeanOf, RealOf, Scalar } from "../core/dtype.ts";
import type { BinaryOp, UnaryOp } from "./kernels/rules.ts";
import { NDArray } from "./ndarray.ts";
import {
  binaryLayout,
  type LayoutOrScalar,
  roundLayout,
  unaryLayout,
  whereLayout,
} from "./operations.ts";

/** An array or a number, which takes the dtype of the arrays that it meets. */
export type Operand<D extends DType = DType> = NDArray<D> | Scalar;

/** Keeps the dtype. */
export type SameFunction = <D extends DType>(x: NDArray<D>) => NDArray<D>;
/** Gives floats. */
export type FloatFunction = <D extends DType>(x: NDArray<D>) => NDArray<MeanOf<D>>;
/** Gives booleans. */
export type TestFunction = (x: NDArray) => NDArray<"bool">;
/** Combines two arrays, or an array and a number. */
export interface ArithmeticFunction {
  <D extends DType>(x: NDArray<D>, y: Scalar): NDArray<D>;
  <D extends DType>(x: Scalar, y: NDArray<D>): NDArray<D>;
  <A extends DType, B extends DType>(x: NDArray<A>, y: NDArray<B>): NDArray<ArithmeticOf<A, B>>;
}
/** Subtracts: the difference of two dates is a time span. */
export interface SubtractFunction extends ArithmeticFunction {
  (x: NDArray<"datetime64">, y: NDArray<"datetime64">): NDArray<"timedelta64">;
}
/** Divides: integers give float64. */
export interface DivideFunction {
  <D extends DType>(x: NDArray<D>, y: Scalar): NDArray<MeanOf<D>>;
  <D extends DType>(x: Scalar, y: NDArray<D>): NDArray<MeanOf<D>>;
  <A extends DType, B extends DType>(
    x: NDArray<A>,
    y: NDArray<B>,
  ): NDArray<MeanOf<ArithmeticOf<A, B>>>;
}
/** Compares. */
export type CompareFunction = (x: Operand, y: Operand) => NDArray<"bool">;

function unary(op: UnaryOp): never {
  return ((x: LayoutOrScalar) => NDArray.of(unaryLayout(op, x))) as never;
}

function binary(op: BinaryOp): never {
  return ((x: LayoutOrScalar, y: LayoutOrScalar) => NDArray.of(binaryLayout(op, x, y))) as never;
}

export const add: ArithmeticFunction = binary("add");
export const subtract: SubtractFunction = binary("subtract");
export const multiply: ArithmeticFunction = binary("multiply");
export const divide: DivideFunction = binary("divide");
export const floorDivide: ArithmeticFunction = binary("floorDivide");
/** The remainder with the sign of the divisor. */
export const remainder: ArithmeticFunction = binary("remainder");
/** The remainder with the sign of the dividend, as C's. */
export const fmod: ArithmeticFunction = binary("fmod");
export const power: ArithmeticFunction = binary("power");
/** The larger of two; NaN if either is. */
export const maximum: ArithmeticFunction = binary("maximum");
/** The smaller of two; NaN if either is. */
export const minimum: ArithmeticFunction = binary("minimum");
/** The larger of two, ignoring NaN. */
export const fmax: ArithmeticFunction = binary("fmax");
/** The smaller of two, ignoring NaN. */
export const fmin: ArithmeticFunction = binary("fmin");
export const arctan2: DivideFunction = binary("arctan2");
export const hypot: DivideFunction = binary("hypot");
export const copysign: DivideFunction = binary("copysign");
export const logaddexp: DivideFunction = binary("logaddexp");
export const bitwiseAnd: ArithmeticFunction = binary("bitwiseAnd");
export const bitwiseOr: ArithmeticFunction = binary("bitwiseOr");
export const bitwiseXor: ArithmeticFunction = binary("bitwiseXor");
export const leftShift: ArithmeticFunction = binary("leftShift");
export const rightShift: ArithmeticFunction = binary("rightShift");

export const equal: CompareFunction = binary("equal");
export const notEqual: CompareFunction = binary("notEqual");
export const less: CompareFunction = binary("less");
export const lessEqual: CompareFunction = binary("lessEqual");
export const greater: CompareFunction = binary("greater");
export const greaterEqual: CompareFunction = binary("greaterEqual");
export const logicalAnd: CompareFunction = binary("logicalAnd");
export const logicalOr: CompareFunction = binary("logicalOr");
export const logicalXor: CompareFunction = binary("logicalXor");

export const negative: SameFunction = unary("negative");
export const sign: SameFunction = unary("sign");
export const square: SameFunction = unary("square");
export const reciprocal: SameFunction = unary("reciprocal");
export const conjugate: SameFunction = unary("conjugate");
export const invert: SameFunction = unary("invert");
export const floor: SameFunction = unary("floor");
export const ceil: SameFunction = unary("ceil");
export const trunc: SameFunction = unary("trunc");
/** Rounds half to even. */
export const rint: FloatFunction = unary("rint");
export const absolute: <D extends DType>(x: NDArray<D>) => NDArray<RealOf<D>> = unary("absolute");
export const angle: <D extends DType>(x: NDArray<D>) => NDArray<RealOf<MeanOf<D>>> = unary("angle");

export const sqrt: FloatFunction = unary("sqrt");
export const cbrt: FloatFunction = unary("cbrt");
export const exp: FloatFunction = unary("exp");
export const exp2: FloatFunction = unary("exp2");
export const expm1: FloatFunction = unary("expm1");
export const log: FloatFunction = unary("log");
export const log2: FloatFunction = unary("log2");
export const log10: FloatFunction = unary("log10");
export const log1p: FloatFunction = unary("log1p");
export const sin: FloatFunction = unary("sin");
export const cos: FloatFunction = unary("cos");
export const tan: FloatFunction = unary("tan");
export const arcsin: FloatFunction = unary("arcsin");
export const arccos: FloatFunction = unary("arccos");
export const arctan: FloatFunction = unary("arctan");
export const sinh: FloatFunction = unary("sinh");
export const cosh: FloatFunction = unary("cosh");
export const tanh: FloatFunction = unary("tanh");
export const arcsinh: FloatFunction = unary("arcsinh");
export const arccosh: FloatFunction = unary("arccosh");
export const arctanh: FloatFunction = unary("arctanh");
export const degrees: FloatFunction = unary("degrees");
export const radians: FloatFunction = unary("radians");

export const isnan: TestFunction = unary("isnan");
export const isinf: TestFunction = unary("isinf");
export const isfinite: TestFunction = unary("isfinite");
export const signbit: TestFunction = unary("signbit");
export const logicalNot: TestFunction = unary("logicalNot");

/** Elements of `x` where the condition holds, else of `y`. */
export function where<A extends DType, B extends DType = A>(
  condition: Operand,
  x: Operand<A>,
  y: Operand<B>,
): NDArray<ArithmeticOf<A, B>> {
  return NDArray.of(whereLayout(condition, x, y)) as unknown as NDArray<ArithmeticOf<A, B>>;
}

/** Limits elements to `low` and `high`, either of which may be null for no limit. */
export function clip<D extends DType>(
  x: NDArray<D>,
  low: Operand | null,
  high: Operand | null,
): NDArray<D> {
  const raised = low === null ? x : binaryLayout("maximum", x, low);
  return NDArray.of(high === null ? raised : binaryLayout("minimum", raised, high)) as NDArray<D>;
}

/** Rounds to `decimals` (default 0) places, half to even. */
export function round<D extends DType>(x: NDArray<D>, decimals = 0): NDArray<D> {
  return NDArray.of(roundLayout(x, decimals)) as NDArray<D>;
}
