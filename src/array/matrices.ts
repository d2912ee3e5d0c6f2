/**
 * @file Triangles, grids of coordinates and membership.
 */

import type { DType, DTypeLike, ResolveDType, Scalar } from "../core/dtype.ts";
import { toDType } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { toExpr } from "./arguments.ts";
import type { ArrayArg, CreateOptions, Rank } from "./array-types.ts";
import { blockCall, constant } from "./build/call.ts";
import { chunksFor } from "./build/create.ts";
import { astype, where } from "./build/elementwise.ts";
import { broadcastTo, expandDims } from "./build/shape.ts";
import { type Chunks, offsetsOf } from "./chunks.ts";
import { DistArray } from "./dist-array.ts";
import { type Expr, shapeOfExpr } from "./expression.ts";
import { triangleBlock } from "./tasks.ts";

/** True on and below the `k`-th diagonal. */
function triangle(chunks: Chunks, k: number): Expr {
  return blockCall(
    { word: "tri", dtype: "bool", chunks, identity: [k] },
    {
      fn: triangleBlock,
      args: (plan) => {
        const [down, across] = chunks.map(offsetsOf) as [Float64Array, Float64Array];
        const row = plan.axisLiteral(0, down.subarray(0, -1));
        const column = plan.axisLiteral(1, across.subarray(0, -1));
        return [plan.shapeArg(chunks), constant(k), row, column];
      },
    },
  );
}

/** Ones on and below the `k`-th diagonal (default the main one), zeros above. */
export function tri<T extends DTypeLike = "float64">(
  rows: number,
  options: CreateOptions<T> & { readonly columns?: number; readonly k?: number } = {},
): DistArray<ResolveDType<T>> {
  checkOptionNames("tri", options, ["dtype", "chunks", "columns", "k"]);
  const { columns = rows, k = 0, chunks = "auto" } = options;
  const dtype: DType = toDType(options.dtype ?? "float64");
  const cut = chunksFor([rows, columns], { dtype, chunks });
  return new DistArray(astype(triangle(cut, k), dtype));
}

/** The array with zeros above the `k`-th diagonal of its last two axes. */
export function tril<D extends DType>(
  x: ArrayArg<D>,
  options: { readonly k?: number } = {},
): DistArray<D> {
  checkOptionNames("tril", options, ["k"]);
  const array = toExpr(x);
  return new DistArray(where(lastTwo(array, options.k ?? 0, "tril"), array, nothing(array)));
}

/** The array with zeros below the `k`-th diagonal of its last two axes. */
export function triu<D extends DType>(
  x: ArrayArg<D>,
  options: { readonly k?: number } = {},
): DistArray<D> {
  checkOptionNames("triu", options, ["k"]);
  const array = toExpr(x);
  return new DistArray(where(lastTwo(array, (options.k ?? 0) - 1, "triu"), nothing(array), array));
}

/** What stands outside of a triangle, such that the dtype stays. */
function nothing({ dtype }: Expr): Scalar {
  return dtype === "bool" ? false : 0;
}

function lastTwo(array: Expr, k: number, what: string): Expr {
  if (array.chunks.length >= 2) return triangle(array.chunks.slice(-2), k);
  throw new HeddleError(
    "InvalidShape",
    `${what} needs at least two axes, but the array has ${array.chunks.length}`,
  );
}

/**
 * Coordinates of a grid: one array per axis, repeated along the others; "xy" swaps the first two
 * axes.
 */
export function meshgrid(
  arrays: readonly ArrayArg[],
  options: { readonly indexing?: "xy" | "ij" } = {},
): DistArray[] {
  checkOptionNames("meshgrid", options, ["indexing"]);
  const lines = arrays.map(toExpr);
  const swap = options.indexing !== "ij" && lines.length >= 2;
  const placeOf = (i: number): number => (swap && i < 2 ? 1 - i : i);
  const lengths = lines.map((_, place) => {
    const line = lines[placeOf(place)] as Expr;
    return shapeOfExpr(line)[0] ?? 1;
  });
  const chunks = lines.map((_, place) => (lines[placeOf(place)] as Expr).chunks[0] ?? [1]);
  return lines.map((line, i) => {
    const others = lines.map((_, axis) => axis).filter((axis) => axis !== placeOf(i));
    return new DistArray(broadcastTo(expandDims(line, others), lengths, chunks));
  });
}

/** Whether each element is one of some values. */
export function isin(
  x: ArrayArg,
  values: readonly number[],
  options: { readonly invert?: boolean } = {},
): DistArray<"bool"> {
  checkOptionNames("isin", options, ["invert"]);
  const array = new DistArray<DType>(toExpr(x));
  let found: DistArray<"bool"> = new DistArray(where(array.ne(array).expr, false, false));
  for (const value of new Set(values)) found = found.logicalOr(array.eq(value));
  return options.invert === true ? found.logicalNot() : found;
}

/** The mean with a weight for each element; along an axis, weights may have that axis only. */
export function average(
  x: ArrayArg,
  options?: { readonly axis?: null; readonly weights?: ArrayArg },
): DistArray<DType, "scalar">;
export function average(
  x: ArrayArg,
  options: { readonly axis?: number | null; readonly weights?: ArrayArg },
): DistArray;
export function average(
  x: ArrayArg,
  options: { readonly axis?: number | null; readonly weights?: ArrayArg } = {},
): DistArray<DType, Rank> {
  checkOptionNames("average", options, ["axis", "weights"]);
  const array = new DistArray<DType>(toExpr(x));
  const { axis = null, weights } = options;
  if (weights === undefined) return array.mean({ axis });
  let own = toExpr(weights);
  if (own.chunks.length === 1 && array.ndim > 1 && axis !== null) {
    const at = axis < 0 ? axis + array.ndim : axis;
    own = expandDims(
      own,
      array.chunks.map((_, i) => i).filter((i) => i !== at),
    );
  }
  const scale = new DistArray<DType>(broadcastTo(own, array.shape));
  return array.mul(scale).sum({ axis }).div(scale.sum({ axis }));
}
