/**
 * @file Drawing one block of random numbers.
 */
import type { DType } from "../core/dtype.ts";
import { referToAll } from "../functions/index.ts";
import { take } from "../ndarray/library/moving.ts";
import { isNDArray, NDArray } from "../ndarray/ndarray.ts";
import { type ChunkSeed, generatorOf } from "../ndarray/random/chunk-seeds.ts";
import * as self from "./random-tasks.ts";

/** Which method of the generator draws, and its options besides the size. */
export interface BlockDraw {
  readonly method: string;
  readonly dtype: DType;
  readonly options: Readonly<Record<string, unknown>>;
}

type Method = (...args: readonly unknown[]) => unknown;

/** A block drawn from the stream of child `child` of the seed. */
export function drawBlock(
  what: BlockDraw,
  seed: ChunkSeed,
  child: number,
  shape: readonly number[],
  ...parameters: readonly unknown[]
): NDArray {
  const generator = generatorOf({ entropy: seed.entropy, spawnKey: [...seed.spawnKey, child] });
  const method = (generator as unknown as Record<string, Method>)[what.method] as Method;
  const size = { ...what.options, size: shape };
  const drawn = method.call(generator, ...parameters, size);
  return isNDArray(drawn) ? drawn : new NDArray([drawn as number], { shape, dtype: what.dtype });
}

/** Elements of a whole population, or slices along its first axis, at the drawn positions. */
export function takeElements(population: NDArray, positions: NDArray): NDArray {
  return take(population, positions, { axis: 0 });
}

referToAll(import.meta.url, self);
