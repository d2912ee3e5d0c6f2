/**
 * @file How elements lie in storage: shape, strides and offset, all counted in elements. Views
 * (slices, transposes, broadcasts) are new layouts over the same storage; this file holds their
 * arithmetic and nothing that touches bytes.
 */
import type { DType } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { sizeOfShape } from "../core/indexing.ts";
import type { Storage } from "./storage.ts";

/** An array as kernels see it. */
export interface Layout {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /**
   * Distance of neighbours along each axis, in elements; 0 where broadcast, negative where
   * reversed.
   */
  readonly strides: readonly number[];
  /** Position of the first element in the storage, in elements. */
  readonly offset: number;
  readonly storage: Storage;
}

/** Strides of a C-contiguous array. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= Math.max(1, shape[axis] as number);
  }
  return strides;
}

/** Whether the elements lie without gaps in C order. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] as number;
    if (length === 0) return true;
    if (length !== 1 && strides[axis] !== step) return false;
    step *= length;
  }
  return true;
}

/** Strides under which an array of `shape` reads as one of `target`: 0 along repeated axes. */
export function broadcastStrides(
  shape: readonly number[],
  strides: readonly number[],
  target: readonly number[],
): number[] {
  const added = target.length - shape.length;
  return target.map((length, axis) => {
    const own = shape[axis - added];
    if (own === undefined || (own === 1 && length !== 1)) return 0;
    if (own === length) return strides[axis - added] as number;
    throw new HeddleError(
      "InvalidShape",
      `An array of shape [${shape.join(", ")}] cannot be broadcast to [${target.join(", ")}].`,
      { fields: { shape, target } },
    );
  });
}

/** A shape with one -1 filled in so that it has `size` elements. */
export function resolveShape(shape: readonly number[], size: number): number[] {
  const given = `[${shape.join(", ")}]`;
  const unknown = shape.indexOf(-1);
  const rest = sizeOfShape(shape.filter((length) => length !== -1));
  const valid = shape.every((length) => Number.isInteger(length) && length >= -1);
  const full = shape.map((length) => (length === -1 && rest > 0 ? size / rest : length));
  const fits = valid && unknown === shape.lastIndexOf(-1) && full.every(Number.isInteger);
  if (fits && sizeOfShape(full) === size && !full.includes(-1)) return full;
  throw new HeddleError(
    "InvalidShape",
    `An array of ${size} elements cannot be reshaped to ${given}: the product of the lengths must ` +
      `be ${size}, and at most one may be -1.`,
    { fields: { shape, size } },
  );
}

/** A shape given by a user, checked: non-negative integers whose product is a safe integer. */
export function checkShape(shape: number | readonly number[]): number[] {
  const list = typeof shape === "number" ? [shape] : [...shape];
  const bad = list.find((length) => !Number.isInteger(length) || length < 0);
  if (bad === undefined && Number.isSafeInteger(sizeOfShape(list))) return list;
  throw new HeddleError(
    "InvalidShape",
    `Invalid shape [${list.join(", ")}]: lengths must be integers of at least 0.`,
    { fields: { shape: list } },
  );
}

/**
 * Strides with which the same elements read in the same order under another shape; undefined when
 * that needs a copy (the algorithm of NumPy's `_attempt_nocopy_reshape`). The sizes must be equal
 * and not 0.
 */
export function reshapeStrides(
  shape: readonly number[],
  strides: readonly number[],
  target: readonly number[],
): number[] | undefined {
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  const oldShape = axes.map((axis) => shape[axis] as number);
  const oldStrides = axes.map((axis) => strides[axis] as number);
  const result = new Array<number>(target.length).fill(0);
  let [oldStart, newStart] = [0, 0];
  while (newStart < target.length && oldStart < oldShape.length) {
    let [oldEnd, newEnd] = [oldStart + 1, newStart + 1];
    let oldSize = oldShape[oldStart] as number;
    let newSize = target[newStart] as number;
    while (oldSize !== newSize) {
      if (newSize < oldSize) newSize *= target[newEnd++] as number;
      else oldSize *= oldShape[oldEnd++] as number;
    }
    for (let axis = oldStart; axis < oldEnd - 1; axis++) {
      const step = (oldShape[axis + 1] as number) * (oldStrides[axis + 1] as number);
      if (oldStrides[axis] !== step) return undefined;
    }
    result[newEnd - 1] = oldStrides[oldEnd - 1] as number;
    for (let axis = newEnd - 1; axis > newStart; axis--) {
      result[axis - 1] = (result[axis] as number) * (target[axis] as number);
    }
    [oldStart, newStart] = [oldEnd, newEnd];
  }
  for (let axis = newStart; axis < target.length; axis++) {
    result[axis] = axis > 0 ? (result[axis - 1] as number) : 1;
  }
  return result;
}

/** Calls `visit(offset)` for every element in C order, `offset` as a position in storage. */
export function forEachOffset(layout: Layout, visit: (offset: number) => void): void {
  const { shape, strides } = layout;
  const ndim = shape.length;
  if (shape.includes(0)) return;
  const at = new Array<number>(ndim).fill(0);
  let offset = layout.offset;
  for (;;) {
    visit(offset);
    let axis = ndim - 1;
    for (; axis >= 0; axis--) {
      const next = (at[axis] as number) + 1;
      offset += strides[axis] as number;
      if (next < (shape[axis] as number)) {
        at[axis] = next;
        break;
      }
      offset -= next * (strides[axis] as number);
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}
