/**
 * @file What sorting one long axis in blocks runs. Equal elements are told apart by where they
 * stand (block, then position), so that every element has one rank and blocks of equal values are
 * cut as well as any others.
 *
 * Sample sort with regular sampling (Shi and Schaeffer 1992), with more buckets than blocks: the
 * counts of the buckets say which of them a result block needs, and it takes its exact share of
 * the first and the last of them.
 */
import type { Arrival, Piece } from "../cluster/exchange-tasks.ts";
import { referToAll } from "../functions/index.ts";
import { searchsorted } from "../ndarray/library/counting.ts";
import { take } from "../ndarray/library/moving.ts";
import { argsort, sort } from "../ndarray/library/sorting.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import * as self from "./sort-tasks.ts";
import { joinBlocks } from "./tasks.ts";

/** Where buckets begin: the element, and in which sorted block and where in it it stands. */
export interface Splitters {
  readonly values: NDArray;
  readonly blocks: Int32Array;
  readonly positions: Float64Array;
}

/** Which buckets a result block needs, and how many elements of the first one come before it. */
export interface Share {
  readonly first: number;
  /** The bucket behind the last one. */
  readonly end: number;
  readonly skip: number;
}

/** Positions of at most `count` evenly spaced elements of a block. */
function samplePositions(length: number, count: number): Float64Array {
  const size = Math.min(length, count);
  return Float64Array.from({ length: size }, (_, i) => Math.floor(((i + 0.5) * length) / size));
}

/** Evenly spaced elements of a sorted block. */
export function sampleOf(count: number, block: NDArray): NDArray {
  return take(block, Int32Array.from(samplePositions(block.size, count)));
}

/** The beginnings of `buckets` buckets of about equal size, from the samples of all blocks. */
export function chooseSplitters(
  lengths: readonly number[],
  count: number,
  buckets: number,
  samples: readonly NDArray[],
): Splitters {
  const own = lengths.map((length) => samplePositions(length, count));
  const total = own.reduce((sum, positions) => sum + positions.length, 0);
  const blocks = new Int32Array(total);
  const positions = new Float64Array(total);
  let at = 0;
  own.forEach((list, block) => {
    blocks.fill(block, at, at + list.length);
    positions.set(list, at);
    at += list.length;
  });
  const all = joinBlocks(samples, 0);
  // The order of equal elements is that of their blocks and positions: argsort keeps it.
  const order = argsort(all).toArray() as number[];
  const splits = Math.min(buckets - 1, total);
  const chosen = Int32Array.from(
    { length: splits },
    (_, i) => order[Math.floor(((i + 1) * total) / (splits + 1))] as number,
  );
  return {
    values: take(all, chosen),
    blocks: Int32Array.from(chosen, (i) => blocks[i] as number),
    positions: Float64Array.from(chosen, (i) => positions[i] as number),
  };
}

/** Where each bucket begins in a sorted block, and where the last one ends. */
export function cutsOf(number: number, block: NDArray, splitters: Splitters): Float64Array {
  const { values, blocks, positions } = splitters;
  const before = searchsorted(block, values).toArray() as number[];
  const behind = searchsorted(block, values, { side: "right" }).toArray() as number[];
  const cuts = new Float64Array(blocks.length + 2);
  blocks.forEach((home, i) => {
    const others = home < number ? before[i] : behind[i];
    cuts[i + 1] = (home === number ? positions[i] : others) as number;
  });
  cuts[blocks.length + 1] = block.size;
  return cuts;
}

/** Which buckets each result block needs. */
export function sharesOf(lengths: readonly number[], cuts: readonly Float64Array[]): Share[] {
  const starts = cuts.reduce((sum, own) => sum.map((start, i) => start + (own[i] as number)));
  const buckets = starts.length - 1;
  let start = 0;
  let bucket = 0;
  return lengths.map((length) => {
    while (bucket + 1 < buckets && (starts[bucket + 1] as number) <= start) bucket++;
    let end = bucket + 1;
    while (end < buckets && (starts[end] as number) < start + length) end++;
    const share = { first: bucket, end, skip: start - (starts[bucket] as number) };
    start += length;
    return share;
  });
}

/** A sorted block with all that cutting it takes. */
export interface SortSource {
  readonly block: NDArray;
  readonly cuts: Float64Array;
  readonly shares: readonly Share[];
}

/** Puts a source together. */
export function sortSource(
  block: NDArray,
  cuts: Float64Array,
  shares: readonly Share[],
): SortSource {
  return { block, cuts, shares };
}

/** What a result block gets from one sorted block. */
export interface SortPiece {
  readonly values: NDArray;
  readonly skip: number;
}

/** The part of a sorted block that each result block needs. */
export function* splitSorted({ block, cuts, shares }: SortSource): Generator<Piece<SortPiece>> {
  for (const [target, { first, end, skip }] of shares.entries()) {
    const [from, to] = [cuts[first] as number, cuts[end] as number];
    yield [target, { values: block.at(`${from}:${to}`), skip }];
  }
}

/** A result block: the elements of its buckets, of which those of its ranks are kept. */
export function joinSorted(
  arrivals: Iterable<Arrival>,
  destination: number,
  lengths: readonly number[],
): NDArray {
  let skip = 0;
  const runs = Array.from(arrivals, ({ value }) => {
    const piece = value as SortPiece;
    skip = piece.skip;
    return piece.values;
  });
  const length = lengths[destination] as number;
  return sort(joinBlocks(runs, 0))
    .at(`${skip}:${skip + length}`)
    .copy();
}

/** The elements of a block as one axis. */
export function flatBlock(block: NDArray): NDArray {
  return block.ravel();
}

referToAll(import.meta.url, self);
