/**
 * @file Indexing with arrays of integers or booleans, by NumPy's rules: index arrays broadcast
 * together; their common shape takes the place of the axes they index when those are neighbours,
 * and the front otherwise.
 */
import { type AnyTypedArray, dtypeOfTypedArray, isInteger, kindOf } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { type BoundPart, broadcastShapes, resolveInteger, sizeOfShape } from "../core/indexing.ts";
import { broadcastStrides, contiguousStrides, forEachOffset, type Layout } from "./layout.ts";
import { dtypeOfNested, type NestedInput, shapeOfNested } from "./nested.ts";

/** Positions along one axis, with a shape of their own. */
interface Positions {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** How to reach what an index with arrays selects. */
export interface FancyPlan {
  /** Shape of the result. */
  readonly shape: readonly number[];
  /** Where the index arrays' own axes start in the result, and how many there are. */
  readonly at: number;
  readonly ndim: number;
  /** Offset in the source's storage of each combination of the index arrays. */
  readonly offsets: Float64Array;
  /** The axes that no array indexes, read from offset 0. */
  readonly rest: { readonly shape: readonly number[]; readonly strides: readonly number[] };
}

/** How many axes an index array takes: a mask takes as many as it has. */
export function axesOfIndex(array: unknown): number {
  const { dtype, shape } = describe(array);
  return dtype === "bool" ? Math.max(1, shape.length) : 1;
}

/**
 * Plans an index that holds at least one array. Integers beside arrays act as arrays of no
 * dimension.
 */
export function planFancy(source: Layout, parts: readonly BoundPart[]): FancyPlan {
  const indexed: { axis: number; positions: Positions }[] = [];
  const rest = { shape: [] as number[], strides: [] as number[] };
  let base = source.offset;
  let at = -1;
  let neighbours = true;
  let before: BoundPart["kind"] | undefined;
  for (const part of parts) {
    if (part.kind === "array" || part.kind === "integer") {
      neighbours &&= at < 0 || before === "array" || before === "integer";
      if (at < 0) at = rest.shape.length;
      indexed.push(...positionsOf(part, source.shape));
    } else if (part.kind === "newAxis") {
      rest.shape.push(1);
      rest.strides.push(0);
    } else {
      const stride = source.strides[part.axis] as number;
      base += part.start * stride;
      rest.shape.push(part.count);
      rest.strides.push(part.step * stride);
    }
    before = part.kind;
  }
  const common = broadcastShapes(...indexed.map(({ positions }) => positions.shape));
  const offsets = new Float64Array(sizeOfShape(common)).fill(base);
  for (const { axis, positions } of indexed) {
    addPositions(offsets, common, positions, source.strides[axis] as number);
  }
  const front = neighbours ? at : 0;
  const shape = [...rest.shape.slice(0, front), ...common, ...rest.shape.slice(front)];
  return { shape, at: front, ndim: common.length, offsets, rest };
}

function positionsOf(
  part: Extract<BoundPart, { kind: "array" | "integer" }>,
  shape: readonly number[],
): { axis: number; positions: Positions }[] {
  if (part.kind === "integer") {
    return [{ axis: part.axis, positions: { shape: [], values: [part.index] } }];
  }
  const index = describe(part.array);
  if (index.dtype === "bool") return maskPositions(index, shape, part.axis);
  const length = shape[part.axis] as number;
  const flat = flatten(index);
  const values = new Float64Array(flat.length);
  for (let i = 0; i < flat.length; i++) {
    values[i] = resolveInteger(Number(flat[i]), length, part.axis);
  }
  return [{ axis: part.axis, positions: { shape: index.shape, values } }];
}

/** One list of positions per axis of the mask, of the elements that are true. */
function maskPositions(
  mask: Described,
  shape: readonly number[],
  axis: number,
): { axis: number; positions: Positions }[] {
  const wanted = shape.slice(axis, axis + mask.shape.length);
  if (mask.shape.some((length, i) => length !== wanted[i])) {
    throw new HeddleError(
      "InvalidShape",
      `A boolean index of shape [${mask.shape.join(", ")}] does not match the axes it indexes, ` +
        `[${wanted.join(", ")}].`,
    );
  }
  const flat = flatten(mask);
  let count = 0;
  for (let i = 0; i < flat.length; i++) if (flat[i]) count++;
  const hits = new Float64Array(count);
  for (let i = 0, at = 0; at < count; i++) if (flat[i]) hits[at++] = i;
  const strides = contiguousStrides(mask.shape);
  return mask.shape.map((length, i) => ({
    axis: axis + i,
    positions: {
      shape: [count],
      values: hits.map((hit) => Math.floor(hit / (strides[i] as number)) % length),
    },
  }));
}

function addPositions(
  offsets: Float64Array,
  common: readonly number[],
  positions: Positions,
  stride: number,
): void {
  const own = contiguousStrides(positions.shape);
  const strides = broadcastStrides(positions.shape, own, common);
  let i = 0;
  forEachOffset({ shape: common, strides, offset: 0 } as unknown as Layout, (at) => {
    offsets[i] = (offsets[i] as number) + (positions.values[at] as number) * stride;
    i++;
  });
}

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly array: unknown;
}

/** Dtype and shape of what may stand as an index: a local array, a typed array, a nested array. */
function describe(array: unknown): Described {
  const described = describeAny(array);
  const { dtype } = described;
  const integral = dtype === "bool" || isInteger(dtype as never) || isListOfIntegers(described);
  if (integral) return described;
  throw new HeddleError(
    "DTypeMismatch",
    `Arrays used as index must be of integers or booleans, not ${dtype}. Use astype("int64").`,
  );
}

function describeAny(array: unknown): Described & { readonly dtype: never | string } {
  if (isLayout(array)) return { dtype: array.dtype, shape: array.shape, array };
  if (ArrayBuffer.isView(array)) {
    const dtype = dtypeOfTypedArray(array) ?? "float64";
    return { dtype, shape: [(array as AnyTypedArray).length], array };
  }
  if (Array.isArray(array)) {
    const nested = array as NestedInput;
    return { dtype: dtypeOfNested(nested), shape: shapeOfNested(nested), array };
  }
  throw new HeddleError("InvalidArgument", `${String(array)} cannot be used as an index.`);
}

function isListOfIntegers({ dtype, array }: Described): boolean {
  if (!Array.isArray(array) || kindOf(dtype as never) !== "f") return false;
  return (array.flat(Number.POSITIVE_INFINITY) as unknown[]).every(Number.isInteger);
}

function isLayout(x: unknown): x is Layout {
  return typeof x === "object" && x !== null && "storage" in x && "strides" in x;
}

/** The elements of an index array in C order. */
function flatten({ array }: Described): ArrayLike<number | bigint | boolean> {
  if (Array.isArray(array)) return array.flat(Number.POSITIVE_INFINITY) as number[];
  if (ArrayBuffer.isView(array)) return array as AnyTypedArray;
  const layout = array as Layout;
  const { values } = layout.storage;
  const flat = new Array<number | bigint>(sizeOfShape(layout.shape));
  let i = 0;
  forEachOffset(layout, (at) => {
    flat[i++] = values[at] as number | bigint;
  });
  return flat;
}
