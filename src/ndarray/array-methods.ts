/**
 * @file The methods that local arrays share with distributed ones, so that the same formula works
 * on both: `x.add(y).lt(1).mean()`. Each is one call into `operations.ts`.
 */
import type { DType, MeanOf, RealOf, Scalar, ScalarOf, SumOf } from "../core/dtype.ts";
import type { Column, Promotion } from "../core/dtype-tables.ts";
import type { BinaryOp, ReduceOp, UnaryOp } from "./kernels/rules.ts";
import type { Layout } from "./layout.ts";
import type { NDArray } from "./ndarray.ts";
import {
  binaryLayout,
  checkReduceOptions,
  isWhole,
  meanLayout,
  type ReduceOptions,
  reduceLayout,
  roundLayout,
  unaryLayout,
  varianceLayout,
} from "./operations.ts";
import type { Storage } from "./storage.ts";

/** Reduction options that keep an array: an axis is given, or `keepdims`. */
export type AxisOptions<O extends ReduceOptions = ReduceOptions> = O &
  ({ readonly axis: number | readonly number[] } | { readonly keepdims: true });

/** Options of `var` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** Degrees of freedom taken off the count; default 0. */
  readonly ddof?: number;
}

/** What an array meets in arithmetic; what is not inferred is that of a scalar. */
type Other<E extends Column = Column> = NDArray<E & DType> | Scalar;

/** Formulas on local arrays. */
export abstract class ArrayMethods<out D extends DType> implements Layout {
  abstract readonly dtype: D;
  abstract readonly shape: readonly number[];
  abstract readonly strides: readonly number[];
  abstract readonly offset: number;
  abstract readonly storage: Storage;

  /** The array object over a layout. */
  protected abstract wrap(layout: Layout): NDArray;

  /** Absolute values. */
  abs(): NDArray<RealOf<D>> {
    return this.#unary("absolute");
  }

  /** Square roots. */
  sqrt(): NDArray<MeanOf<D>> {
    return this.#unary("sqrt");
  }

  /** e to the power of the elements. */
  exp(): NDArray<MeanOf<D>> {
    return this.#unary("exp");
  }

  /** Natural logarithms. */
  log(): NDArray<MeanOf<D>> {
    return this.#unary("log");
  }

  /** Sines. */
  sin(): NDArray<MeanOf<D>> {
    return this.#unary("sin");
  }

  /** Cosines. */
  cos(): NDArray<MeanOf<D>> {
    return this.#unary("cos");
  }

  /** Tangents. */
  tan(): NDArray<MeanOf<D>> {
    return this.#unary("tan");
  }

  /** Hyperbolic tangents. */
  tanh(): NDArray<MeanOf<D>> {
    return this.#unary("tanh");
  }

  /** Rounded down. */
  floor(): NDArray<D> {
    return this.#unary("floor");
  }

  /** Rounded up. */
  ceil(): NDArray<D> {
    return this.#unary("ceil");
  }

  /** With the opposite sign. */
  negative(): NDArray<D> {
    return this.#unary("negative");
  }

  /** Multiplied by themselves. */
  square(): NDArray<D> {
    return this.#unary("square");
  }

  /** -1, 0 or 1. */
  sign(): NDArray<D> {
    return this.#unary("sign");
  }

  /** With the opposite imaginary parts. */
  conjugate(): NDArray<D> {
    return this.#unary("conjugate");
  }

  /** With all bits, or truth values, turned over. */
  invert(): NDArray<D> {
    return this.#unary("invert");
  }

  /** Whether elements are NaN. */
  isnan(): NDArray<"bool"> {
    return this.#unary("isnan");
  }

  /** Whether elements are neither infinite nor NaN. */
  isfinite(): NDArray<"bool"> {
    return this.#unary("isfinite");
  }

  /** Whether elements are zero. */
  logicalNot(): NDArray<"bool"> {
    return this.#unary("logicalNot");
  }

