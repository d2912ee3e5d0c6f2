/**
 * @file What array tasks run, one exported function each, on blocks that are local arrays. Task
 * threads find them by this module and their names.
 */
import type { DType } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { runKernel } from "../ndarray/kernels/evaluate.ts";
import type { Kernel } from "../ndarray/kernels/ir.ts";
import { compress, take } from "../ndarray/library/moving.ts";
import { copyInto } from "../ndarray/loops.ts";
import { type ArrayInput, emptyLayout, isNDArray, NDArray } from "../ndarray/ndarray.ts";
import { cumprod, cumsum } from "../ndarray/reductions.ts";
import { add, multiply } from "../ndarray/ufuncs.ts";
import type { BlockInfo } from "./build/map-blocks.ts";
import * as self from "./tasks.ts";

/** How a block is cut; numbers that differ between tasks come as literals. */
export interface CutSpec {
  /** Axis below of each axis, -1 for one that repeats. */
  readonly axes: readonly number[];
  readonly steps: readonly number[];
  /** Whether an axis is taken as it is; the others have two literals each: start and length. */
  readonly whole: readonly boolean[];
  /** Axes below of which one element was chosen: one literal each, before those of `axes`. */
  readonly fixed: readonly number[];
}

/** A strided part of a block, as a view. */
export function cutBlock(block: NDArray, spec: CutSpec, literals: readonly number[]): NDArray {
  const shape: number[] = [];
  const strides: number[] = [];
  let { offset } = block;
  let next = 0;
  for (const axis of spec.fixed) {
    offset += (literals[next++] as number) * (block.strides[axis] as number);
  }
  spec.axes.forEach((axis, k) => {
    const stride = axis === -1 ? 0 : (block.strides[axis] as number);
    if (spec.whole[k]) {
      shape.push(block.shape[axis] as number);
      strides.push(stride);
      return;
    }
    const start = literals[next++] as number;
    const length = literals[next++] as number;
    if (length > 0) offset += start * stride;
    shape.push(length);
    strides.push(stride * (spec.steps[k] as number));
  });
  const { dtype, storage } = block;
  return NDArray.of({ dtype, shape, strides, offset, storage });
}

/** A block as it is; the cutting is done by the call that is its argument. */
export function passBlock(block: NDArray): NDArray {
  return block;
}

/**
 * A view's elements in C order: turned here, where several blocks are at a time, rather than one
 * after the other by who reads them.
 */
export function ownBlock(block: NDArray): NDArray {
  return block.isContiguous ? block : block.copy();
}

/** Elementwise work on one block. */
export function kernelBlock(kernel: Kernel, ...inputs: readonly NDArray[]): NDArray {
  return runKernel(kernel, inputs);
}

/**
 * The first of blocks whose lengths become known only here. `lockstep` lists for each axis the
 * blocks whose lengths were unknown: unlike a length known to be 1, theirs never broadcast.
 */
export function firstOfEqual(
  lockstep: readonly (readonly number[])[],
  ...blocks: readonly NDArray[]
): NDArray {
  lockstep.forEach((members, axis) => {
    const lengths = members.map((at) => blocks[at]?.shape[axis] as number);
    if (lengths.every((length) => length === lengths[0])) return;
    throw new HeddleError(
      "InvalidShape",
      `blocks of unknown lengths meet along axis ${axis}, and have ${lengths.join(" and ")} ` +
        "elements: different masks selected them. Select by the same mask, or call " +
        "computeChunkSizes() first.",
      { fields: { axis, lengths } },
    );
  });
  return blocks[0] as NDArray;
}

/**
 * One block out of a box of neighbouring ones: `counts` of them along each axis, the first of which
 * is entered at `starts`; the result has `shape`.
 */
export function assembleBlock(
  counts: readonly number[],
  starts: readonly number[],
  shape: readonly number[],
  pieces: readonly NDArray[],
): NDArray {
  const first = pieces[0] as NDArray;
  if (pieces.length === 1) {
    return part(first, starts, shape);
  }
  const result = NDArray.of(emptyLayout(first.dtype, shape, first.memory));
  const cell = new Array<number>(counts.length).fill(0);
  const ends = new Array<number>(counts.length).fill(0);
  for (const piece of pieces) {
    // A piece's place follows from how much the pieces before it along each axis have filled.
    const at = cell.map((position, axis) => (position === 0 ? 0 : (ends[axis] as number)));
    const from = cell.map((position, axis) => (position === 0 ? (starts[axis] as number) : 0));
    const lengths = piece.shape.map((length, axis) =>
      Math.min(length - (from[axis] as number), (shape[axis] as number) - (at[axis] as number)),
    );
    copyInto(part(result, at, lengths), part(piece, from, lengths));
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      ends[axis] = (at[axis] as number) + (lengths[axis] as number);
      const next = (cell[axis] as number) + 1;
      cell[axis] = next < (counts[axis] as number) ? next : 0;
      if (next < (counts[axis] as number)) break;
    }
  }
  return result;
}

