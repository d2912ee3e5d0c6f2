/**
 * @file Entry of the module of array kernels: everything that is neither random nor linear algebra.
 */
export { argsort, argsortBy } from "./argsort";
export { argExtreme } from "./extreme";
export { groupByHash, hashStrings, hashValues } from "./hash";
export {
  compress,
  countTrue,
  firstOutside,
  nonzero,
  put,
  take,
  transpose,
  unravel,
} from "./layout";
export { cumprod, cumsum } from "./scan";
export {
  bincount,
  bincountWeighted,
  histogram,
  histogram2d,
  histogramWeighted,
  rangeOf,
  searchsorted,
  uniqueStarts,
} from "./search";
export { partition } from "./select";
export { sort } from "./sort";
