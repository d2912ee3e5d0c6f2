/**
 * @file `da.mapBlocks`: a user's function on blocks that stand at the same place of several arrays.
 */
import { type DTypeLike, isScalar, type ResolveDType, type Scalar } from "../core/dtype.ts";
import type { TaskFunction } from "../core/graph.ts";
import { toExpr } from "./arguments.ts";
import type { ArrayArg } from "./array-types.ts";
import {
  type BlockArgs,
  type BlockArgsWithInfo,
  type BlockInfo,
  type BlockResult,
  type MapBlocksOptions,
  mapParameters,
  type WithBlockInfo,
} from "./block-types.ts";
import { mapBlocks as mapExprs } from "./build/map-blocks.ts";
import { DistArray } from "./dist-array.ts";

/**
 * A function applied to the blocks that stand at the same place of each array. Arrays are broadcast
 * and cut alike; scalars are passed as they are. Without arrays it makes the blocks that `chunks`
 * lists.
 *
 * @example
 * import * as da from "heddle/array";
 * const x = da.arange(6, { chunks: 3 });
 * const options = { blockInfo: true, chunks: [1] } as const;
 * const places = da.mapBlocks((_block, info) => [...info.chunkLocation], x, options);
 * console.log((await places.compute()).toArray()); // [ 0, 1 ]
 */
export function mapBlocks<T extends DTypeLike = "float64">(
  fn: (info: BlockInfo) => BlockResult,
  options: WithBlockInfo<T>,
): DistArray<ResolveDType<T>>;
export function mapBlocks<T extends DTypeLike = "float64">(
  fn: () => BlockResult,
  options: MapBlocksOptions<T>,
): DistArray<ResolveDType<T>>;
export function mapBlocks<const A extends readonly (ArrayArg | Scalar)[], T extends DTypeLike>(
  fn: (...args: BlockArgsWithInfo<A>) => BlockResult,
  ...rest: [...A, WithBlockInfo<T>]
): DistArray<ResolveDType<T>>;
export function mapBlocks<const A extends readonly (ArrayArg | Scalar)[], T extends DTypeLike>(
  fn: (...args: BlockArgs<A>) => BlockResult,
  ...rest: [...A, MapBlocksOptions<T>]
): DistArray<ResolveDType<T>>;
export function mapBlocks<const A extends readonly (ArrayArg | Scalar)[]>(
  fn: (...args: BlockArgs<A>) => BlockResult,
  ...args: A
): DistArray;
export function mapBlocks(
  fn: (...args: never) => BlockResult,
  ...rest: readonly (ArrayArg | Scalar | MapBlocksOptions<DTypeLike>)[]
): unknown {
  const last = rest.at(-1);
  const hasOptions = last !== undefined && !isScalar(last) && !("shape" in last);
  const args = (hasOptions ? rest.slice(0, -1) : rest) as readonly (ArrayArg | Scalar)[];
  const exprs = args.map((arg) => (isScalar(arg) ? arg : toExpr(arg)));
  const dtypes = exprs.flatMap((arg) => (isScalar(arg) ? [] : [arg.dtype]));
  const options = mapParameters(hasOptions ? (last as MapBlocksOptions) : undefined, dtypes);
  return new DistArray(mapExprs(fn as TaskFunction, exprs, options));
}
