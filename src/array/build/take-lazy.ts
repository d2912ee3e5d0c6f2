/**
 * @file Taking positions that are themselves lazy. Which blocks hold them is not known when the
 * graph is made, so every block of the array meets every block of positions; what they give is
 * joined as a tree, as in a reduction. A task holds one block and what others gave, never a whole
 * axis.
 */
import { HeddleError } from "../../core/errors.ts";
import { type Blocks, blocksOfLayer, LayerPlan, type Operand } from "../blocks.ts";
import { type Chunks, gridOf, offsetsOf, sum } from "../chunks.ts";
import type { Expr } from "../expression.ts";
import { lowerTree } from "../lower-reduction.ts";
import { finishTaken, joinTaken, takeWanted } from "../take-tasks.ts";
import { call, constant } from "./call.ts";
import { unknownChunks } from "./errors.ts";
import { expandDims, squeeze } from "./shape.ts";

/** How many gifts one task joins. */
const SPLIT_EVERY = 8;

/** The elements at lazy positions (of one axis, or none) along an axis. */
export function takeLazily(array: Expr, indices: Expr, axis: number): Expr {
  const ndim = indices.chunks.length;
  if (ndim === 0) return squeeze(takeLazily(array, expandDims(indices, 0), axis), axis);
  if (ndim > 1) {
    throw new HeddleError(
      "NotSupported",
      `a lazy index array has ${ndim} axes, but only those of one axis select positions: ` +
        "x.at(i.ravel()), and reshape the result",
    );
  }
  const length = sum(array.chunks[axis] as readonly number[]);
  if (Number.isNaN(length)) throw unknownChunks("taking positions", array.chunks);
  const [wanted] = indices.chunks as [readonly number[]];
  const chunks = array.chunks.map((own, k) => (k === axis ? wanted : own));
  const { dtype } = array;
  return call(
    { word: "take", dtype, chunks, operands: [array, indices], identity: ["lazy", axis] },
    ([x, at], token) => {
      const gifts = lowerGifts([x as Operand, at as Operand], array.chunks, chunks, axis, token);
      return lowerTree(gifts, {
        word: "take",
        token,
        axes: [chunks.length],
        splitEvery: [SPLIT_EVERY],
        keepdims: false,
        stages: {
          combine: { fn: joinTaken, args: [axis] },
          finish: { fn: finishTaken, args: [axis] },
        },
      });
    },
  );
}

/**
 * One task for each block of the array and each block of positions: the grid of the result, with
 * the array's blocks along the axis as a further, last axis.
 */
function lowerGifts(
  [x, at]: readonly [Operand, Operand],
  below: Chunks,
  chunks: Chunks,
  axis: number,
  token: string,
): Blocks {
  const along = below[axis] as readonly number[];
  const all = [...chunks, along.map(() => 1)];
  const plan = new LayerPlan(gridOf(all));
  const last = chunks.length;
  const block = plan.operand(
    x,
    below.map((_, k) => (k === axis ? last : k)),
  );
  const positions = plan.operand(at, [axis]);
  const start = plan.axisLiteral(last, offsetsOf(along).subarray(0, -1));
  const layer = plan.finish({
    word: "take-wanted",
    token,
    kind: "blockwise",
    template: {
      fn: takeWanted,
      args: [constant(axis), constant(sum(along)), start, block, positions],
    },
  });
  return blocksOfLayer(layer, all);
}
