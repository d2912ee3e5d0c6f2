/**
 * @file NumPy's functions over local arrays that are not expressions: sorting, moving, searching,
 * hashing.
 */
export {
  bincount,
  type Histogram2dOptions,
  type HistogramOptions,
  type HistogramResult,
  histogram,
  histogram2d,
  searchsorted,
} from "./counting.ts";
export {
  compress,
  countTrue,
  flatnonzero,
  type IndexInput,
  nonzero,
  put,
  take,
  transposeCopy,
} from "./moving.ts";
export {
  argsort,
  lexsort,
  partition,
  type SortOptions,
  sort,
  takeAlong,
  topk,
  type UniqueResult,
  unique,
} from "./sorting.ts";
