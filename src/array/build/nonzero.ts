/** @file Where elements are not zero: the coordinates along each axis, in C order. */

import { isKnown } from "../chunks.ts";
import { type Expr, shapeOfExpr } from "../expression.ts";
import { progression } from "./create.ts";
import { binary } from "./elementwise.ts";
import { unknownChunks } from "./errors.ts";
import { selectMask } from "./mask.ts";
import { reshape } from "./reshape.ts";
import { broadcastTo, expandDims } from "./shape.ts";

/** One array of positions for each axis; how many there are is known when they are computed. */
export function nonzero(array: Expr): Expr[] {
  if (!isKnown(array.chunks)) throw unknownChunks("nonzero", array.chunks);
  const shape = shapeOfExpr(array);
  const mask = reshape(array.dtype === "bool" ? array : binary("notEqual", array, 0), [-1]);
  return shape.map((length, axis) => {
    const chunks = [array.chunks[axis] as readonly number[]];
    const line = progression(0, 1, length, { word: "arange", dtype: "int64", chunks });
    const others = shape.map((_, k) => k).filter((k) => k !== axis);
    const grid = broadcastTo(expandDims(line, others), shape, array.chunks);
    return selectMask(reshape(grid, [-1]), mask, 0);
  });
}
