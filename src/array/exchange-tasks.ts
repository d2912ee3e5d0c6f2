/**
 * @file The two ends of a rechunk by exchange: cutting an old block into the pieces that new blocks
 * need, and putting a new block together.
 */
import type { Arrival, Piece } from "../cluster/exchange-tasks.ts";
import type { DType } from "../core/dtype.ts";
import { referToAll } from "../functions/index.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import { overlapAxis } from "./axis-plans.ts";
import { type Chunks, gridOf, offsetsOf, product } from "./chunks.ts";
import { stridesOf } from "./cut.ts";
import * as self from "./exchange-tasks.ts";
import { advance } from "./grid.ts";
import { copyPart, newBlock, part } from "./tasks.ts";

/** What both ends know. */
export interface RechunkPlan {
  readonly old: Chunks;
  readonly wanted: Chunks;
  readonly dtype: DType;
}

/** The place in a grid of the block with a number in C order. */
function cellOf(number: number, grid: readonly number[]): number[] {
  return stridesOf(grid).map(
    (stride, axis) => Math.floor(number / stride) % (grid[axis] as number),
  );
}

/** Where a block lies along each axis: its first element and the one after its last. */
function spanOf(
  offsets: readonly Float64Array[],
  cell: readonly number[],
): (readonly [number, number])[] {
  return offsets.map((starts, axis) => {
    const at = cell[axis] as number;
    return [starts[at] as number, starts[at + 1] as number];
  });
}

/** The pieces of one old block, each with the new block that it belongs to. */
export function* splitPieces(
  block: NDArray,
  source: number,
  plan: RechunkPlan,
): Generator<Piece<NDArray>> {
  const span = spanOf(plan.old.map(offsetsOf), cellOf(source, gridOf(plan.old)));
  const wanted = plan.wanted.map(offsetsOf);
  const grid = gridOf(plan.wanted);
  const strides = stridesOf(grid);
  // The new blocks that it meets form a box: along each axis, those between its two ends.
  const boxes = plan.wanted.map((blocks, axis) => {
    const [start, end] = span[axis] as readonly [number, number];
    const rest = blocks.reduce((a, b) => a + b, 0) - end;
    const { first, count } = overlapAxis(blocks, [start, end - start, rest]);
    return [first[1] as number, count[1] as number] as const;
  });
  const counts = boxes.map(([, count]) => count);
  const cell = counts.map(() => 0);
  for (let i = 0; i < product(counts); i++) {
    const target = cell.map((at, axis) => at + (boxes[axis]?.[0] as number));
    const meeting = spanOf(wanted, target).map(([start, end], axis) => {
      const [low, high] = span[axis] as readonly [number, number];
      return [Math.max(start, low) - low, Math.min(end, high) - low] as const;
    });
    const shape = meeting.map(([start, end]) => end - start);
    if (shape.every((length) => length > 0)) {
      const number = target.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0);
      const first = meeting.map(([start]) => start);
      yield [number, part(block, first, shape)];
    }
    advance(cell, counts);
  }
}

/** One new block out of the pieces that arrived for it. */
export function joinPieces(
  arrivals: Iterable<Arrival>,
  destination: number,
  plan: RechunkPlan,
): NDArray {
  const span = spanOf(plan.wanted.map(offsetsOf), cellOf(destination, gridOf(plan.wanted)));
  const block = newBlock(
    plan.dtype,
    span.map(([start, end]) => end - start),
  );
  const grid = gridOf(plan.old);
  const old = plan.old.map(offsetsOf);
  for (const { source, value } of arrivals) {
    const piece = value as NDArray;
    const origin = spanOf(old, cellOf(source, grid));
    const at = origin.map(([low], axis) => Math.max(0, low - (span[axis]?.[0] as number)));
    copyPart(block, at, piece);
  }
  return block;
}

referToAll(import.meta.url, self);
