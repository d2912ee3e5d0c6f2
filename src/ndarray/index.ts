/** @file Local n-dimensional arrays, NumPy's functions over them, and the dtypes they have. */
import "./private-allocator.ts";
import "./codec.ts";
import { referToAll } from "../functions/index.ts";
import * as self from "./index.ts";

export { Complex, complex, isComplex } from "../core/complex.ts";
export {
  type Casting,
  canCast,
  type DType,
  type DTypeCode,
  type DTypeLike,
  promote,
  type ResolveDType,
  resultType,
  type Scalar,
  type ScalarOf,
  type TypedArrayOf,
  toDType,
} from "../core/dtype.ts";
export { type IndexArg, type Slice, slice } from "../core/indexing.ts";
export {
  arange,
  type DTypeOptions,
  empty,
  eye,
  fromArray,
  full,
  linspace,
  ones,
  zeros,
} from "./create.ts";
export { concatenate, stack } from "./join.ts";
export * from "./library/index.ts";
export * from "./linalg/index.ts";
export { type ArrayInput, type ArrayOptions, isNDArray, NDArray } from "./ndarray.ts";
export * from "./random/index.ts";
export {
  all,
  any,
  argmax,
  argmin,
  countNonzero,
  cumprod,
  cumsum,
  max,
  mean,
  min,
  nanmax,
  nanmean,
  nanmin,
  nanprod,
  nansum,
  prod,
  type ReduceOptions,
  std,
  sum,
  type VarianceOptions,
  variance,
} from "./reductions.ts";
export * from "./ufuncs.ts";

referToAll(import.meta.url, self);
