/**
 * @file What may stand in `x.at(…)`: integers, slices (also as text, `"::2, 50:"`), null for a new
 * axis, `"..."`, and arrays of integers or booleans. Parsing and normalising is shared by local and
 * distributed arrays; nothing here knows what an array is beyond its shape.
 */
import { HeddleError } from "./errors.ts";

/** Python's slice; null means "from the end that the step's sign suggests". */
export interface Slice {
  readonly kind: "slice";
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}

/**
 * A slice as an object, for computed bounds: `slice(stop)`, `slice(start, stop)` or `slice(start,
 * stop, step)`.
 *
 * @example
 * import { slice } from "heddle/array";
 * console.log(slice(2, null, 3).step); // 3
 */
export function slice(stop: number | null): Slice;
export function slice(start: number | null, stop: number | null, step?: number | null): Slice;
export function slice(a: number | null, b?: number | null, step: number | null = null): Slice {
  if (b === undefined) return { kind: "slice", start: null, stop: a, step };
  return { kind: "slice", start: a, stop: b, step };
}

/**
 * One argument of `at`; `A` stands for the arrays that the caller's kind of array accepts as an
 * index.
 */
export type IndexArg<A = never> =
  | number
  | string
  | null
  | Slice
  | readonly number[]
  | readonly boolean[]
  | ArrayBufferView
  | A;

/** One parsed part of an index. */
export type IndexPart =
  | { readonly kind: "integer"; readonly index: number }
  | Slice
  | { readonly kind: "newAxis" }
  | { readonly kind: "ellipsis" }
  | { readonly kind: "array"; readonly array: unknown };

/** A slice within known bounds: `count` elements from `start`, `step` apart. */
export interface Range {
  readonly kind: "range";
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * An index that fits a shape: every axis of the array is taken by exactly one part other than
 * `newAxis`.
 */
export type BoundPart =
  | { readonly kind: "integer"; readonly axis: number; readonly index: number }
  | (Range & { readonly axis: number })
  | { readonly kind: "newAxis" }
  | {
      readonly kind: "array";
      readonly axis: number;
      readonly axes: number;
      readonly array: unknown;
    };

/** Parses the arguments of `at`. */
export function parseIndex(args: readonly unknown[]): IndexPart[] {
  return args.flatMap((arg) => (typeof arg === "string" ? parseText(arg) : [parseOne(arg)]));
}

function parseOne(arg: unknown): IndexPart {
  if (arg === null) return { kind: "newAxis" };
  if (typeof arg === "number") return { kind: "integer", index: integer(arg, String(arg)) };
  if (typeof arg === "bigint") return { kind: "integer", index: Number(arg) };
  if (typeof arg === "object") {
    if ("kind" in arg && arg.kind === "slice") return arg as Slice;
    return { kind: "array", array: arg };
  }
  throw invalid(String(arg), 'an index is an integer, a slice, null, "..." or an array');
}

function parseText(text: string): IndexPart[] {
  return text.split(",").map((item) => {
    const word = item.trim();
    if (word === "...") return { kind: "ellipsis" };
    if (word === "null" || word === "newaxis" || word === "None") return { kind: "newAxis" };
    if (!word.includes(":"))
      return { kind: "integer", index: bound(word, text) ?? emptyItem(text) };
    const bounds = word.split(":");
    if (bounds.length > 3) throw invalid(text, "a slice has at most three parts");
    const [start = null, stop = null, step = null] = bounds.map((b) => bound(b, text));
    return { kind: "slice", start, stop, step };
  });
}

function bound(word: string, text: string): number | null {
  const trimmed = word.trim();
  if (trimmed === "") return null;
  if (!/^[+-]?\d+$/.test(trimmed)) {
    throw invalid(text, `"${trimmed}" is not an integer; computed bounds go into slice(i, j)`);
  }
  return Number(trimmed);
}

function emptyItem(text: string): never {
  throw invalid(text, "an item is empty");
}

function integer(value: number, text: string): number {
  if (Number.isSafeInteger(value)) return value;
  throw invalid(text, "an index must be an integer");
}

function invalid(given: string, why: string): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `Invalid index ${JSON.stringify(given)}: ${why}. Write for example at("::2, 50:"), at(3, -1), ` +
      'at("...", null) or at([0, 2, 5]).',
  );
}

/**
 * The elements of an axis of `length` that a slice takes, by Python's rules: bounds beyond the ends
 * are clipped.
 */
export function resolveSlice(part: Slice, length: number): Range {
  const step = part.step ?? 1;
  for (const value of [part.start, part.stop, step]) {
    if (value !== null) integer(value, `slice(${part.start}, ${part.stop}, ${part.step})`);
  }
  if (step === 0) throw invalid("::0", "the step of a slice must not be zero");
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const clip = (value: number): number =>
    Math.min(high, Math.max(low, value < 0 ? value + length : value));
  const start = part.start === null ? (step > 0 ? low : high) : clip(part.start);
  const stop = part.stop === null ? (step > 0 ? high : low) : clip(part.stop);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  return { kind: "range", start, step, count };
}

