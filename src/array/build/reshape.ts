/**
 * @file Reshaping in C order. Axes are grouped so that each group of old axes and its group of new
 * axes hold the same elements; within a group all but the outermost axis lie whole in every block,
 * and the outermost is cut at multiples that fit both sides. Then every block is reshaped by
 * itself. After `dask.array.reshape`.
 */
import { HeddleError } from "../../core/errors.ts";
import { type Chunks, gridOf, isKnown, product, show, sum } from "../chunks.ts";
import { type Expr, shapeOfExpr } from "../expression.ts";
import { reshapeBlock } from "../tasks.ts";
import { blockCall } from "./call.ts";
import { full } from "./create.ts";
import { unknownChunks } from "./errors.ts";
import { rechunkTo } from "./rechunk.ts";

/** The same elements in C order under another shape; one length may be -1. */
export function reshape(array: Expr, shape: readonly number[]): Expr {
  const old = shapeOfExpr(array);
  if (!isKnown(array.chunks)) {
    if (old.length === 1 && shape.length === 1 && shape[0] === -1) return array;
    throw unknownChunks("reshape", array.chunks);
  }
  const target = resolveTarget(shape, old);
  if (old.length === target.length && old.every((length, i) => length === target[i])) return array;
  if (product(old) === 0) return full(target, 0, { dtype: array.dtype, chunks: target });
  const { below, above } = planReshape(array.chunks, old, target);
  const operand = rechunkTo(array, below);
  return blockCall(
    { word: "reshape", dtype: array.dtype, chunks: above, operands: [operand], identity: [] },
    {
      fn: reshapeBlock,
      args: (plan, [x]) => {
        // The grids differ in axes of one block only, so blocks correspond in C order.
        const axes = axesOfBlocks(gridOf(below), gridOf(above));
        return [plan.shapeArg(above), plan.operand(x as NonNullable<typeof x>, axes)];
      },
    },
  );
}

function resolveTarget(shape: readonly number[], old: readonly number[]): number[] {
  const size = product(old);
  const rest = product(shape.filter((length) => length !== -1));
  const target = shape.map((length) => (length === -1 ? size / rest : length));
  const valid =
    shape.filter((length) => length === -1).length <= 1 &&
    target.every((length) => Number.isInteger(length) && length >= 0) &&
    product(target) === size;
  if (valid) return target;
  throw new HeddleError(
    "InvalidShape",
    `an array of shape ${show(old)} (${size} elements) cannot be reshaped to ${show(shape)}: the product of ` +
      "the lengths must be the same, and at most one may be -1",
    { fields: { shape: old, target: shape } },
  );
}

/** For each axis below, the axis above along which its blocks run. */
function axesOfBlocks(below: readonly number[], above: readonly number[]): number[] {
  const long = above.flatMap((count, axis) => (count > 1 ? [axis] : []));
  let next = 0;
  return below.map((count) => (count > 1 ? (long[next++] as number) : 0));
}

interface ReshapePlan {
  readonly below: Chunks;
  readonly above: Chunks;
}

function planReshape(
  chunks: Chunks,
  old: readonly number[],
  target: readonly number[],
): ReshapePlan {
  const below: (readonly number[])[] = [];
  const above: (readonly number[])[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < target.length) {
    const [firstOld, firstNew] = [i, j];
    let left = old[i++] ?? 1;
    let right = target[j++] ?? 1;
    while (left !== right) {
      if (left < right) left *= old[i++] ?? 1;
      else right *= target[j++] ?? 1;
    }
    const group = planGroup(chunks.slice(firstOld, i), target.slice(firstNew, j));
    below.push(...group.below);
    above.push(...group.above);
  }
  return { below, above };
}

/** One group: the outermost long axis is cut, all others are whole. */
function planGroup(chunks: Chunks, target: readonly number[]): ReshapePlan {
  const old = chunks.map(sum);
  if (chunks.length === 1 && target.length === 1) return { below: chunks, above: chunks };
  // Axes of length 1 in front cannot be cut: the first longer one is the outermost that can.
  const outer = Math.max(
    0,
    old.findIndex((length) => length > 1),
  );
  const outerNew = Math.max(
    0,
    target.findIndex((length) => length > 1),
  );
  const inner = product(old.slice(outer + 1));
  const innerNew = product(target.slice(outerNew + 1));
  const unit = leastCommonMultiple(inner, innerNew) / inner;
  const rows = cutRows(chunks[outer] ?? [1], chunks.slice(outer + 1), inner, unit);
  const newRows = rows.map((length) => (length * inner) / innerNew);
  return {
    below: old.map((length, k) => (k === outer ? rows : [length])),
    above: target.map((length, k) => (k === outerNew ? newRows : [length])),
  };
}

/**
 * Cuts of the outermost axis: near the present ones, at multiples of `unit`, with blocks no larger
 * than now.
 */
function cutRows(blocks: readonly number[], others: Chunks, inner: number, unit: number): number[] {
  const length = sum(blocks);
  const largest = Math.max(...blocks) * product(others.map((lengths) => Math.max(...lengths)));
  const most = Math.max(unit, Math.floor(largest / inner / unit) * unit);
  const rows: number[] = [];
  let begin = 0;
  let end = 0;
  for (const block of blocks) {
    end += block;
    const upTo = end === length ? length : Math.floor(end / unit) * unit;
    for (; begin < upTo; begin += rows.at(-1) as number) rows.push(Math.min(most, upTo - begin));
  }
  return rows.length === 0 ? [length] : rows;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
