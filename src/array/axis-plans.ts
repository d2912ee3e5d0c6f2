/**
 * @file Arithmetic of one axis: which old blocks a slice, a list of indices, or new block lengths
 * touch, and where. Plans of arrays are products of these, so their cost grows with the blocks of
 * each axis, not with the grid.
 */
import { offsetsOf } from "./chunks.ts";

/**
 * Elements `start, start + step, …` of an axis, `count` of them; `step` may be negative, never 0.
 */
export interface AxisSlice {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** Result blocks that are each a strided part of one block below. */
export interface AxisParts {
  /** Length of each result block. */
  readonly blocks: readonly number[];
  /** Block below, by result block. */
  readonly source: Int32Array;
  /** First element within the block below. */
  readonly start: Float64Array;
}

/** Cuts a slice of an axis into parts of its blocks; blocks that give nothing are left out. */
export function sliceAxis(blocks: readonly number[], slice: AxisSlice): AxisParts {
  const { start, count, step } = slice;
  if (count === 0) return partsOf([0], [0], [0]);
  const offsets = offsetsOf(blocks);
  const lengths: number[] = [];
  const source: number[] = [];
  const starts: number[] = [];
  const last = blocks.length - 1;
  let taken = 0;
  for (let i = 0; i <= last && taken < count; i++) {
    const block = step > 0 ? i : last - i;
    const begin = offsets[block] as number;
    const end = offsets[block + 1] as number;
    const first = start + taken * step;
    if (first < begin || first >= end) continue;
    const room =
      step > 0 ? Math.ceil((end - first) / step) : Math.floor((first - begin) / -step) + 1;
    const length = Math.min(count - taken, room);
    lengths.push(length);
    source.push(block);
    starts.push(first - begin);
    taken += length;
  }
  return partsOf(lengths, source, starts);
}

function partsOf(blocks: number[], source: number[], start: number[]): AxisParts {
  return { blocks, source: Int32Array.from(source), start: Float64Array.from(start) };
}

/** Result blocks that are each made of neighbouring blocks below, joined and trimmed. */
export interface AxisOverlaps {
  /** First block below, by result block. */
  readonly first: Int32Array;
  /** Number of blocks below that it touches, at least 1. */
  readonly count: Int32Array;
  /** Where it begins within the first of them. */
  readonly start: Float64Array;
}

/** Which old blocks each new block of an axis overlaps; both lists have the same sum. */
export function overlapAxis(old: readonly number[], wanted: readonly number[]): AxisOverlaps {
  const offsets = offsetsOf(old);
  const first = new Int32Array(wanted.length);
  const count = new Int32Array(wanted.length);
  const start = new Float64Array(wanted.length);
  let begin = 0;
  let block = 0;
  for (let i = 0; i < wanted.length; i++) {
    const end = begin + (wanted[i] as number);
    while (block < old.length - 1 && (offsets[block + 1] as number) <= begin) block++;
    let after = block + 1;
    while (after < old.length && (offsets[after] as number) < end) after++;
    first[i] = block;
    count[i] = after - block;
    start[i] = begin - (offsets[block] as number);
    begin = end;
  }
  return { first, count, start };
}

/** Whether the new blocks only split old ones: each lies within one block. */
export function isSplit(overlaps: AxisOverlaps): boolean {
  return overlaps.count.every((count) => count === 1);
}

/** One result block of a list of indices: where each of its elements comes from. */
export interface TakePiece {
  /** Blocks below, without repetition, in the order of first use. */
  readonly sources: readonly number[];
  /** For each element: which of `sources`. */
  readonly which: Int32Array;
  /** For each element: index within that block. */
  readonly at: Int32Array;
}

/**
 * Cuts a list of indices (each from 0 to the axis's length) into result blocks. Ascending lists
 * keep one block for each block that they touch; others get blocks as long as the longest old one,
 * each gathered from several.
 */
export function takeAxis(blocks: readonly number[], indices: ArrayLike<number>): TakePiece[] {
  const offsets = offsetsOf(blocks);
  const owner = new Int32Array(indices.length);
  let ascending = true;
  for (let i = 0; i < indices.length; i++) {
    owner[i] = blockAt(offsets, indices[i] as number);
    if (i > 0 && (indices[i] as number) < (indices[i - 1] as number)) ascending = false;
  }
  const longest = Math.max(1, ...blocks.slice(0, 1e5));
  const pieces: TakePiece[] = [];
  let begin = 0;
  while (begin < indices.length || pieces.length === 0) {
    let end = Math.min(indices.length, begin + longest);
    if (ascending) {
      end = begin;
      while (end < indices.length && end - begin < longest && owner[end] === owner[begin]) end++;
    }
    pieces.push(takePiece(indices, owner, offsets, begin, end));
    begin = end;
    if (indices.length === 0) break;
  }
  return pieces;
}

function takePiece(
  indices: ArrayLike<number>,
  owner: Int32Array,
  offsets: Float64Array,
  begin: number,
  end: number,
): TakePiece {
  const place = new Map<number, number>();
  const which = new Int32Array(end - begin);
  const at = new Int32Array(end - begin);
  for (let i = begin; i < end; i++) {
    const block = owner[i] as number;
    let slot = place.get(block);
    if (slot === undefined) {
      slot = place.size;
      place.set(block, slot);
    }
    which[i - begin] = slot;
    at[i - begin] = (indices[i] as number) - (offsets[block] as number);
  }
  return { sources: place.size === 0 ? [0] : [...place.keys()], which, at };
}

/** The block that holds element `index`, given the blocks' offsets; empty blocks hold nothing. */
export function blockAt(offsets: Float64Array, index: number): number {
  let low = 0;
  let high = offsets.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] as number) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The coarsest cut of an axis that refines all the given ones (Dask's `common_blockdim`): every
 * boundary of any of them. Lists with a single block follow the others. Null when the lengths
 * differ or unknown blocks do not match.
 */
export function commonBlocks(cuts: readonly (readonly number[])[]): readonly number[] | null {
  const distinct = distinctCuts(cuts.filter((blocks) => blocks.length > 1));
  if (distinct.length === 0) return longestSingle(cuts);
  const [only] = distinct;
  if (only !== undefined && distinct.length === 1) return only;
  const marks = distinct.map(offsetsOf);
  const ends = marks.map((offsets) => offsets[offsets.length - 1] as number);
  if (ends.some((end) => Number.isNaN(end) || end !== ends[0])) return null;
  const all = [...new Set(marks.flatMap((offsets) => Array.from(offsets)))].sort((a, b) => a - b);
  return all.slice(1).map((mark, i) => mark - (all[i] as number));
}

function distinctCuts(cuts: readonly (readonly number[])[]): (readonly number[])[] {
  const distinct: (readonly number[])[] = [];
  for (const blocks of cuts) {
    const known = distinct.some(
      (other) =>
        other === blocks ||
        (other.length === blocks.length &&
          other.every((length, i) => Object.is(length, blocks[i]))),
    );
    if (!known) distinct.push(blocks);
  }
  return distinct;
}

function longestSingle(cuts: readonly (readonly number[])[]): readonly number[] | null {
  let best: readonly number[] | null = null;
  for (const blocks of cuts) {
    const length = blocks[0] as number;
    if (best === null || Number.isNaN(length) || length > (best[0] as number)) best = blocks;
  }
  return best;
}