/** A non-negative position of an axis, or an error that names the axis. */
export function resolveInteger(index: number, length: number, axis: number): number {
  const at = index < 0 ? index + length : index;
  if (!Number.isInteger(index)) {
    throw new HeddleError(
      "InvalidArgument",
      `Index ${String(index)} of axis ${axis} is no integer: positions are counted from 0.`,
      { fields: { index, axis, length } },
    );
  }
  if (at >= 0 && at < length) return at;
  throw new HeddleError(
    "InvalidArgument",
    `Index ${index} is out of bounds for axis ${axis} of length ${length}` +
      (length === 0 ? "." : ` (allowed: ${-length} to ${length - 1}).`),
    { fields: { index, axis, length } },
  );
}

/** A non-negative axis number, or an error that gives the allowed range. */
export function resolveAxis(axis: number, ndim: number): number {
  const at = axis < 0 ? axis + ndim : axis;
  if (Number.isInteger(axis) && at >= 0 && at < ndim) return at;
  throw new HeddleError(
    "InvalidAxis",
    `Axis ${axis} is out of bounds for an array of ${ndim} dimensions` +
      (ndim === 0 ? "." : ` (allowed: ${-ndim} to ${ndim - 1}).`),
    { fields: { axis, ndim } },
  );
}

/** Axes as sorted non-negative numbers without duplicates; undefined or null means all. */
export function resolveAxes(
  axis: number | readonly number[] | null | undefined,
  ndim: number,
): number[] {
  if (axis === undefined || axis === null) return Array.from({ length: ndim }, (_, i) => i);
  const axes = (typeof axis === "number" ? [axis] : [...axis]).map((a) => resolveAxis(a, ndim));
  axes.sort((a, b) => a - b);
  const twice = axes.find((a, i) => a === axes[i - 1]);
  if (twice === undefined) return axes;
  throw new HeddleError("InvalidAxis", `Axis ${twice} is given twice; give each axis once.`);
}

/**
 * Fits a parsed index to a shape: the ellipsis and missing trailing axes become full ranges.
 * `axesOf` says how many axes an index array takes: 1, or its own number of dimensions when it is a
 * mask.
 */
export function bindIndex(
  parts: readonly IndexPart[],
  shape: readonly number[],
  axesOf: (array: unknown) => number = () => 1,
): BoundPart[] {
  const axesTaken = (part: IndexPart): number => {
    if (part.kind === "newAxis" || part.kind === "ellipsis") return 0;
    return part.kind === "array" ? axesOf(part.array) : 1;
  };
  const taken = parts.reduce((sum, part) => sum + axesTaken(part), 0);
  const ellipses = parts.filter((part) => part.kind === "ellipsis").length;
  if (ellipses > 1) throw invalid("..., ...", "an index may hold only one ellipsis");
  if (taken > shape.length) {
    throw new HeddleError(
      "InvalidArgument",
      `Too many indices: the array has ${shape.length} dimensions, but ${taken} were indexed.`,
    );
  }
  const bound: BoundPart[] = [];
  let axis = 0;
  const fill = (upTo: number): void => {
    for (; axis < upTo; axis++) {
      bound.push({ kind: "range", axis, start: 0, step: 1, count: shape[axis] as number });
    }
  };
  for (const part of parts) {
    const length = shape[axis] as number;
    if (part.kind === "ellipsis") fill(axis + shape.length - taken);
    else if (part.kind === "newAxis") bound.push(part);
    else if (part.kind === "integer") {
      bound.push({ kind: "integer", axis, index: resolveInteger(part.index, length, axis) });
    } else if (part.kind === "slice") bound.push({ ...resolveSlice(part, length), axis });
    else bound.push({ kind: "array", axis, axes: axesTaken(part), array: part.array });
    if (part.kind !== "ellipsis") axis += axesTaken(part);
  }
  fill(shape.length);
  return bound;
}

/** Number of elements of a shape. */
export function sizeOfShape(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The shape that several shapes broadcast to, by NumPy's rule. */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: ndim }, (_, i) => {
    let length = 1;
    for (const shape of shapes) {
      const own = shape[shape.length - ndim + i] ?? 1;
      if (own === 1 || own === length) continue;
      if (length !== 1) throw cannotBroadcast(shapes);
      length = own;
    }
    return length;
  });
}

function cannotBroadcast(shapes: readonly (readonly number[])[]): HeddleError {
  const list = shapes.map((shape) => `[${shape.join(", ")}]`).join(" and ");
  return new HeddleError(
    "InvalidShape",
    `Shapes ${list} do not broadcast: aligned from the right, lengths must be equal or 1. ` +
      "Use reshape, or null in at(…) to add an axis.",
    { fields: { shapes } },
  );
}
