/**
 * @file The elementwise methods of lazy arrays: operators and NumPy's functions. Each only names
 * its operation; what an operation does and which dtype it gives stands in the kernels' rules.
 */

import { CollectionBase } from "../core/collection.ts";
import {
  type DType,
  type DTypeLike,
  type ResolveDType,
  type Scalar,
  toDType,
} from "../core/dtype.ts";
import type { Column, FloatTable, RealFloatTable, RealTable } from "../core/dtype-tables.ts";
import { checkOptionNames } from "../core/options.ts";
import type { BinaryOp, UnaryOp } from "../ndarray/kernels/rules.ts";
import type { Arithmetic, Operand, Other, Quotient, Rank, Test } from "./array-types.ts";
import { astype, binary, unary, where } from "./build/elementwise.ts";
import { isclose, round } from "./build/functions.ts";
import type { DistArray } from "./dist-array.ts";
import type { Expr } from "./expression.ts";

/** Elementwise methods; `DistArray` is the class to use. */
export abstract class ArrayMath<D extends DType, K extends Rank> extends CollectionBase {
  /** The lazy expression; for Heddle's own use. */
  abstract readonly expr: Expr;

  /** The array over another expression. */
  protected abstract wrap<E extends DType, L extends Rank>(expr: Expr): DistArray<E, L>;

  /** The expression of an operand; scalars stay scalars. */
  protected abstract argument(value: Operand): Expr | Scalar;

  /** Square root. */
  sqrt(): DistArray<FloatTable[D], K> {
    return this.unary("sqrt");
  }

  /** Cube root. */
  cbrt(): DistArray<FloatTable[D], K> {
    return this.unary("cbrt");
  }

  /** e to the power of each element. */
  exp(): DistArray<FloatTable[D], K> {
    return this.unary("exp");
  }

  /** 2 to the power of each element. */
  exp2(): DistArray<FloatTable[D], K> {
    return this.unary("exp2");
  }

  /** exp(x) - 1, precise near 0. */
  expm1(): DistArray<FloatTable[D], K> {
    return this.unary("expm1");
  }

  /** Natural logarithm. */
  log(): DistArray<FloatTable[D], K> {
    return this.unary("log");
  }

  /** Logarithm to base 2. */
  log2(): DistArray<FloatTable[D], K> {
    return this.unary("log2");
  }

  /** Logarithm to base 10. */
  log10(): DistArray<FloatTable[D], K> {
    return this.unary("log10");
  }

  /** log(1 + x), precise near 0. */
  log1p(): DistArray<FloatTable[D], K> {
    return this.unary("log1p");
  }

  /** Sine. */
  sin(): DistArray<FloatTable[D], K> {
    return this.unary("sin");
  }

  /** Cosine. */
  cos(): DistArray<FloatTable[D], K> {
    return this.unary("cos");
  }

  /** Tangent. */
  tan(): DistArray<FloatTable[D], K> {
    return this.unary("tan");
  }

  /** Inverse sine. */
  arcsin(): DistArray<FloatTable[D], K> {
    return this.unary("arcsin");
  }

  /** Inverse cosine. */
  arccos(): DistArray<FloatTable[D], K> {
    return this.unary("arccos");
  }

  /** Inverse tangent. */
  arctan(): DistArray<FloatTable[D], K> {
    return this.unary("arctan");
  }

  /** Hyperbolic sine. */
  sinh(): DistArray<FloatTable[D], K> {
    return this.unary("sinh");
  }

  /** Hyperbolic cosine. */
  cosh(): DistArray<FloatTable[D], K> {
    return this.unary("cosh");
  }

  /** Hyperbolic tangent. */
  tanh(): DistArray<FloatTable[D], K> {
    return this.unary("tanh");
  }

  /** Inverse hyperbolic sine. */
  arcsinh(): DistArray<FloatTable[D], K> {
    return this.unary("arcsinh");
  }

  /** Inverse hyperbolic cosine. */
  arccosh(): DistArray<FloatTable[D], K> {
    return this.unary("arccosh");
  }

  /** Inverse hyperbolic tangent. */
  arctanh(): DistArray<FloatTable[D], K> {
    return this.unary("arctanh");
  }

