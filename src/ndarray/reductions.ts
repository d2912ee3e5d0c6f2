/**
 * @file NumPy's reductions over local arrays. Without `axis` (and without `keepdims`) they give a
 * plain value, with one they give an array.
 */

import type { DType, MeanOf, RealOf, ScalarOf, SumOf } from "../core/dtype.ts";
import { checkOptionNames } from "../core/options.ts";
import type { AxisOptions, VarianceOptions } from "./array-methods.ts";
import type { KernelBuilder, Ref } from "./kernels/ir.ts";
import { type ReduceOp, reduceSignature } from "./kernels/rules.ts";
import type { Layout } from "./layout.ts";
import { cumprod as scanProducts, cumsum as scanSums } from "./library/scanning.ts";
import { NDArray } from "./ndarray.ts";
import {
  binaryLayout,
  castTo,
  checkReduceOptions,
  isWhole,
  meanDType,
  meanLayout,
  type ReduceOptions,
  reduceLayout,
  statisticDType,
  unaryLayout,
  validCountLayout,
  varianceLayout,
  whereLayout,
  withoutNaN,
} from "./operations.ts";

export type { AxisOptions, ReduceOptions, VarianceOptions };

/** A reduction from `D` whose result has the dtype that `R` says. */
interface Reducer<O extends ReduceOptions, K extends keyof Results<DType>> {
  <D extends DType>(x: NDArray<D>, options: AxisOptions<O>): NDArray<Results<D>[K]>;
  <D extends DType>(x: NDArray<D>, options?: O): ScalarOf<Results<D>[K]>;
}

interface Results<D extends DType> {
  same: D;
  sum: SumOf<D>;
  mean: MeanOf<D>;
  spread: RealOf<MeanOf<D>>;
  bool: "bool";
  index: "int64";
}

/** The array itself, or its only element when the whole was reduced. */
function finish(layout: Layout, options: ReduceOptions): never {
  const array = NDArray.of(layout);
  return (isWhole(options) ? array.item() : array) as never;
}

function reducer(
  op: ReduceOp,
  what: string = op,
  write?: (k: KernelBuilder, x: Ref) => Ref,
): never {
  return named(what, (x, options) => reduceLayout(op, x, options, write));
}

/** A function that checks the names of its options. */
function named<O extends ReduceOptions>(
  what: string,
  compute: (x: NDArray, options: O) => Layout,
): never {
  return ((x: NDArray, options: O = {} as O) => {
    checkReduceOptions(what, options);
    return finish(compute(x, options), options);
  }) as never;
}

/** Sums; floats pairwise, integers in 64 bits. */
export const sum: Reducer<ReduceOptions, "sum"> = reducer("sum");
/** Products. */
export const prod: Reducer<ReduceOptions, "sum"> = reducer("prod");
/** Smallest elements; NaN if any is. */
export const min: Reducer<ReduceOptions, "same"> = reducer("min");
/** Largest elements; NaN if any is. */
export const max: Reducer<ReduceOptions, "same"> = reducer("max");
/** Whether any element is true (not zero). */
export const any: Reducer<ReduceOptions, "bool"> = reducer("any");
/** Whether all elements are true (not zero). */
export const all: Reducer<ReduceOptions, "bool"> = reducer("all");
/** Position of the first smallest element along one axis, or in the flattened array. */
export const argmin: Reducer<ReduceOptions, "index"> = reducer("argmin");
/** Position of the first largest element along one axis, or in the flattened array. */
export const argmax: Reducer<ReduceOptions, "index"> = reducer("argmax");
/** How many elements are not zero. */
export const countNonzero: Reducer<ReduceOptions, "index"> = reducer(
  "sum",
  "countNonzero",
  (k, x) => k.cast(k.cast(x, "bool"), "int64"),
);

/** Sums that take NaN as 0. */
export const nansum: Reducer<ReduceOptions, "sum"> = reducer("sum", "nansum", withoutNaN(0));
/** Products that take NaN as 1. */
export const nanprod: Reducer<ReduceOptions, "sum"> = reducer("prod", "nanprod", withoutNaN(1));

/** Arithmetic means; NaN of nothing. */
export const mean: Reducer<ReduceOptions, "mean"> = named("mean", meanLayout);

/** Variances. */
export const variance: Reducer<VarianceOptions, "spread"> = named("var", varianceLayout);

/** Standard deviations. */
export const std: Reducer<VarianceOptions, "spread"> = named("std", (x, options: VarianceOptions) =>
  unaryLayout("sqrt", varianceLayout(x, options)),
);

/** Smallest elements other than NaN; NaN where there is none. */
export const nanmin: Reducer<ReduceOptions, "same"> = nanExtremum("min", Number.POSITIVE_INFINITY);
/** Largest elements other than NaN; NaN where there is none. */
export const nanmax: Reducer<ReduceOptions, "same"> = nanExtremum("max", Number.NEGATIVE_INFINITY);

function nanExtremum(op: "min" | "max", neutral: number): never {
  return named(`nan${op}`, (x, options) => {
    const float = statisticDType(x.dtype) === x.dtype;
    const found = reduceLayout(op, x, options, withoutNaN(neutral));
    if (!float) return found;
    // All NaN: nothing but the neutral value was left.
    const valid = validCountLayout(x, options);
    const nothing = binaryLayout("equal", valid, 0);
    const nan = binaryLayout("add", found, Number.NaN);
    return whereLayout(nothing, nan, found);
  });
}

/** Means of the elements other than NaN. */
export const nanmean: Reducer<ReduceOptions, "mean"> = named("nanmean", (x, options) => {
  const total = reduceLayout("sum", x, { dtype: meanDType(x.dtype), ...options }, withoutNaN(0));
  const mean = binaryLayout("divide", total, validCountLayout(x, options));
  return castTo(mean, meanDType(x.dtype));
});

/** Running sums along `axis`; of the flattened array when none is given. */
export function cumsum<D extends DType>(
  x: NDArray<D>,
  options?: CumulativeOptions,
): NDArray<SumOf<D>> {
  return accumulate("sum", x, options) as NDArray<SumOf<D>>;
}

/** Running products along `axis`; of the flattened array when none is given. */
export function cumprod<D extends DType>(
  x: NDArray<D>,
  options?: CumulativeOptions,
): NDArray<SumOf<D>> {
  return accumulate("prod", x, options) as NDArray<SumOf<D>>;
}

/** How to accumulate. */
export interface CumulativeOptions {
  /** Default: of the flattened array. */
  readonly axis?: number;
  /** Default that of a sum. */
  readonly dtype?: DType;
}

function accumulate(op: "sum" | "prod", x: NDArray, options: CumulativeOptions = {}): NDArray {
  checkOptionNames(op === "sum" ? "cumsum" : "cumprod", options, ["axis", "dtype"]);
  const { result } = reduceSignature(op, x.dtype, options.dtype);
  const source = x.dtype === result ? x : x.astype(result);
  const scan = op === "sum" ? scanSums : scanProducts;
  const scanned = scan(source as NDArray, { axis: options.axis ?? null });
  return (scanned.dtype === result ? scanned : scanned.astype(result)) as unknown as NDArray;
}