/** The box of `shape` that begins at `starts`, as a view. */
export function part(block: NDArray, starts: readonly number[], shape: readonly number[]): NDArray {
  const { dtype, storage, strides } = block;
  const offset = starts.reduce(
    (sum, start, axis) => sum + start * (strides[axis] as number),
    block.offset,
  );
  return NDArray.of({ dtype, shape, strides, offset, storage });
}

/** Writes a piece into a block, beginning at `starts`. */
export function copyPart(block: NDArray, starts: readonly number[], piece: NDArray): void {
  copyInto(part(block, starts, piece.shape), piece);
}

/** A block filled with one value. */
export function fullBlock(
  shape: readonly number[],
  dtype: DType,
  value: number | bigint | boolean,
): NDArray {
  return newBlock(dtype, shape).fill(value);
}

/** A block whose content is undefined. */
export function newBlock<D extends DType>(dtype: D, shape: readonly number[]): NDArray<D> {
  return NDArray.of(emptyLayout(dtype, shape));
}

/** Several blocks, all of whose tasks' values are arrays, as one array along an axis. */
export function joinBlocks(blocks: readonly NDArray[], axis: number): NDArray {
  const first = blocks[0] as NDArray;
  if (blocks.length === 1) return first;
  const length = blocks.reduce((sum, block) => sum + (block.shape[axis] as number), 0);
  const shape = first.shape.map((own, k) => (k === axis ? length : own));
  const result = NDArray.of(emptyLayout(first.dtype, shape, first.memory));
  let at = 0;
  for (const block of blocks) {
    const starts = shape.map((_, k) => (k === axis ? at : 0));
    copyInto(part(result, starts, block.shape), block);
    at += block.shape[axis] as number;
  }
  return result;
}

/** Elements of one block along an axis: `which` of the pieces, and where in it. */
export function takeBlock(
  axis: number,
  place: { readonly which: Int32Array; readonly at: Int32Array },
  pieces: readonly NDArray[],
): NDArray {
  if (pieces.length === 1) return takeAlong(pieces[0] as NDArray, axis, place.at);
  // Pieces lie one after the other; positions move by what lies before.
  const starts: number[] = [];
  let start = 0;
  for (const piece of pieces) {
    starts.push(start);
    start += piece.shape[axis] as number;
  }
  const at = place.at.map((index, i) => index + (starts[place.which[i] as number] as number));
  return takeAlong(joinBlocks(pieces, axis), axis, at);
}

function takeAlong(block: NDArray, axis: number, at: Int32Array): NDArray {
  return take(block, at, { axis });
}

/** The elements of a block where a mask over axes from `axis` on holds. */
export function maskBlock(axis: number, block: NDArray, mask: NDArray): NDArray {
  const before = block.shape.slice(0, axis);
  const after = block.shape.slice(axis + mask.ndim);
  // The covered axes become one, along which whole slices are kept or left out.
  const flat = mask.ndim === 1 ? block : block.reshape([...before, mask.size, ...after]);
  return compress(mask.ravel(), flat, { axis });
}

/**
 * A block's elements in C order under another shape; lengths that are unknown follow from the
 * others.
 */
export function reshapeBlock(shape: readonly number[], block: NDArray): NDArray {
  return block.reshape(shape.map((length) => (Number.isNaN(length) ? -1 : length)));
}

/** Evenly spaced values. */
export interface Span {
  readonly start: number;
  readonly step: number;
  readonly dtype: DType;
  /** Value of the last element, when rounding must not move it. */
  readonly last: number | null;
  readonly count: number;
}

/** Elements `first` to `first + length` of a span. */
export function arangeBlock(span: Span, first: number, length: number): NDArray {
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = span.start + (first + i) * span.step;
  const atEnd = first + length === span.count && length > 0;
  if (span.last !== null && atEnd) values[length - 1] = span.last;
  return new NDArray(values, { dtype: span.dtype });
}

