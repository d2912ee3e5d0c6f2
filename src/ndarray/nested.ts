/**
 * @file Nested JavaScript arrays: their shape, the dtype they suggest, filling storage from them
 * and making them from a layout. Integral and fractional numbers are one type in JavaScript, so
 * numbers suggest float64.
 */
import { isComplex } from "../core/complex.ts";
import type { DType } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { type Element, elementReader, elementWriter, type Int64Options } from "./elements.ts";
import type { Layout } from "./layout.ts";
import type { Storage } from "./storage.ts";

/** Arrays in arrays, to any depth. */
export type Nested<T> = T | readonly Nested<T>[];

/** What a nested array may hold. */
export type NestedInput = Nested<number | bigint | boolean | { re: number; im: number } | Date>;

/** The shape of a nested array, taken from its first elements. */
export function shapeOfNested(nested: NestedInput): number[] {
  const shape: number[] = [];
  let level: unknown = nested;
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}

/** The dtype that holds every element of a nested array; float64 when it is empty. */
export function dtypeOfNested(nested: NestedInput): DType {
  const seen = new Set<DType>();
  const visit = (x: unknown): void => {
    if (Array.isArray(x)) x.forEach(visit);
    else seen.add(dtypeOfElement(x));
  };
  visit(nested);
  if (seen.size === 0) return "float64";
  if (seen.size === 1) return [...seen][0] as DType;
  if (seen.has("datetime64")) throw mixed("dates and numbers");
  return seen.has("complex128") ? "complex128" : seen.has("float64") ? "float64" : "int64";
}

function dtypeOfElement(x: unknown): DType {
  if (typeof x === "number") return "float64";
  if (typeof x === "boolean") return "bool";
  if (typeof x === "bigint") return "int64";
  if (x instanceof Date) return "datetime64";
  if (isComplex(x)) return "complex128";
  throw mixed(`${String(x)} (${x === null ? "null" : typeof x})`);
}

function mixed(what: string): HeddleError {
  return new HeddleError(
    "DTypeMismatch",
    `A nested array holds ${what}; its elements must be numbers, bigints, booleans, Complex, or ` +
      "all dates.",
  );
}

/** Writes the elements of a nested array of `shape` to storage, in C order. */
export function fillFromNested(
  storage: Storage,
  dtype: DType,
  nested: NestedInput,
  shape: readonly number[],
): void {
  const write = elementWriter(dtype, storage.values);
  let at = 0;
  const visit = (x: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (Array.isArray(x)) throw ragged(shape, depth);
      write(at++, x);
    } else {
      if (!Array.isArray(x) || x.length !== shape[depth]) throw ragged(shape, depth);
      for (const item of x) visit(item, depth + 1);
    }
  };
  visit(nested, 0);
}

function ragged(shape: readonly number[], depth: number): HeddleError {
  return new HeddleError(
    "InvalidShape",
    `The nested array is ragged: its first elements say shape [${shape.join(", ")}], but lengths ` +
      `differ at depth ${depth}. All rows must have the same length.`,
  );
}

/** The elements as nested arrays; a plain element for a 0-d layout. */
export function toNested(layout: Layout, options: Int64Options = {}): Nested<Element> {
  const read = elementReader(layout.dtype, layout.storage.values, options);
  const { shape, strides } = layout;
  const build = (axis: number, offset: number): Nested<Element> => {
    if (axis === shape.length) return read(offset);
    const step = strides[axis] as number;
    return Array.from({ length: shape[axis] as number }, (_, i) =>
      build(axis + 1, offset + i * step),
    );
  };
  return build(0, layout.offset);
}
