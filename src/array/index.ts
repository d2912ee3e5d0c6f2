/** @file `heddle/array`: lazy arrays cut into blocks, with NumPy's functions over them. */
import { referToAll } from "../functions/index.ts";
import * as self from "./index.ts";

export type { DType, DTypeLike } from "../core/dtype.ts";
export { type Slice, slice } from "../core/indexing.ts";
export type { ArrayArg, Operand, Rank, ReduceOptions, VarianceOptions } from "./array-types.ts";
export { mapBlocks } from "./block-functions.ts";
export type { BlockInfo, BlockResult, MapBlocksOptions } from "./block-types.ts";
export type { Chunks } from "./chunks.ts";
export * from "./creation.ts";
export { DistArray, type DistIndex, isDistArray } from "./dist-array.ts";
export { expr } from "./expr.ts";
export * from "./functions.ts";
export * from "./matrices.ts";
export { type ChunksInput, normalizeChunks } from "./normalize-chunks.ts";
export * as random from "./random.ts";
export * from "./shaping.ts";
export * from "./statistics.ts";

/** The ratio of a circle's circumference to its diameter. */
export const pi: number = Math.PI;
/** Euler's number. */
export const e: number = Math.E;
/** Positive infinity. */
export const inf: number = Number.POSITIVE_INFINITY;
/** Not a number. */
export const nan: number = Number.NaN;
/** What stands for a new axis in an index. */
export const newaxis: null = null;

referToAll(import.meta.url, self);