  /** Radians as degrees. */
  degrees(): DistArray<FloatTable[D], K> {
    return this.unary("degrees");
  }

  /** Degrees as radians. */
  radians(): DistArray<FloatTable[D], K> {
    return this.unary("radians");
  }

  /** Nearest integer, halves to even, as a float. */
  rint(): DistArray<FloatTable[D], K> {
    return this.unary("rint");
  }

  /** Each element negated. */
  negative(): DistArray<D, K> {
    return this.unary("negative");
  }

  /** -1, 0 or 1. */
  sign(): DistArray<D, K> {
    return this.unary("sign");
  }

  /** Each element squared. */
  square(): DistArray<D, K> {
    return this.unary("square");
  }

  /** 1 / x. */
  reciprocal(): DistArray<D, K> {
    return this.unary("reciprocal");
  }

  /** Largest integer not above. */
  floor(): DistArray<D, K> {
    return this.unary("floor");
  }

  /** Smallest integer not below. */
  ceil(): DistArray<D, K> {
    return this.unary("ceil");
  }

  /** Integer part. */
  trunc(): DistArray<D, K> {
    return this.unary("trunc");
  }

  /** Complex conjugate. */
  conjugate(): DistArray<D, K> {
    return this.unary("conjugate");
  }

  /** Bitwise not. */
  invert(): DistArray<D, K> {
    return this.unary("invert");
  }

  /** Whether an element is NaN. */
  isnan(): DistArray<"bool", K> {
    return this.unary("isnan");
  }

  /** Whether an element is infinite. */
  isinf(): DistArray<"bool", K> {
    return this.unary("isinf");
  }

  /** Whether an element is neither NaN nor infinite. */
  isfinite(): DistArray<"bool", K> {
    return this.unary("isfinite");
  }

  /** Whether the sign is negative, also of -0. */
  signbit(): DistArray<"bool", K> {
    return this.unary("signbit");
  }

  /** Whether an element is false. */
  logicalNot(): DistArray<"bool", K> {
    return this.unary("logicalNot");
  }

  /** Absolute value. */
  abs(): DistArray<RealTable[D], K> {
    return this.unary("absolute");
  }

  /** Angle of complex elements. */
  angle(): DistArray<RealFloatTable[D], K> {
    return this.unary("angle");
  }

