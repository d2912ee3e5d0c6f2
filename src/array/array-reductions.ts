/**
 * @file The reductions of lazy arrays as methods. Without `axis` they compute to a plain value,
 * with one to an array.
 */

import { type DType, type DTypeLike, type ResolveDType, toDType } from "../core/dtype.ts";
import type { MeanTable, SpreadTable, SumTable } from "../core/dtype-tables.ts";
import { checkOptionNames } from "../core/options.ts";
import { ArrayMath } from "./array-math.ts";
import type {
  Rank,
  ReduceArg,
  ReduceOptions,
  ReduceOptionsOf,
  VarianceOptions,
  WholeOptions,
  WholeOptionsOf,
  WholeVarianceOptions,
} from "./array-types.ts";
import {
  mean,
  nanmean,
  nanprod,
  nansum,
  ptp,
  type ReduceParameters,
  reduce,
} from "./build/reduce.ts";
import type { DistArray } from "./dist-array.ts";

/** Every form of a reduction's argument. */
type AnyReduceArg = ReduceArg<VarianceOptions> | WholeOptions;

/** Reducing methods; `DistArray` is the class to use. */
export abstract class ArrayReductions<D extends DType, K extends Rank> extends ArrayMath<D, K> {
  /** Sum of elements. */
  sum(options?: WholeOptions): DistArray<SumTable[D], "scalar">;
  sum<T extends DTypeLike>(options: WholeOptionsOf<T>): DistArray<ResolveDType<T>, "scalar">;
  sum<T extends DTypeLike>(options: ReduceOptionsOf<T>): DistArray<ResolveDType<T>>;
  sum(options: ReduceArg<ReduceOptions>): DistArray<SumTable[D]>;
  sum(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "sum", parameters(options, "sum")));
  }

  /** Product of elements. */
  prod(options?: WholeOptions): DistArray<SumTable[D], "scalar">;
  prod<T extends DTypeLike>(options: WholeOptionsOf<T>): DistArray<ResolveDType<T>, "scalar">;
  prod<T extends DTypeLike>(options: ReduceOptionsOf<T>): DistArray<ResolveDType<T>>;
  prod(options: ReduceArg<ReduceOptions>): DistArray<SumTable[D]>;
  prod(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "prod", parameters(options, "prod")));
  }

  /** Smallest element; NaN if there is one. */
  min(options?: WholeOptions): DistArray<D, "scalar">;
  min(options: ReduceArg<ReduceOptions>): DistArray<D>;
  min(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "min", parameters(options, "min")));
  }

  /** Largest element; NaN if there is one. */
  max(options?: WholeOptions): DistArray<D, "scalar">;
  max(options: ReduceArg<ReduceOptions>): DistArray<D>;
  max(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "max", parameters(options, "max")));
  }

  /** Whether any element is true. */
  any(options?: WholeOptions): DistArray<"bool", "scalar">;
  any(options: ReduceArg<ReduceOptions>): DistArray<"bool">;
  any(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "any", parameters(options, "any")));
  }

  /** Whether all elements are true. */
  all(options?: WholeOptions): DistArray<"bool", "scalar">;
  all(options: ReduceArg<ReduceOptions>): DistArray<"bool">;
  all(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "all", parameters(options, "all")));
  }

  /** Arithmetic mean. */
  mean(options?: WholeOptions): DistArray<MeanTable[D], "scalar">;
  mean<T extends DTypeLike>(options: WholeOptionsOf<T>): DistArray<ResolveDType<T>, "scalar">;
  mean<T extends DTypeLike>(options: ReduceOptionsOf<T>): DistArray<ResolveDType<T>>;
  mean(options: ReduceArg<ReduceOptions>): DistArray<MeanTable[D]>;
  mean(options?: AnyReduceArg): unknown {
    return this.wrap(mean(this.expr, parameters(options, "mean")));
  }

  /** Variance; `ddof` (default 0) is subtracted from the number of elements. */
  var(options?: WholeVarianceOptions): DistArray<SpreadTable[D], "scalar">;
  var(options: ReduceArg<VarianceOptions>): DistArray<SpreadTable[D]>;
  var(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "var", parameters(options, "var")));
  }

  /** Standard deviation; `ddof` (default 0) is subtracted from the number of elements. */
  std(options?: WholeVarianceOptions): DistArray<SpreadTable[D], "scalar">;
  std(options: ReduceArg<VarianceOptions>): DistArray<SpreadTable[D]>;
  std(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "std", parameters(options, "std")));
  }

  /** Position of the smallest element along one axis, or in C order. */
  argmin(options?: WholeOptions): DistArray<"int64", "scalar">;
  argmin(options: ReduceArg<ReduceOptions>): DistArray<"int64">;
  argmin(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "argmin", parameters(options, "argmin")));
  }

  /** Position of the largest element along one axis, or in C order. */
  argmax(options?: WholeOptions): DistArray<"int64", "scalar">;
  argmax(options: ReduceArg<ReduceOptions>): DistArray<"int64">;
  argmax(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "argmax", parameters(options, "argmax")));
  }

  /** Largest minus smallest element. */
  ptp(options?: WholeOptions): DistArray<D, "scalar">;
  ptp(options: ReduceArg<ReduceOptions>): DistArray<D>;
  ptp(options?: AnyReduceArg): unknown {
    return this.wrap(ptp(this.expr, parameters(options, "ptp")));
  }

  /** Sum of what is not NaN. */
  nansum(options?: WholeOptions): DistArray<SumTable[D], "scalar">;
  nansum<T extends DTypeLike>(options: WholeOptionsOf<T>): DistArray<ResolveDType<T>, "scalar">;
  nansum<T extends DTypeLike>(options: ReduceOptionsOf<T>): DistArray<ResolveDType<T>>;
  nansum(options: ReduceArg<ReduceOptions>): DistArray<SumTable[D]>;
  nansum(options?: AnyReduceArg): unknown {
    return this.wrap(nansum(this.expr, parameters(options, "nansum")));
  }

  /** Product of what is not NaN. */
  nanprod(options?: WholeOptions): DistArray<SumTable[D], "scalar">;
  nanprod<T extends DTypeLike>(options: WholeOptionsOf<T>): DistArray<ResolveDType<T>, "scalar">;
  nanprod<T extends DTypeLike>(options: ReduceOptionsOf<T>): DistArray<ResolveDType<T>>;
  nanprod(options: ReduceArg<ReduceOptions>): DistArray<SumTable[D]>;
  nanprod(options?: AnyReduceArg): unknown {
    return this.wrap(nanprod(this.expr, parameters(options, "nanprod")));
  }

  /** Mean of what is not NaN. */
  nanmean(options?: WholeOptions): DistArray<MeanTable[D], "scalar">;
  nanmean<T extends DTypeLike>(options: WholeOptionsOf<T>): DistArray<ResolveDType<T>, "scalar">;
  nanmean<T extends DTypeLike>(options: ReduceOptionsOf<T>): DistArray<ResolveDType<T>>;
  nanmean(options: ReduceArg<ReduceOptions>): DistArray<MeanTable[D]>;
  nanmean(options?: AnyReduceArg): unknown {
    return this.wrap(nanmean(this.expr, parameters(options, "nanmean")));
  }

  /** Smallest element that is not NaN. */
  nanmin(options?: WholeOptions): DistArray<D, "scalar">;
  nanmin(options: ReduceArg<ReduceOptions>): DistArray<D>;
  nanmin(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "nanmin", parameters(options, "nanmin")));
  }

  /** Largest element that is not NaN. */
  nanmax(options?: WholeOptions): DistArray<D, "scalar">;
  nanmax(options: ReduceArg<ReduceOptions>): DistArray<D>;
  nanmax(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "nanmax", parameters(options, "nanmax")));
  }

  /** Variance of what is not NaN. */
  nanvar(options?: WholeVarianceOptions): DistArray<SpreadTable[D], "scalar">;
  nanvar(options: ReduceArg<VarianceOptions>): DistArray<SpreadTable[D]>;
  nanvar(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "nanvar", parameters(options, "nanvar")));
  }

  /** Standard deviation of what is not NaN. */
  nanstd(options?: WholeVarianceOptions): DistArray<SpreadTable[D], "scalar">;
  nanstd(options: ReduceArg<VarianceOptions>): DistArray<SpreadTable[D]>;
  nanstd(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "nanstd", parameters(options, "nanstd")));
  }

  /** Position of the smallest element that is not NaN. */
  nanargmin(options?: WholeOptions): DistArray<"int64", "scalar">;
  nanargmin(options: ReduceArg<ReduceOptions>): DistArray<"int64">;
  nanargmin(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "nanargmin", parameters(options, "nanargmin")));
  }

  /** Position of the largest element that is not NaN. */
  nanargmax(options?: WholeOptions): DistArray<"int64", "scalar">;
  nanargmax(options: ReduceArg<ReduceOptions>): DistArray<"int64">;
  nanargmax(options?: AnyReduceArg): unknown {
    return this.wrap(reduce(this.expr, "nanargmax", parameters(options, "nanargmax")));
  }
}

/** Options of a reduction, from any of the forms in which they are given. */
export function parameters(given: AnyReduceArg | null | undefined, what: string): ReduceParameters {
  if (given === undefined || given === null) return {};
  if (typeof given === "number" || isList(given)) return { axis: given };
  checkOptionNames(what, given, optionsOf(what));
  const { dtype, ...rest } = given as VarianceOptions;
  return dtype === undefined ? rest : { ...rest, dtype: toDType(dtype) as DType };
}

/** Extremes, tests and positions have one dtype only; only spreads have degrees of freedom. */
function optionsOf(what: string): readonly string[] {
  const names = ["axis", "keepdims", "splitEvery"];
  if (/(var|std)$/.test(what)) return [...names, "dtype", "ddof"];
  return /(sum|prod|mean)$/.test(what) ? [...names, "dtype"] : names;
}

function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value);
}
