/**
 * @file Changing the shape: axes turned, added, dropped and repeated are views; arrays are joined
 * without tasks; only `reshape` may have to cut anew.
 */
import type { DType } from "../../core/dtype.ts";
import { promote } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxes, resolveAxis } from "../../core/indexing.ts";
import { commonBlocks } from "../axis-plans.ts";
import { type Chunks, sameBlocks, show, sum } from "../chunks.ts";
import { type CutAxis, type FixedAxis, repeatedAxis, slicedAxis, wholeAxis } from "../cut.ts";
import { type Expr, shapeOfExpr, view } from "../expression.ts";
import { normalizeChunks } from "../normalize-chunks.ts";
import { astype } from "./elementwise.ts";
import { unknownChunks } from "./errors.ts";
import { rechunkTo } from "./rechunk.ts";

/** Axes in another order; default reversed. */
export function transpose(array: Expr, axes?: readonly number[]): Expr {
  const ndim = array.chunks.length;
  const order =
    axes === undefined
      ? array.chunks.map((_, i) => ndim - 1 - i)
      : axes.map((axis) => resolveAxis(axis, ndim));
  if (order.length !== ndim || new Set(order).size !== ndim) {
    throw new HeddleError(
      "InvalidAxis",
      `transpose needs each of the ${ndim} axes once, but was given ${show(axes ?? [])}`,
    );
  }
  return view(array, { axes: order.map((axis) => wholeOf(array, axis)), fixed: [] });
}

function wholeOf(array: Expr, axis: number): CutAxis {
  return wholeAxis(array.chunks[axis] as readonly number[], axis);
}

/** New axes of length 1 at the given positions of the result. */
export function expandDims(array: Expr, axis: number | readonly number[]): Expr {
  const given = typeof axis === "number" ? [axis] : axis;
  const ndim = array.chunks.length + given.length;
  const added = resolveAxes(given, ndim);
  let own = 0;
  const axes = Array.from({ length: ndim }, (_, i) =>
    added.includes(i) ? repeatedAxis([1]) : wholeOf(array, own++),
  );
  return view(array, { axes, fixed: [] });
}

/** Without axes of length 1: all of them, or the given ones. */
export function squeeze(array: Expr, axis?: number | readonly number[]): Expr {
  const shape = shapeOfExpr(array);
  const dropped =
    axis === undefined
      ? shape.flatMap((length, i) => (length === 1 ? [i] : []))
      : resolveAxes(axis, shape.length);
  const bad = dropped.find((i) => shape[i] !== 1);
  if (bad !== undefined) {
    throw new HeddleError(
      "InvalidAxis",
      `axis ${bad} cannot be squeezed: it has length ${shape[bad]}, and only axes of length 1 can`,
      { fields: { axis: bad, shape } },
    );
  }
  const fixed = dropped.map((i): FixedAxis => {
    const block = (array.chunks[i] as readonly number[]).indexOf(1);
    return { axis: i, block, at: 0 };
  });
  const axes = shape.flatMap((_, i) => (dropped.includes(i) ? [] : [wholeOf(array, i)]));
  return view(array, { axes, fixed });
}

/** The array repeated along axes of length 1 and new leading axes. */
export function broadcastTo(array: Expr, shape: readonly number[], chunks?: Chunks): Expr {
  const own = shapeOfExpr(array);
  const added = shape.length - own.length;
  const fits =
    added >= 0 && own.every((length, i) => length === 1 || Object.is(length, shape[i + added]));
  if (!fits) {
    throw new HeddleError(
      "InvalidShape",
      `an array of shape ${show(own)} cannot be broadcast to ${show(shape)}: aligned from the right, ` +
        "its lengths must be equal or 1",
      { fields: { shape: own, target: shape } },
    );
  }
  const fixed: FixedAxis[] = [];
  const axes = shape.map((length, i): CutAxis => {
    const blocks = array.chunks[i - added];
    if (blocks !== undefined && !(sum(blocks) === 1 && length !== 1))
      return wholeOf(array, i - added);
    if (blocks !== undefined) fixed.push({ axis: i - added, block: blocks.indexOf(1), at: 0 });
    return repeatedAxis(chunks?.[i] ?? [length]);
  });
  const result = view(array, { axes, fixed });
  return chunks === undefined ? result : rechunkTo(result, chunks);
}

/** The elements of an axis in the other order. */
export function flip(array: Expr, axis?: number | readonly number[] | null): Expr {
  const flipped = resolveAxes(axis, array.chunks.length);
  const axes = array.chunks.map((blocks, i) => {
    const count = sum(blocks);
    if (!flipped.includes(i)) return wholeOf(array, i);
    if (Number.isNaN(count)) throw unknownChunks("flip", array.chunks);
    return slicedAxis(blocks, i, { start: count - 1, count, step: -1 });
  });
  return view(array, { axes, fixed: [] });
}