  /** Sum. */
  add<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("add", other);
  }

  /** Difference. */
  subtract<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("subtract", other);
  }

  /** Short for `subtract`. */
  sub<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("subtract", other);
  }

  /**
   * Product, element by element. Of integers with 1.5 it is an error (`DTypeMismatch`), since no
   * dtype depends on values: `astype("float64")` first.
   */
  multiply<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("multiply", other);
  }

  /** Short for `multiply`. */
  mul<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("multiply", other);
  }

  /** Quotient, rounded down. */
  floorDivide<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("floorDivide", other);
  }

  /** Remainder with the sign of the divisor, as in Python. */
  remainder<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("remainder", other);
  }

  /** Short for `remainder`. */
  mod<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("remainder", other);
  }

  /** Remainder with the sign of the dividend, as in C. */
  fmod<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("fmod", other);
  }

  /** Each element to a power. */
  power<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("power", other);
  }

  /** Short for `power`. */
  pow<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("power", other);
  }

  /** Larger element; NaN wins. */
  maximum<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("maximum", other);
  }

  /** Smaller element; NaN wins. */
  minimum<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("minimum", other);
  }

  /** Larger element; NaN loses. */
  fmax<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("fmax", other);
  }

  /** Smaller element; NaN loses. */
  fmin<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("fmin", other);
  }

  /** Bits set in both. */
  bitwiseAnd<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("bitwiseAnd", other);
  }

  /** Bits set in either. */
  bitwiseOr<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("bitwiseOr", other);
  }

  /** Bits set in one of both. */
  bitwiseXor<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("bitwiseXor", other);
  }

  /** Bits moved to the left. */
  leftShift<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("leftShift", other);
  }

  /** Bits moved to the right. */
  rightShift<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("rightShift", other);
  }

  /** True quotient. */
  divide<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Quotient<D, K, E, L> {
    return this.binary("divide", other);
  }

  /** Short for `divide`. */
  div<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Quotient<D, K, E, L> {
    return this.binary("divide", other);
  }

  /** Angle of the point whose y is here and whose x is in `other`. */
  arctan2<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Quotient<D, K, E, L> {
    return this.binary("arctan2", other);
  }

  /** Length of the hypotenuse. */
  hypot<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Quotient<D, K, E, L> {
    return this.binary("hypot", other);
  }

  /** Magnitude of this, sign of the other. */
  copysign<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Quotient<D, K, E, L> {
    return this.binary("copysign", other);
  }

  /** log(exp(x) + exp(y)). */
  logaddexp<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Quotient<D, K, E, L> {
    return this.binary("logaddexp", other);
  }

  /** Less than. */
  lt<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("less", other);
  }

  /** At most. */
  le<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("lessEqual", other);
  }

  /** Greater than. */
  gt<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("greater", other);
  }

  /** At least. */
  ge<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("greaterEqual", other);
  }

  /** Equal, element by element. */
  eq<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("equal", other);
  }

  /** Not equal, element by element. */
  ne<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("notEqual", other);
  }

  /** Both true. */
  logicalAnd<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("logicalAnd", other);
  }

  /** Either true. */
  logicalOr<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("logicalOr", other);
  }

  /** One of both true. */
  logicalXor<L extends Rank = "scalar">(other: Other<Column, L>): Test<K, L> {
    return this.binary("logicalXor", other);
  }

  /** `&` of Python: bitwise, which for bool is logical. */
  and<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("bitwiseAnd", other);
  }

  /** `|` of Python: bitwise, which for bool is logical. */
  or<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("bitwiseOr", other);
  }

  /** `^` of Python: bitwise, which for bool is logical. */
  xor<E extends Column = "scalar", L extends Rank = "scalar">(
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.binary("bitwiseXor", other);
  }

  /** Whether `a` differs from this by at most `atol + rtol * |a|`. */
  isclose(
    other: Operand,
    options: { readonly rtol?: number; readonly atol?: number; readonly equalNan?: boolean } = {},
  ): DistArray<"bool", Rank> {
    checkOptionNames("isclose", options, ["rtol", "atol", "equalNan"]);
    const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
    return this.wrap(isclose(this.expr, this.argument(other), { rtol, atol, equalNan }));
  }

  /**
   * The elements cast to another dtype. Floats truncate toward zero, integers wrap; NaN and what
   * does not fit become what NumPy gives on x86 (the smallest int32 or int64, 0 in small integers).
   */
  astype<T extends DTypeLike>(dtype: T): DistArray<ResolveDType<T>, K> {
    return this.wrap(astype(this.expr, toDType(dtype) as DType));
  }

  /** Elements below `low` or above `high` replaced by these; null means no bound. */
  clip(low: Operand | null, high: Operand | null = null): DistArray<D, K> {
    let { expr } = this;
    if (low !== null) expr = binary("maximum", expr, this.argument(low));
    if (high !== null) expr = binary("minimum", expr, this.argument(high));
    return this.wrap(expr);
  }

  /** Rounded to `decimals` places (default 0), halves to even. */
  round(decimals = 0): DistArray<D, K> {
    return this.wrap(round(this.expr, decimals));
  }

  /** These elements where `condition` holds, those of `other` elsewhere. */
  where<E extends Column = "scalar", L extends Rank = "scalar">(
    condition: Operand,
    other: Other<E, L>,
  ): Arithmetic<D, K, E, L> {
    return this.wrap(where(this.argument(condition), this.expr, this.argument(other)));
  }

  /** Real parts. */
  get real(): DistArray<RealTable[D], K> {
    return this.unary("real");
  }

  /** Imaginary parts. */
  get imag(): DistArray<RealTable[D], K> {
    return this.unary("imag");
  }

  protected unary<T>(op: UnaryOp): T {
    return this.wrap(unary(op, this.expr)) as T;
  }

  protected binary<T>(op: BinaryOp, other: Operand): T {
    return this.wrap(binary(op, this.expr, this.argument(other))) as T;
  }
}
