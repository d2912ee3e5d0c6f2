/**
 * @file What taking positions that are computed first runs: every block of the array gives what a
 * block of positions wants from it, and the gifts of all blocks are put in the positions' order.
 */
import { resolveInteger } from "../core/indexing.ts";
import { referToAll } from "../functions/index.ts";
import { take } from "../ndarray/library/moving.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import * as self from "./take-tasks.ts";
import { joinBlocks } from "./tasks.ts";

/** What some blocks give to a block of positions. */
export interface Taken {
  /** Length of the block of positions. */
  readonly count: number;
  /** Which of the positions were found, and for each of them the elements, along the axis. */
  readonly at: Int32Array;
  readonly values: NDArray;
}

/**
 * The elements of a block, which begins at `start` of `length` along an axis, that positions
 * (negative ones count from the end) name.
 */
export function takeWanted(
  axis: number,
  length: number,
  start: number,
  block: NDArray,
  indices: NDArray,
): Taken {
  const wanted = indices.toArray() as number[];
  const own = block.shape[axis] as number;
  const at: number[] = [];
  const within: number[] = [];
  wanted.forEach((index, i) => {
    const place = resolveInteger(index, length, axis) - start;
    if (place < 0 || place >= own) return;
    at.push(i);
    within.push(place);
  });
  const values = take(block, Int32Array.from(within), { axis });
  return { count: wanted.length, at: Int32Array.from(at), values };
}

/** The gifts of several blocks as one. */
export function joinTaken(axis: number, parts: readonly Taken[]): Taken {
  const at = new Int32Array(parts.reduce((sum, part) => sum + part.at.length, 0));
  let next = 0;
  for (const part of parts) {
    at.set(part.at, next);
    next += part.at.length;
  }
  const values = joinBlocks(
    parts.map((part) => part.values),
    axis,
  );
  return { count: (parts[0] as Taken).count, at, values };
}

/** The gifts of all blocks in the order of the positions. */
export function finishTaken(axis: number, parts: readonly Taken[]): NDArray {
  const { count, at, values } = joinTaken(axis, parts);
  const order = new Int32Array(count);
  at.forEach((place, i) => {
    order[place] = i;
  });
  return take(values, order, { axis });
}

referToAll(import.meta.url, self);