/** A block of a matrix with ones on a diagonal; `row` and `column` are where it begins. */
export function diagonalBlock(
  shape: readonly number[],
  dtype: DType,
  k: number,
  row: number,
  column: number,
): NDArray {
  const block = newBlock(dtype, shape).fill(0);
  const [rows, columns] = shape as [number, number];
  for (let i = Math.max(0, column - row - k); i < rows; i++) {
    const j = row + i + k - column;
    if (j >= columns) break;
    block.set(1, i, j);
  }
  return block;
}

/** The index along `axis` of every element of a block that begins at `starts`. */
export function functionBlock(
  starts: readonly number[],
  shape: readonly number[],
  axis: number,
): NDArray {
  const length = shape[axis] as number;
  const values = Float64Array.from({ length }, (_, i) => (starts[axis] as number) + i);
  const line = shape.map((_, k) => (k === axis ? length : 1));
  return new NDArray(values, { shape: line }).broadcastTo(shape);
}

/**
 * What a user's function gave, as a block of the promised dtype and shape; NaN lengths may be
 * anything.
 */
export function expectBlock(dtype: DType, shape: readonly number[], value: unknown): NDArray {
  const array = isNDArray(value) ? value : new NDArray(value as ArrayInput);
  const fits =
    array.shape.length === shape.length &&
    shape.every((length, axis) => Number.isNaN(length) || length === array.shape[axis]);
  if (fits) return array.dtype === dtype ? array : array.astype(dtype);
  // A plain number stands for a block of it, as in NumPy.
  if (array.ndim === 0 && !shape.some(Number.isNaN)) return newBlock(dtype, shape).fill(array);
  throw new HeddleError(
    "InvalidShape",
    `a block's function gave an array of shape [${array.shape.join(", ")}], but [${shape.join(", ")}] was ` +
      "promised: give chunks, dropAxis or newAxis when the function changes shapes",
    { fields: { given: array.shape, promised: shape } },
  );
}

/** Puts together what a block's function is told about its place. */
export function makeBlockInfo(
  facts: Pick<BlockInfo, "shape" | "resultShape" | "numChunks" | "dtype">,
  chunkLocation: readonly number[],
  starts: readonly number[],
  chunkShape: readonly number[],
): BlockInfo {
  const arrayLocation = starts.map(
    (start, axis) => [start, start + (chunkShape[axis] as number)] as const,
  );
  return { ...facts, chunkLocation, arrayLocation, chunkShape };
}

/** Running sums or products within a block. */
export function cumulateBlock(
  op: "cumsum" | "cumprod",
  axis: number,
  dtype: DType,
  block: NDArray,
): NDArray {
  return op === "cumsum" ? cumsum(block, { axis, dtype }) : cumprod(block, { axis, dtype });
}

/** The last slice of a block along an axis, which is the total of its running sums. */
export function lastOfBlock(axis: number, block: NDArray): NDArray {
  const start = block.shape.map((_, k) => (k === axis ? (block.shape[axis] as number) - 1 : 0));
  return part(
    block,
    start,
    block.shape.map((length, k) => (k === axis ? 1 : length)),
  ).copy();
}

/** The total up to the end of a block, from that of the blocks before it. */
export function carryNext(
  op: "cumsum" | "cumprod",
  axis: number,
  before: NDArray,
  block: NDArray,
): NDArray {
  if (block.shape[axis] === 0) return before;
  return carryOn(op, lastOfBlock(axis, block), before);
}

/** Running sums of a block, given the total of all blocks before it. */
export function carryOn(op: "cumsum" | "cumprod", block: NDArray, before: NDArray): NDArray {
  return op === "cumsum" ? add(block, before) : multiply(block, before);
}

/** The length of a block along an axis. */
export function lengthOfBlock(axis: number, block: NDArray): number {
  return block.shape[axis] as number;
}

/** True on and below a diagonal; `row` and `column` are where the block begins. */
export function triangleBlock(
  shape: readonly number[],
  k: number,
  row: number,
  column: number,
): NDArray {
  const [rows, columns] = shape as [number, number];
  const values = new Uint8Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const count = Math.min(columns, Math.max(0, row + i + k - column + 1));
    values.fill(1, i * columns, i * columns + count);
  }
  return new NDArray(values, { dtype: "bool", shape });
}

referToAll(import.meta.url, self);
