/**
 * @file Taking positions along an axis: every result block gathers from the blocks below that hold
 * its elements.
 */
import { HeddleError } from "../../core/errors.ts";
import { resolveInteger } from "../../core/indexing.ts";
import { type TakePiece, takeAxis } from "../axis-plans.ts";
import { type Blocks, blocksOfLayer, countUp, LayerPlan, type Operand, spread } from "../blocks.ts";
import { type Chunks, gridOf, sum } from "../chunks.ts";
import { stridesOf } from "../cut.ts";
import type { Expr } from "../expression.ts";
import { materialize } from "../lower-blocks.ts";
import { takeBlock } from "../tasks.ts";
import { call, constant } from "./call.ts";
import { unknownChunks } from "./errors.ts";

/** The elements at `indices` (negative ones count from the end) along an axis, in that order. */
export function take(array: Expr, indices: ArrayLike<number>, axis: number): Expr {
  const blocks = array.chunks[axis] as readonly number[];
  const length = sum(blocks);
  if (Number.isNaN(length)) throw unknownChunks("taking positions", array.chunks);
  const at = Float64Array.from(indices, (index) => {
    if (!Number.isInteger(index)) throw notInteger(index);
    return resolveInteger(index, length, axis);
  });
  const pieces = takeAxis(blocks, at);
  const chunks = array.chunks.map((own, k) =>
    k === axis ? pieces.map(({ at: a }) => a.length) : own,
  );
  const parts = {
    word: "take",
    dtype: array.dtype,
    chunks,
    operands: [array],
    identity: [axis, at],
  };
  return call(parts, ([operand], token) =>
    lowerTake(operand as Operand, chunks, pieces, axis, token),
  );
}

function notInteger(index: unknown): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `${String(index)} cannot be an index: an index array holds integers, or booleans as a mask`,
  );
}

function lowerTake(
  operand: Operand,
  chunks: Chunks,
  pieces: readonly TakePiece[],
  axis: number,
  token: string,
): Blocks {
  const blocks = materialize(operand, `${token}-below`);
  const below = gridOf(blocks.chunks);
  const strides = stridesOf(below);
  const plan = new LayerPlan(gridOf(chunks));
  const tasks = plan.number(blocks);
  const others = below.flatMap((length, k) => {
    const stride = strides[k] as number;
    return k === axis ? [] : [{ axis: k, values: countUp(length, 0, stride) }];
  });
  const firsts = spread(plan.grid, 0, others);
  const along = spread(plan.grid, 0, [{ axis, values: pieces.map((_, i) => i) }]);
  const offsets = new Int32Array(plan.count + 1);
  const deps: number[] = [];
  for (let task = 0; task < plan.count; task++) {
    for (const source of (pieces[along[task] as number] as TakePiece).sources) {
      deps.push(tasks[(firsts[task] as number) + source * (strides[axis] as number)] as number);
    }
    offsets[task + 1] = deps.length;
  }
  const places = pieces.map(({ which, at }) => ({ which, at }));
  const place = plan.value(Array.from(along, (i) => places[i]));
  const layer = plan.finishWith(
    {
      word: "take",
      token,
      kind: "blockwise",
      template: { fn: takeBlock, args: [constant(axis), place, { kind: "deps", start: 0 }] },
    },
    offsets,
    Int32Array.from(deps),
  );
  return blocksOfLayer(layer, chunks);
}
