/**
 * @file What functions of blocks look like, and the options of `mapBlocks`.
 */

import { type DType, type DTypeLike, promote, type Scalar, toDType } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { ArrayInput, NDArray } from "../ndarray/ndarray.ts";
import type { ArrayArg } from "./array-types.ts";
import type { BlockInfo, MapBlocksParameters } from "./build/map-blocks.ts";

export type { BlockInfo };

/** What a block's function may return: an array, or what one can be made of. */
export type BlockResult = ArrayInput | Promise<ArrayInput>;

/**
 * What a function of blocks gets for one argument of `mapBlocks`: a local array for an array, a
 * scalar as it is.
 */
export type BlockOf<T> = T extends Scalar ? T : T extends ArrayArg<infer D> ? NDArray<D> : never;

/** What it gets for all of them. */
export type BlockArgs<A extends readonly unknown[]> = [
  ...{ -readonly [I in keyof A]: BlockOf<A[I]> },
];

/** The same, and at last where the block stands, with `blockInfo: true`. */
export type BlockArgsWithInfo<A extends readonly unknown[]> = [...BlockArgs<A>, BlockInfo];

/** Options of `mapBlocks`. */
export interface MapBlocksOptions<T extends DTypeLike = DTypeLike> {
  /** Of what the function returns; default that of the arrays together, without any float64. */
  readonly dtype?: T;
  /**
   * Block lengths of the result, in full or as one length per axis; default those of the arrays.
   * Without arrays they say which blocks to make, and a single length is one block.
   */
  readonly chunks?: readonly (number | readonly number[])[];
  /** Axes that the function removes; each must have one block. */
  readonly dropAxis?: number | readonly number[];
  /** Axes that the function adds, as they are numbered in the result. */
  readonly newAxis?: number | readonly number[];
  /** Whether the function gets a `BlockInfo` after its blocks; default false. */
  readonly blockInfo?: boolean;
  /** First part of the layer's name; default the function's name. */
  readonly name?: string;
  /** Whether equal calls may be run once; default true. */
  readonly pure?: boolean;
}

/** Options of `mapBlocks` for a function that wants to know where its block stands. */
export interface WithBlockInfo<T extends DTypeLike = DTypeLike> extends MapBlocksOptions<T> {
  readonly blockInfo: true;
}

const MAP_OPTIONS = ["dtype", "chunks", "dropAxis", "newAxis", "blockInfo", "name", "pure"];

function ownDType(dtypes: readonly DType[]): DType {
  return dtypes.length === 0 ? "float64" : dtypes.reduce(promote);
}

/** Options in full. */
export function mapParameters(
  options: MapBlocksOptions | undefined,
  dtypes: readonly DType[],
): MapBlocksParameters {
  if (dtypes.length === 0 && options?.chunks === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "mapBlocks without arrays needs the blocks to make: " +
        'mapBlocks((info) => ..., { chunks: [[2, 2], [3]], dtype: "float64", blockInfo: true })',
    );
  }
  checkOptionNames("mapBlocks", options ?? {}, MAP_OPTIONS);
  const { dtype, ...rest } = options ?? {};
  return { ...rest, dtype: dtype === undefined ? ownDType(dtypes) : toDType(dtype) };
}
