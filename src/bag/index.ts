/**
 * @file `heddle/bag`: lazy collections of any JavaScript values.
 */
import { referToAll } from "../functions/index.ts";
import * as self from "./index.ts";

export {
  Bag,
  type GroupOptions,
  type ItemsOf,
  type TakeOptions,
  type ValuesOf,
} from "./bag.ts";
export { fromDelayed, fromSequence, fromUrl, type PartitionOptions, range } from "./create.ts";
export type { Compression } from "./files.ts";
export { Item } from "./item.ts";
export type { KeyOf } from "./key.ts";
export type {
  CombineOptions,
  DistinctOptions,
  FoldOptions,
  KeyedOptions,
  TopOptions,
  TreeOptions,
} from "./options.ts";
export type { SplitEvery } from "./parts.ts";
export { makePeople, type PeopleOptions, type Person } from "./people.ts";
export * as random from "./random.ts";
export {
  type Paths,
  type ReadJsonOptions,
  type ReadOptions,
  type ReadTextOptions,
  readJson,
  readText,
} from "./read.ts";
export type { FrameOptions } from "./to-frame.ts";
export { concat, map, mapPartitions, zip } from "./together.ts";
export type { TextfileOptions } from "./write.ts";

referToAll(import.meta.url, self);
