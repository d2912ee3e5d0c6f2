/**
 * @file The elementwise methods of lazy arrays: operators and NumPy's functions. Each only names
 * its operation; what an operation does and which dtype it gives stands in the kernels' rules.
 */
import { CollectionBase } from "../core/collection.ts";
import {
  type DType,
  type DTypeLike,
  type RealOf,
  type ResolveDType,
  type Scalar,
  toDType,
} from "../core/dtype.ts";
import type { BinaryOp, UnaryOp } from "../ndarray/kernels/rules.ts";
import type { Arithmetic, FloatOf, Operand, Quotient, Rank, Test } from "./array-types.ts";
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
  sqrt(): DistArray<FloatOf<D>, K> {
    return this.unary("sqrt");
  }

  /** Cube root. */
  cbrt(): DistArray<FloatOf<D>, K> {
    return this.unary("cbrt");
  }

  /** e to the power of each element. */
  exp(): DistArray<FloatOf<D>, K> {
    return this.unary("exp");
  }

  /** 2 to the power of each element. */
  exp2(): DistArray<FloatOf<D>, K> {
    return this.unary("exp2");
  }

  /** exp(x) - 1, precise near 0. */
  expm1(): DistArray<FloatOf<D>, K> {
    return this.unary("expm1");
  }

  /** Natural logarithm. */
  log(): DistArray<FloatOf<D>, K> {
    return this.unary("log");
  }

  /** Logarithm to base 2. */
  log2(): DistArray<FloatOf<D>, K> {
    return this.unary("log2");
  }

  /** Logarithm to base 10. */
  log10(): DistArray<FloatOf<D>, K> {
    return this.unary("log10");
  }

  /** log(1 + x), precise near 0. */
  log1p(): DistArray<FloatOf<D>, K> {
    return this.unary("log1p");
  }

  /** Sine. */
  sin(): DistArray<FloatOf<D>, K> {
    return this.unary("sin");
  }

  /** Cosine. */
  cos(): DistArray<FloatOf<D>, K> {
    return this.unary("cos");
  }

  /** Tangent. */
  tan(): DistArray<FloatOf<D>, K> {
    return this.unary("tan");
  }

  /** Inverse sine. */
  arcsin(): DistArray<FloatOf<D>, K> {
    return this.unary("arcsin");
  }

  /** Inverse cosine. */
  arccos(): DistArray<FloatOf<D>, K> {
    return this.unary("arccos");
  }

  /** Inverse tangent. */
  arctan(): DistArray<FloatOf<D>, K> {
    return this.unary("arctan");
  }

  /** Hyperbolic sine. */
  sinh(): DistArray<FloatOf<D>, K> {
    return this.unary("sinh");
  }

  /** Hyperbolic cosine. */
  cosh(): DistArray<FloatOf<D>, K> {
    return this.unary("cosh");
  }

  /** Hyperbolic tangent. */
  tanh(): DistArray<FloatOf<D>, K> {
    return this.unary("tanh");
  }

  /** Inverse hyperbolic sine. */
  arcsinh(): DistArray<FloatOf<D>, K> {
    return this.unary("arcsinh");
  }

  /** Inverse hyperbolic cosine. */
  arccosh(): DistArray<FloatOf<D>, K> {
    return this.unary("arccosh");
  }

  /** Inverse hyperbolic tangent. */
  arctanh(): DistArray<FloatOf<D>, K> {
    return this.unary("arctanh");
  }

  /** Radians as degrees. */
  degrees(): DistArray<FloatOf<D>, K> {
    return this.unary("degrees");
  }

  /** Degrees as radians. */
  radians(): DistArray<FloatOf<D>, K> {
    return this.unary("radians");
  }

  /** Nearest integer, halves to even, as a float. */
  rint(): DistArray<FloatOf<D>, K> {
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
  abs(): DistArray<RealOf<D>, K> {
    return this.unary("absolute");
  }

  /** Angle of complex elements. */
  angle(): DistArray<RealOf<FloatOf<D>>, K> {
    return this.unary("angle");
  }

  /** Sum. */
  add<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("add", other);
  }

  /** Difference. */
  subtract<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("subtract", other);
  }

  /** Short for `subtract`. */
  sub<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("subtract", other);
  }

  /** Product, element by element. */
  multiply<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("multiply", other);
  }

  /** Short for `multiply`. */
  mul<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("multiply", other);
  }

  /** Quotient, rounded down. */
  floorDivide<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("floorDivide", other);
  }

  /** Remainder with the sign of the divisor, as in Python. */
  remainder<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("remainder", other);
  }

  /** Short for `remainder`. */
  mod<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("remainder", other);
  }

  /** Remainder with the sign of the dividend, as in C. */
  fmod<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("fmod", other);
  }

  /** Each element to a power. */
  power<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("power", other);
  }

  /** Short for `power`. */
  pow<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("power", other);
  }

  /** Larger element; NaN wins. */
  maximum<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("maximum", other);
  }

  /** Smaller element; NaN wins. */
  minimum<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("minimum", other);
  }

  /** Larger element; NaN loses. */
  fmax<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("fmax", other);
  }

  /** Smaller element; NaN loses. */
  fmin<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("fmin", other);
  }

  /** Bits set in both. */
  bitwiseAnd<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("bitwiseAnd", other);
  }

  /** Bits set in either. */
  bitwiseOr<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("bitwiseOr", other);
  }

  /** Bits set in one of both. */
  bitwiseXor<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("bitwiseXor", other);
  }

  /** Bits moved to the left. */
  leftShift<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("leftShift", other);
  }

  /** Bits moved to the right. */
  rightShift<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("rightShift", other);
  }

  /** True quotient. */
  divide<T extends Operand>(other: T): Quotient<D, K, T> {
    return this.binary("divide", other);
  }

  /** Short for `divide`. */
  div<T extends Operand>(other: T): Quotient<D, K, T> {
    return this.binary("divide", other);
  }

  /** Angle of the point whose y is here and whose x is in `other`. */
  arctan2<T extends Operand>(other: T): Quotient<D, K, T> {
    return this.binary("arctan2", other);
  }

  /** Length of the hypotenuse. */
  hypot<T extends Operand>(other: T): Quotient<D, K, T> {
    return this.binary("hypot", other);
  }

  /** Magnitude of this, sign of the other. */
  copysign<T extends Operand>(other: T): Quotient<D, K, T> {
    return this.binary("copysign", other);
  }

  /** log(exp(x) + exp(y)). */
  logaddexp<T extends Operand>(other: T): Quotient<D, K, T> {
    return this.binary("logaddexp", other);
  }

  /** Less than. */
  lt<T extends Operand>(other: T): Test<K, T> {
    return this.binary("less", other);
  }

  /** At most. */
  le<T extends Operand>(other: T): Test<K, T> {
    return this.binary("lessEqual", other);
  }

  /** Greater than. */
  gt<T extends Operand>(other: T): Test<K, T> {
    return this.binary("greater", other);
  }

  /** At least. */
  ge<T extends Operand>(other: T): Test<K, T> {
    return this.binary("greaterEqual", other);
  }

  /** Equal, element by element. */
  eq<T extends Operand>(other: T): Test<K, T> {
    return this.binary("equal", other);
  }

  /** Not equal, element by element. */
  ne<T extends Operand>(other: T): Test<K, T> {
    return this.binary("notEqual", other);
  }

  /** Both true. */
  logicalAnd<T extends Operand>(other: T): Test<K, T> {
    return this.binary("logicalAnd", other);
  }

  /** Either true. */
  logicalOr<T extends Operand>(other: T): Test<K, T> {
    return this.binary("logicalOr", other);
  }

  /** One of both true. */
  logicalXor<T extends Operand>(other: T): Test<K, T> {
    return this.binary("logicalXor", other);
  }

  /** `&` of Python: bitwise, which for bool is logical. */
  and<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("bitwiseAnd", other);
  }

  /** `|` of Python: bitwise, which for bool is logical. */
  or<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("bitwiseOr", other);
  }

  /** `^` of Python: bitwise, which for bool is logical. */
  xor<T extends Operand>(other: T): Arithmetic<D, K, T> {
    return this.binary("bitwiseXor", other);
  }

  /** Whether `a` differs from this by at most `atol + rtol * |a|`. */
  isclose(
    other: Operand,
    options: { readonly rtol?: number; readonly atol?: number; readonly equalNan?: boolean } = {},
  ): DistArray<"bool", Rank> {
    const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
    return this.wrap(isclose(this.expr, this.argument(other), { rtol, atol, equalNan }));
  }

  /** The elements cast to another dtype. */
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
  where<T extends Operand>(condition: Operand, other: T): Arithmetic<D, K, T> {
    return this.wrap(
      where(this.argument(condition), this.expr, this.argument(other)),
    ) as Arithmetic<D, K, T>;
  }

  /** Real parts. */
  get real(): DistArray<RealOf<D>, K> {
    return this.unary("real");
  }

  /** Imaginary parts. */
  get imag(): DistArray<RealOf<D>, K> {
    return this.unary("imag");
  }

  protected unary<T>(op: UnaryOp): T {
    return this.wrap(unary(op, this.expr)) as T;
  }

  protected binary<T>(op: BinaryOp, other: Operand): T {
    return this.wrap(binary(op, this.expr, this.argument(other))) as T;
  }
}