  /** Sums. */
  add<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("add", other);
  }

  /** Differences. */
  sub<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("subtract", other);
  }

  /** Differences. */
  subtract<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("subtract", other);
  }

  /** Products. */
  mul<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("multiply", other);
  }

  /** Products. */
  multiply<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("multiply", other);
  }

  /** Quotients rounded down. */
  floorDivide<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("floorDivide", other);
  }

  /** Remainders with the sign of the divisor. */
  mod<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("remainder", other);
  }

  /** Remainders with the sign of the divisor. */
  remainder<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("remainder", other);
  }

  /** Powers. */
  pow<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("power", other);
  }

  /** Powers. */
  power<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("power", other);
  }

  /** The larger of two; NaN if either is. */
  maximum<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("maximum", other);
  }

  /** The smaller of two; NaN if either is. */
  minimum<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("minimum", other);
  }

  /** Bitwise and; of booleans, whether both are true. */
  and<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("bitwiseAnd", other);
  }

  /** Bitwise or; of booleans, whether any is true. */
  or<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("bitwiseOr", other);
  }

  /** Bitwise exclusive or. */
  xor<E extends Column = "scalar">(other: Other<E>): NDArray<Promotion[D][E]> {
    return this.#binary("bitwiseXor", other);
  }

  /** Quotients; of integers in float64. */
  div<E extends Column = "scalar">(other: Other<E>): NDArray<MeanOf<Promotion[D][E]>> {
    return this.#binary("divide", other);
  }

  /** Quotients; of integers in float64. */
  divide<E extends Column = "scalar">(other: Other<E>): NDArray<MeanOf<Promotion[D][E]>> {
    return this.#binary("divide", other);
  }

  /** Whether elements are < those of `other`. */
  lt(other: Other): NDArray<"bool"> {
    return this.#binary("less", other);
  }

  /** Whether elements are <= those of `other`. */
  le(other: Other): NDArray<"bool"> {
    return this.#binary("lessEqual", other);
  }

  /** Whether elements are > those of `other`. */
  gt(other: Other): NDArray<"bool"> {
    return this.#binary("greater", other);
  }

  /** Whether elements are >= those of `other`. */
  ge(other: Other): NDArray<"bool"> {
    return this.#binary("greaterEqual", other);
  }

  /** Whether elements are == those of `other`. */
  eq(other: Other): NDArray<"bool"> {
    return this.#binary("equal", other);
  }

  /** Whether elements are != those of `other`. */
  ne(other: Other): NDArray<"bool"> {
    return this.#binary("notEqual", other);
  }

  /** Limits elements to `low` and `high`, either of which may be null for no limit. */
  clip(low: Other | null, high: Other | null = null): NDArray<D> {
    const raised = low === null ? this : binaryLayout("maximum", this, low);
    return this.wrap(high === null ? raised : binaryLayout("minimum", raised, high)) as never;
  }

  /** Rounds to `decimals` (default 0) places, half to even. */
  round(decimals = 0): NDArray<D> {
    return this.wrap(roundLayout(this, decimals)) as never;
  }

  /** Sums; floats pairwise, integers in 64 bits. */
  sum(options: AxisOptions): NDArray<SumOf<D>>;
  sum(options?: ReduceOptions): ScalarOf<SumOf<D>>;
  sum(options: ReduceOptions = {}): unknown {
    return this.#reduce("sum", options);
  }

  /** Products. */
  prod(options: AxisOptions): NDArray<SumOf<D>>;
  prod(options?: ReduceOptions): ScalarOf<SumOf<D>>;
  prod(options: ReduceOptions = {}): unknown {
    return this.#reduce("prod", options);
  }

  /** Smallest elements; NaN if any is. */
  min(options: AxisOptions): NDArray<D>;
  min(options?: ReduceOptions): ScalarOf<D>;
  min(options: ReduceOptions = {}): unknown {
    return this.#reduce("min", options);
  }

  /** Largest elements; NaN if any is. */
  max(options: AxisOptions): NDArray<D>;
  max(options?: ReduceOptions): ScalarOf<D>;
  max(options: ReduceOptions = {}): unknown {
    return this.#reduce("max", options);
  }

  /** Whether any element is true (not zero). */
  any(options: AxisOptions): NDArray<"bool">;
  any(options?: ReduceOptions): ScalarOf<"bool">;
  any(options: ReduceOptions = {}): unknown {
    return this.#reduce("any", options);
  }

  /** Whether all elements are true (not zero). */
  all(options: AxisOptions): NDArray<"bool">;
  all(options?: ReduceOptions): ScalarOf<"bool">;
  all(options: ReduceOptions = {}): unknown {
    return this.#reduce("all", options);
  }

  /** Positions of the first smallest elements. */
  argmin(options: AxisOptions): NDArray<"int64">;
  argmin(options?: ReduceOptions): ScalarOf<"int64">;
  argmin(options: ReduceOptions = {}): unknown {
    return this.#reduce("argmin", options);
  }

  /** Positions of the first largest elements. */
  argmax(options: AxisOptions): NDArray<"int64">;
  argmax(options?: ReduceOptions): ScalarOf<"int64">;
  argmax(options: ReduceOptions = {}): unknown {
    return this.#reduce("argmax", options);
  }

  /** Arithmetic means; NaN of nothing. */
  mean(options: AxisOptions): NDArray<MeanOf<D>>;
  mean(options?: ReduceOptions): ScalarOf<MeanOf<D>>;
  mean(options: ReduceOptions = {}): unknown {
    checkReduceOptions("mean", options);
    return this.#finish(meanLayout(this, options), options);
  }

  /** Variances. */
  var(options: AxisOptions<VarianceOptions>): NDArray<RealOf<MeanOf<D>>>;
  var(options?: VarianceOptions): number;
  var(options: VarianceOptions = {}): unknown {
    checkReduceOptions("var", options);
    return this.#finish(varianceLayout(this, options), options);
  }

  /** Standard deviations. */
  std(options: AxisOptions<VarianceOptions>): NDArray<RealOf<MeanOf<D>>>;
  std(options?: VarianceOptions): number;
  std(options: VarianceOptions = {}): unknown {
    checkReduceOptions("std", options);
    return this.#finish(unaryLayout("sqrt", varianceLayout(this, options)), options);
  }

  #unary(op: UnaryOp): never {
    return this.wrap(unaryLayout(op, this)) as never;
  }

  #binary(op: BinaryOp, other: Other): never {
    return this.wrap(binaryLayout(op, this, other)) as never;
  }

  #reduce(op: ReduceOp, options: ReduceOptions): unknown {
    checkReduceOptions(op, options);
    return this.#finish(reduceLayout(op, this, options), options);
  }

  /** The array, or its only element when the whole was reduced. */
  #finish(layout: Layout, options: ReduceOptions): unknown {
    const array = this.wrap(layout);
    return isWhole(options) ? array.item() : array;
  }
}
