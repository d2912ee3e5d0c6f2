/**
 * @file Selecting by a lazy mask. How many elements a block keeps is known only when it runs, so
 * the result's block lengths are NaN until `computeChunkSizes` asks.
 */
import { HeddleError } from "../../core/errors.ts";
import type { Operand } from "../blocks.ts";
import { type Chunks, isKnown, sameBlocks, show } from "../chunks.ts";
import { type Expr, shapeOfExpr } from "../expression.ts";
import { maskBlock } from "../tasks.ts";
import { blockCall, constant } from "./call.ts";
import { unifyChunks } from "./elementwise.ts";
import { rechunkTo } from "./rechunk.ts";

/**
 * The elements of `array` where `mask` holds. The mask covers axes from `axis` on; they become one
 * axis, in C order, for which all but the first of them must lie whole in every block (they are cut
 * so here).
 */
export function selectMask(array: Expr, mask: Expr, axis: number): Expr {
  if (mask.dtype !== "bool") {
    throw new HeddleError(
      "DTypeMismatch",
      `a lazy index array holds integers, or is a mask of dtype bool; this one is ${mask.dtype}: ` +
        'compare first, x.gt(0), or make positions of it, x.astype("int64")',
    );
  }
  const covered = mask.chunks.length;
  const part = array.chunks.slice(axis, axis + covered);
  checkCovers(array, mask, axis);
  const common = unifyChunks([mask, { ...array, chunks: part }], "a mask");
  const cut: Chunks = common.map((blocks, k) => (k === 0 ? blocks : [total(blocks)]));
  const known = isKnown(mask.chunks) && isKnown(array.chunks);
  const wanted = array.chunks.map((blocks, k) => cut[k - axis] ?? blocks);
  const values = known ? rechunkTo(array, wanted) : array;
  const test = known ? rechunkTo(mask, cut) : mask;
  const lengths = (cut[0] as readonly number[]).map(() => Number.NaN);
  const chunks = [...values.chunks.slice(0, axis), lengths, ...values.chunks.slice(axis + covered)];
  return blockCall(
    { word: "mask", dtype: array.dtype, chunks, operands: [values, test], identity: [axis] },
    {
      fn: maskBlock,
      args: (plan, [x, m]) => {
        const axes = values.chunks.map((_, k) => {
          if (k < axis) return k;
          return k < axis + covered ? axis : k - covered + 1;
        });
        const own = plan.operand(x as Operand, collapsed(axes, axis, covered));
        const its = plan.operand(
          m as Operand,
          test.chunks.map(() => axis),
        );
        return [constant(axis), own, its];
      },
    },
  );
}

/**
 * Axes of the grid along which the operand's axes run; covered axes after the first have one block
 * each.
 */
function collapsed(axes: readonly number[], axis: number, covered: number): number[] {
  return axes.map((at, k) => (k > axis && k < axis + covered ? axis : at));
}

function total(blocks: readonly number[]): number {
  return blocks.reduce((a, b) => a + b, 0);
}

function checkCovers(array: Expr, mask: Expr, axis: number): void {
  const own = shapeOfExpr(array).slice(axis, axis + mask.chunks.length);
  const its = shapeOfExpr(mask);
  const fits = its.every((length, k) => {
    if (!Number.isNaN(length) && !Number.isNaN(own[k] as number)) return length === own[k];
    return sameBlocks(mask.chunks[k] ?? [], array.chunks[axis + k] ?? []);
  });
  if (fits) return;
  throw new HeddleError(
    "InvalidShape",
    `a mask of shape ${show(its)} does not fit axes ${axis} and on of an array of shape ` +
      `${show(shapeOfExpr(array))}: it must have the same lengths`,
    { fields: { mask: its, shape: shapeOfExpr(array) } },
  );
}