/** Arrays one after the other along an axis. */
export function concatenate(arrays: readonly Expr[], axis = 0): Expr {
  const [first] = arrays;
  if (first === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "concatenate needs at least one array, but the list is empty",
    );
  }
  const at = resolveAxis(axis, first.chunks.length);
  checkShapes("concatenate", arrays, at);
  const dtype = arrays.map((array) => array.dtype).reduce(promote);
  const across = first.chunks.map((blocks, k) => (k === at ? blocks : commonOf(arrays, k)));
  const parts = arrays.map((array) =>
    rechunkTo(
      astype(array, dtype),
      across.map((blocks, k) => (k === at ? (array.chunks[k] as readonly number[]) : blocks)),
    ),
  );
  if (parts.length === 1) return parts[0] as Expr;
  const full = parts.filter((part) => sum(part.chunks[at] as readonly number[]) !== 0);
  if (full.length === 0) return parts[0] as Expr;
  if (full.length === 1) return full[0] as Expr;
  const joined = full.flatMap((part) => part.chunks[at] as readonly number[]);
  const chunks = across.map((blocks, k) => (k === at ? joined : blocks));
  return { kind: "concat", axis: at, dtype, chunks, operands: full };
}

function commonOf(arrays: readonly Expr[], axis: number): readonly number[] {
  const cuts = arrays.map((array) => array.chunks[axis] as readonly number[]);
  if (cuts.every((blocks) => sameBlocks(blocks, cuts[0] as readonly number[])))
    return cuts[0] as readonly number[];
  const common = commonBlocks(cuts);
  if (common === null) throw unknownChunks("concatenate", arrays[0]?.chunks ?? []);
  return common;
}

function checkShapes(what: string, arrays: readonly Expr[], axis: number | null): void {
  const shapes = arrays.map(shapeOfExpr);
  const first = shapes[0] as readonly number[];
  const bad = shapes.findIndex(
    (shape) =>
      shape.length !== first.length ||
      shape.some(
        (length, k) =>
          k !== axis && length !== first[k] && !Number.isNaN(length + (first[k] as number)),
      ),
  );
  if (bad === -1) return;
  const other = shapes[bad] as readonly number[];
  const ranks = other.length !== first.length;
  throw new HeddleError(
    "InvalidShape",
    `${what}: array 0 has shape ${show(first)}, but array ${bad} has ${show(other)}: ` +
      (ranks
        ? `all must have the same number of axes (${first.length} and ${other.length} given); use expandDims`
        : `all lengths${axis === null ? "" : ` except that of axis ${axis}`} must agree`),
    { fields: { shapes } },
  );
}

/** Arrays of one shape as one array with a new axis. */
export function stack(arrays: readonly Expr[], axis = 0): Expr {
  const [first] = arrays;
  if (first === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "stack needs at least one array, but the list is empty",
    );
  }
  checkShapes("stack", arrays, null);
  const at = resolveAxis(axis, first.chunks.length + 1);
  return concatenate(
    arrays.map((array) => expandDims(array, at)),
    at,
  );
}

/**
 * Nested lists of arrays put together as one: the innermost lists along the last axis, and so on
 * outwards.
 */
export function block(nested: NestedExprs): Expr {
  const depth = depthOf(nested);
  const ndim = Math.max(depth, mostAxes(nested));
  const join = (part: NestedExprs, axis: number): Expr => {
    if (!isList(part)) {
      const missing = ndim - part.chunks.length;
      return missing > 0
        ? expandDims(
            part,
            Array.from({ length: missing }, (_, i) => i),
          )
        : part;
    }
    return concatenate(
      part.map((inner) => join(inner, axis + 1)),
      axis,
    );
  };
  return join(nested, ndim - depth);
}

/** Arrays in lists in lists. */
export type NestedExprs = Expr | readonly NestedExprs[];

function isList(value: NestedExprs): value is readonly NestedExprs[] {
  return Array.isArray(value);
}

function mostAxes(nested: NestedExprs): number {
  return isList(nested) ? Math.max(0, ...nested.map(mostAxes)) : nested.chunks.length;
}

function depthOf(nested: NestedExprs): number {
  if (!isList(nested)) return 0;
  const depths = new Set(nested.map(depthOf));
  if (depths.size === 1) return 1 + Math.max(...depths);
  throw new HeddleError(
    "InvalidArgument",
    depths.size === 0
      ? "block was given an empty list"
      : `block needs lists nested equally deep everywhere, but found depths ${[...depths].join(" and ")}`,
  );
}

/** A dtype and chunks for `*Like` functions. */
export function likeOf(
  array: Expr,
  options: { readonly dtype?: DType; readonly chunks?: Parameters<typeof normalizeChunks>[0] },
): { dtype: DType; chunks: Chunks } {
  const chunks =
    options.chunks === undefined
      ? array.chunks
      : normalizeChunks(options.chunks, shapeOfExpr(array));
  return { dtype: options.dtype ?? array.dtype, chunks };
}
