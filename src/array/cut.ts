/**
 * @file Views: blocks that are strided parts of blocks below, with axes permuted, dropped, added or
 * repeated. Slices, transposes, broadcasts, block selection and splitting are all of this one form,
 * and a chain of them is one view: they cost nothing per element, and per-axis arithmetic only,
 * however large the grid.
 */

import type { AxisSlice } from "./axis-plans.ts";
import { type AxisParts, sliceAxis } from "./axis-plans.ts";
import { type Chunks, gridOf, sameBlocks } from "./chunks.ts";

/** One axis of a view. */
export interface CutAxis extends AxisParts {
  /** The axis below, or -1 for an axis that repeats the same elements. */
  readonly axis: number;
  /** Distance of neighbours, in elements of the axis below. */
  readonly step: number;
  /** Whether every block is a whole block below: then tasks need no literals for this axis. */
  readonly whole: boolean;
}

/** An axis below that does not appear in the view: one element of it was chosen. */
export interface FixedAxis {
  readonly axis: number;
  readonly block: number;
  readonly at: number;
}

/** How the blocks of a view come from the blocks below. */
export interface Cut {
  readonly axes: readonly CutAxis[];
  readonly fixed: readonly FixedAxis[];
}

/** A whole axis below, cut as it is. */
export function wholeAxis(blocks: readonly number[], axis: number): CutAxis {
  const source = Int32Array.from(blocks, (_, i) => i);
  return { axis, blocks, source, start: new Float64Array(blocks.length), step: 1, whole: true };
}

/** Chosen blocks of an axis below, each whole. */
export function pickedAxis(
  blocks: readonly number[],
  axis: number,
  picked: readonly number[],
): CutAxis {
  return {
    axis,
    blocks: picked.map((block) => blocks[block] as number),
    source: Int32Array.from(picked),
    start: new Float64Array(picked.length),
    step: 1,
    whole: true,
  };
}

/** A slice of an axis below. */
export function slicedAxis(blocks: readonly number[], axis: number, slice: AxisSlice): CutAxis {
  const parts = sliceAxis(blocks, slice);
  const { step } = slice;
  return { ...parts, axis, step, whole: isWhole(parts, step, blocks) };
}

/** A new axis, each element of which is the same data; length 1 unless it is broadcast. */
export function repeatedAxis(blocks: readonly number[]): CutAxis {
  const count = blocks.length;
  return {
    axis: -1,
    blocks,
    source: new Int32Array(count),
    start: new Float64Array(count),
    step: 1,
    whole: false,
  };
}

/** Parts of an axis below, given one by one (splits). */
export function partedAxis(below: readonly number[], axis: number, parts: AxisParts): CutAxis {
  return { ...parts, axis, step: 1, whole: isWhole(parts, 1, below) };
}

function isWhole(parts: AxisParts, step: number, below: readonly number[]): boolean {
  return (
    step === 1 &&
    parts.start.every((start) => start === 0) &&
    parts.blocks.every((length, i) => Object.is(length, below[parts.source[i] as number]))
  );
}

/** The view `outer` of the view `inner` as one view. */
export function composeCuts(outer: Cut, inner: Cut): Cut {
  const axes = outer.axes.map((cut): CutAxis => {
    if (cut.axis === -1) return cut;
    const under = inner.axes[cut.axis] as CutAxis;
    if (under.axis === -1) return repeatedAxis(cut.blocks);
    const source = cut.source.map((block) => under.source[block] as number);
    const start = cut.start.map(
      (at, i) => (under.start[cut.source[i] as number] as number) + at * under.step,
    );
    const whole = cut.whole && under.whole;
    return {
      axis: under.axis,
      blocks: cut.blocks,
      source,
      start,
      step: cut.step * under.step,
      whole,
    };
  });
  const fixed = outer.fixed.flatMap(({ axis, block, at }): FixedAxis[] => {
    const under = inner.axes[axis] as CutAxis;
    if (under.axis === -1) return [];
    const start = (under.start[block] as number) + at * under.step;
    return [{ axis: under.axis, block: under.source[block] as number, at: start }];
  });
  return { axes, fixed: [...inner.fixed, ...fixed] };
}

/** Block lengths of the view. */
export function chunksOfCut(cut: Cut): Chunks {
  return cut.axes.map((axis) => axis.blocks);
}

/** Whether the view is the array below itself. */
export function isIdentity(cut: Cut, below: Chunks): boolean {
  return (
    cut.fixed.length === 0 &&
    cut.axes.length === below.length &&
    cut.axes.every(
      (axis, i) =>
        axis.axis === i &&
        axis.whole &&
        sameBlocks(axis.blocks, below[i] as readonly number[]) &&
        axis.source.every((block, j) => block === j),
    )
  );
}

/**
 * Whether the view only chooses whole blocks: its tasks are tasks below, and none needs to be made.
 */
export function isSelection(cut: Cut, ndimBelow: number): boolean {
  return (
    cut.fixed.length === 0 &&
    cut.axes.length === ndimBelow &&
    cut.axes.every((axis, i) => axis.whole && axis.axis === i)
  );
}

/**
 * For each block of the view in C order, the number of its block in the grid below (C order too).
 */
export function blocksBelow(cut: Cut, below: Chunks): Int32Array {
  const grid = gridOf(below);
  const strides = stridesOf(grid);
  let base = 0;
  for (const { axis, block } of cut.fixed) base += block * (strides[axis] as number);
  let numbers = Int32Array.of(base);
  for (const axis of cut.axes) {
    const stride = axis.axis === -1 ? 0 : (strides[axis.axis] as number);
    const count = axis.blocks.length;
    const next = new Int32Array(numbers.length * count);
    for (let i = 0; i < numbers.length; i++) {
      const start = numbers[i] as number;
      for (let j = 0; j < count; j++)
        next[i * count + j] = start + (axis.source[j] as number) * stride;
    }
    numbers = next;
  }
  return numbers;
}

/** Distance, in C order, of neighbours along each axis of a grid. */
export function stridesOf(grid: readonly number[]): number[] {
  const strides = new Array<number>(grid.length).fill(1);
  for (let axis = grid.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * (grid[axis + 1] as number);
  }
  return strides;
}
