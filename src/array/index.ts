/** @file `heddle/array`: lazy arrays cut into blocks, with NumPy's functions over them. */
export { slice, type Slice } from "../core/indexing.ts";
export * as random from "./random.ts";
export { type Chunks, type ChunksInput, normalizeChunks } from "./chunks.ts";
export { DistArray, isDistArray } from "./dist-array.ts";
export * from "./creation.ts";
