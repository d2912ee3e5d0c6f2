/**
 * @file `NDArray`, the local array: elements of one dtype in shared WebAssembly memory, seen
 * through shape, strides and an offset. Views share storage; arithmetic is in `ufuncs.ts` and runs
 * through kernels, and this class only adds the methods whose names everybody expects.
 */

import {
  type AnyTypedArray,
  type BigScalarOf,
  type DType,
  type DTypeLike,
  dtypeOfTypedArray,
  itemsizeOf,
  kindOf,
  type RealOf,
  type ResolveDType,
  realOf,
  type ScalarOf,
  slotsOf,
  type TypedArrayOf,
  toDType,
} from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import {
  type BoundPart,
  bindIndex,
  type IndexArg,
  parseIndex,
  resolveAxis,
  resolveInteger,
  sizeOfShape,
} from "../core/indexing.ts";
import { refuseArithmetic } from "../core/no-arithmetic.ts";
import { checkOptionNames } from "../core/options.ts";
import { SIZEOF } from "../core/sizeof.ts";
import type { WasmMemory } from "../core/wasm.ts";
import { ArrayMethods } from "./array-methods.ts";
import { elementReader, type Int64Options } from "./elements.ts";
import { axesOfIndex, type FancyPlan, planFancy } from "./fancy.ts";
import { castLayout } from "./kernels/execute.ts";
import {
  broadcastStrides,
  checkShape,
  contiguousStrides,
  isContiguous,
  type Layout,
  reshapeStrides,
  resolveShape,
} from "./layout.ts";
import { copyInto } from "./loops.ts";
import { selectByMask } from "./masking.ts";
import {
  dtypeOfNested,
  fillFromNested,
  type Nested,
  type NestedInput,
  shapeOfNested,
  toNested,
} from "./nested.ts";
import { formatArray } from "./print.ts";
import { emptyLayout, Storage } from "./storage.ts";

/** Registered symbol, so that arrays of several copies of the package recognise each other. */
const BRAND: symbol = Symbol.for("heddle.ndarray");

/** What an array can be made of. */
export type ArrayInput = NestedInput | AnyTypedArray | NDArray;

/** How to make an array from data. */
export interface ArrayOptions<T extends DTypeLike = DTypeLike> {
  /** Default: the data's own dtype; float64 for plain numbers. */
  readonly dtype?: T;
  /** Default: the data's own shape. */
  readonly shape?: readonly number[];
}

/**
 * A local n-dimensional array.
 *
 * @example
 * import { NDArray } from "heddle/ndarray";
 * const x = new NDArray([[1, 2], [3, 4]], { dtype: "int32" });
 * console.log(x.T.toArray()); // [ [ 1, 3 ], [ 2, 4 ] ]
 */
export class NDArray<out D extends DType = DType> extends ArrayMethods<D> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /**
   * Distance of neighbours along each axis, in elements; 0 where broadcast, negative where
   * reversed.
   */
  readonly strides: readonly number[];
  /**
   * Position in `data` of the first element, in elements (of two slots each for complex dtypes).
   */
  readonly offset: number;
  /** The bytes, shared with all views; for Heddle's own use. */
  readonly storage: Storage;

  /** An array with a copy of `data`. */
  constructor(data: ArrayInput, options: ArrayOptions<D> = {}) {
    super();
    const layout = data instanceof Whole ? data.layout : layoutOfData(data, options);
    this.dtype = layout.dtype as D;
    this.shape = layout.shape;
    this.strides = layout.strides;
    this.offset = layout.offset;
    this.storage = layout.storage;
  }

  /** The array object over a layout, without copying. */
  static of<D extends DType>(layout: Layout & { readonly dtype: D }): NDArray<D> {
    return new NDArray<D>(new Whole(layout) as unknown as NDArray);
  }

  /**
   * The raw elements: a typed array over the whole storage, of which this array sees the part that
   * `offset`, `shape` and `strides` say. Keep the typed array itself, not a subarray of it, as long
   * as it is used.
   */
  get data(): TypedArrayOf<D> {
    return this.storage.expose() as TypedArrayOf<D>;
  }

  /**
   * The WebAssembly memory that holds the elements; undefined when they lie in an ordinary buffer.
   */
  get memory(): WasmMemory | undefined {
    return this.storage.memory;
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOfShape(this.shape);
  }

  /** Length of the first axis. */
  get length(): number {
    if (this.shape.length > 0) return this.shape[0] as number;
    throw new HeddleError("InvalidShape", "A 0-d array has no length; use size, or item().");
  }

  get itemsize(): number {
    return itemsizeOf(this.dtype);
  }

  /** Bytes of all elements, whether or not views share them. */
  get nbytes(): number {
    return this.size * this.itemsize;
  }

  /** Whether the elements lie without gaps in C order. */
  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** The array with its axes reversed, as a view. */
  get T(): NDArray<D> {
    return this.transpose();
  }

  /** The real parts, as a view; the array itself when it is not complex. */
  get real(): NDArray<RealOf<D>> {
    return this.#part(0);
  }

  /** The imaginary parts, as a view; zeros when the array is not complex. */
  get imag(): NDArray<RealOf<D>> {
    if (kindOf(this.dtype) === "c") return this.#part(1);
    const none = NDArray.of(emptyLayout(this.dtype, [])).fill(0);
    return none.broadcastTo(this.shape) as unknown as NDArray<RealOf<D>>;
  }

  /** The axes in another order (default reversed), as a list or one by one, as a view. */
  transpose(axes?: number | readonly number[], ...more: readonly number[]): NDArray<D> {
    const { ndim } = this;
    const given = typeof axes === "number" ? [axes, ...more] : axes;
    const order =
      given === undefined
        ? this.shape.map((_, i) => ndim - 1 - i)
        : given.map((axis) => resolveAxis(axis, ndim));
    if (order.length !== ndim || new Set(order).size !== ndim) {
      throw new HeddleError(
        "InvalidAxis",
        `transpose needs each of the ${ndim} axes once, not [${order.join(", ")}].`,
      );
    }
    return this.#view(
      order.map((axis) => this.shape[axis] as number),
      order.map((axis) => this.strides[axis] as number),
    );
  }

  /** Two axes exchanged, as a view. */
  swapaxes(a: number, b: number): NDArray<D> {
    const order = this.shape.map((_, i) => i);
    const [i, j] = [resolveAxis(a, this.ndim), resolveAxis(b, this.ndim)];
    order[i] = j;
    order[j] = i;
    return this.transpose(order);
  }

  /**
   * The same elements in C order under another shape, as a list or one by one (one length may be
   * -1): a view where possible, else a copy.
   */
  reshape(shape: number | readonly number[], ...more: readonly number[]): NDArray<D> {
    const lengths = typeof shape === "number" ? [shape, ...more] : shape;
    const target = resolveShape(lengths, this.size);
    if (this.size === 0) return this.#view(target, contiguousStrides(target));
    const strides = reshapeStrides(this.shape, this.strides, target);
    return strides === undefined ? this.copy().reshape(target) : this.#view(target, strides);
  }

  /** All elements in C order as one axis: a view where possible, else a copy. */
  ravel(): NDArray<D> {
    return this.reshape([this.size]);
  }

  /** Without axes of length 1; with `axis`, only without those, which must have length 1. */
  squeeze(axis?: number | readonly number[]): NDArray<D> {
    const given =
      axis === undefined ? undefined : [axis].flat().map((a) => resolveAxis(a, this.ndim));
    const bad = given?.find((a) => this.shape[a] !== 1);
    if (bad !== undefined) {
      throw new HeddleError("InvalidAxis", `Axis ${bad} has length ${this.shape[bad]}, not 1.`);
    }
    const keeps = (i: number): boolean => !(given?.includes(i) ?? this.shape[i] === 1);
    return this.#view(
      this.shape.filter((_, i) => keeps(i)),
      this.strides.filter((_, i) => keeps(i)),
    );
  }

  /** With new axes of length 1 at the given positions of the result. */
  expandDims(axis: number | readonly number[]): NDArray<D> {
    const ndim = this.ndim + [axis].flat().length;
    const added = new Set([axis].flat().map((a) => resolveAxis(a, ndim)));
    let own = 0;
    const source = Array.from({ length: ndim }, (_, i) => (added.has(i) ? -1 : own++));
    return this.#view(
      source.map((i) => this.shape[i] ?? 1),
      source.map((i) => this.strides[i] ?? 0),
    );
  }

  /**
   * The array repeated along axes of length 1 and new leading axes, as a view that must not be
   * written to.
   */
  broadcastTo(shape: number | readonly number[]): NDArray<D> {
    const target = checkShape(shape);
    return this.#view(target, broadcastStrides(this.shape, this.strides, target));
  }

  /**
   * The elements that an index selects: integers, slices (`"::2, 50:"`, `slice(i, j)`), null for a
   * new axis, `"..."`, as a view; arrays of integers or booleans, as a copy. Always an array: one
   * element is `get`.
   */
  at(...index: readonly IndexArg<NDArray>[]): NDArray<D> {
    const parts = bindIndex(parseIndex(index), this.shape, axesOfIndex);
    if (!parts.some((part) => part.kind === "array")) return this.#basic(parts);
    const masked = selectByMask(this, parts);
    if (masked !== undefined) return NDArray.of(masked as Layout & { readonly dtype: D });
    return this.#gather(planFancy(this, parts));
  }

  /**
   * Assigns `value` (broadcast and cast) to the elements that an index selects: `x.set(0, "::2",
   * 3)`.
   */
  set(value: ArrayInput, ...index: readonly IndexArg<NDArray>[]): void {
    const parts = bindIndex(parseIndex(index), this.shape, axesOfIndex);
    if (!parts.some((part) => part.kind === "array")) {
      this.#basic(parts).#assign(value);
      return;
    }
    const plan = planFancy(this, parts);
    const source = layoutOfInput(value, this.dtype);
    const strides = broadcastStrides(source.shape, source.strides, plan.shape);
    this.#eachFancy(plan, strides, source.offset, (mine, other, rest) => {
      copyInto(this.#layoutAt(mine, plan.rest), { ...source, offset: other, ...rest });
    });
  }

  /** The element at one integer per axis. */
  get(...index: number[]): ScalarOf<D> {
    const { ndim } = this;
    if (index.length !== ndim) {
      throw new HeddleError(
        "InvalidArgument",
        `get needs ${ndim} integers for an array of ${ndim} dimensions, not ${index.length}.`,
      );
    }
    const at = index.reduce((offset, i, axis) => {
      const position = resolveInteger(i, this.shape[axis] as number, axis);
      return offset + position * (this.strides[axis] as number);
    }, this.offset);
    return elementReader(this.dtype, this.storage.values)(at) as ScalarOf<D>;
  }

  /** The only element of an array of size 1. */
  item(options: { int64: "bigint" }): BigScalarOf<D>;
  item(options?: Int64Options): ScalarOf<D>;
  item(options: Int64Options = {}): unknown {
    if (this.size === 1)
      return elementReader(this.dtype, this.storage.values, options)(this.offset);
    throw new HeddleError(
      "InvalidShape",
      `item() needs an array of one element, not of shape [${this.shape.join(", ")}]. Use get(i, j).`,
    );
  }

  /**
   * The elements cast to another dtype; always a copy. Floats truncate toward zero, integers wrap.
   * NaN, infinities and what an integer cannot hold become what NumPy gives on x86: the smallest
   * int32 or int64, whose low bits (0) small integers take.
   */
  astype<T extends DTypeLike>(dtype: T): NDArray<ResolveDType<T>> {
    const target = toDType(dtype) as DType;
    if (target === this.dtype) return this.copy() as unknown as NDArray<ResolveDType<T>>;
    return NDArray.of(castLayout(this, target)) as unknown as NDArray<ResolveDType<T>>;
  }

  /** A C-contiguous copy with memory of its own. */
  copy(): NDArray<D> {
    const copy = NDArray.of(emptyLayout(this.dtype, this.shape, this.memory));
    copyInto(copy, this);
    return copy;
  }

  /** Sets every element to one value. */
  fill(value: ArrayInput): this {
    this.#assign(value);
    return this;
  }

  /** The elements as nested arrays; a plain element for a 0-d array. */
  toArray(options: { int64: "bigint" }): Nested<BigScalarOf<D>>;
  toArray(options?: Int64Options): Nested<ScalarOf<D>>;
  toArray(options: Int64Options = {}): unknown {
    return toNested(this, options);
  }

  /** The elements along the first axis: plain elements of a 1-d array, else views. */
  *[Symbol.iterator](): IterableIterator<ScalarOf<D> | NDArray<D>> {
    const { length } = this;
    const read = elementReader(this.dtype, this.storage.values);
    const step = this.strides[0] as number;
    for (let i = 0; i < length; i++) {
      if (this.ndim === 1) yield read(this.offset + i * step) as ScalarOf<D>;
      else yield this.#view(this.shape.slice(1), this.strides.slice(1), this.offset + i * step);
    }
  }

  /** As NumPy prints arrays, abbreviated beyond 1000 elements. */
  override toString(): string {
    return formatArray(this);
  }

  /** Nested arrays; unsafe integers as text, NaN and infinities as JSON has them: null. */
  toJSON(): unknown {
    const visit = (x: unknown): unknown => {
      if (Array.isArray(x)) return x.map(visit);
      if (typeof x !== "bigint") return x;
      return Number.isSafeInteger(Number(x)) ? Number(x) : String(x);
    };
    return visit(toNested(this, { int64: "bigint" }));
  }

  protected override wrap(layout: Layout): NDArray {
    return NDArray.of(layout);
  }

  #view(
    shape: readonly number[],
    strides: readonly number[],
    offset: number = this.offset,
  ): NDArray<D> {
    return NDArray.of({ dtype: this.dtype, shape, strides, offset, storage: this.storage });
  }

  #part(which: 0 | 1): NDArray<RealOf<D>> {
    if (kindOf(this.dtype) !== "c") return this as unknown as NDArray<RealOf<D>>;
    const { storage } = this;
    return NDArray.of({
      dtype: realOf(this.dtype),
      shape: this.shape,
      strides: this.strides.map((stride) => 2 * stride),
      offset: 2 * this.offset + which,
      storage: new Storage(storage.values, storage.block, storage),
    }) as unknown as NDArray<RealOf<D>>;
  }

  #basic(parts: readonly BoundPart[]): NDArray<D> {
    const shape: number[] = [];
    const strides: number[] = [];
    let { offset } = this;
    for (const part of parts) {
      if (part.kind === "newAxis") {
        shape.push(1);
        strides.push(0);
      } else if (part.kind === "integer") {
        offset += part.index * (this.strides[part.axis] as number);
      } else if (part.kind === "range") {
        const stride = this.strides[part.axis] as number;
        if (part.count > 0) offset += part.start * stride;
        shape.push(part.count);
        strides.push(part.step * stride);
      }
    }
    return this.#view(shape, strides, offset);
  }

  #gather(plan: FancyPlan): NDArray<D> {
    const result = NDArray.of(emptyLayout(this.dtype, plan.shape, this.memory));
    if (plan.rest.shape.length === 0) gatherElements(result, this, plan.offsets);
    else {
      this.#eachFancy(plan, result.strides, 0, (mine, other, rest) => {
        copyInto({ ...layoutOf(result), offset: other, ...rest }, this.#layoutAt(mine, plan.rest));
      });
    }
    return result;
  }

  /**
   * Visits each combination of the index arrays, with the offsets here and in an operand of the
   * plan's shape.
   */
  #eachFancy(
    plan: FancyPlan,
    strides: readonly number[],
    start: number,
    visit: (
      mine: number,
      other: number,
      rest: { shape: readonly number[]; strides: readonly number[] },
    ) => void,
  ): void {
    const own = strides.slice(plan.at, plan.at + plan.ndim);
    const shape = plan.shape.slice(plan.at, plan.at + plan.ndim);
    const rest = {
      shape: plan.rest.shape,
      strides: [...strides.slice(0, plan.at), ...strides.slice(plan.at + plan.ndim)],
    };
    const steps = contiguousStrides(shape);
    plan.offsets.forEach((mine, i) => {
      let other = start;
      for (let axis = 0; axis < shape.length; axis++) {
        const at = Math.floor(i / (steps[axis] as number)) % (shape[axis] as number);
        other += at * (own[axis] as number);
      }
      visit(mine, other, rest);
    });
  }

  #layoutAt(
    offset: number,
    rest: { readonly shape: readonly number[]; readonly strides: readonly number[] },
  ): Layout {
    return { dtype: this.dtype, storage: this.storage, offset, ...rest };
  }

  #assign(value: ArrayInput): void {
    const source = layoutOfInput(value, this.dtype, value instanceof NDArray);
    const overlaps = source.storage.values.buffer === this.storage.values.buffer;
    copyInto(this, overlaps ? NDArray.of(source).copy() : source);
  }
}
Object.defineProperty(NDArray.prototype, BRAND, { value: true });
Object.defineProperty(NDArray.prototype, SIZEOF, {
  value(this: NDArray): number {
    return this.nbytes;
  },
});
refuseArithmetic(
  NDArray.prototype,
  "an array",
  "write x.add(1) for x + 1, x.gt(0) for x > 0, x.negative() for -x, x.eq(y) for x == y",
  plainValue,
);
Object.defineProperty(NDArray.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: NDArray): string {
    return inspect(this);
  },
});

/** An array of one element stands for it, as in NumPy; complex numbers are no plain values. */
function plainValue(array: NDArray): number | bigint | boolean | undefined {
  const item = array.size === 1 ? (array.item() as unknown) : undefined;
  return typeof item === "object" ? undefined : (item as number | boolean | undefined);
}

/** As NumPy's `repr`: the dtype is named where the elements do not show it. */
function inspect(array: NDArray): string {
  const { dtype, shape, size } = array;
  const shown = ["float64", "bool", "int64", "complex128"].includes(dtype) && size > 0;
  const empty = size === 0 && shape.length !== 1 ? `, shape=[${shape.join(", ")}]` : "";
  const text = formatArray(array, { separator: ", ", prefix: "array(" });
  return `array(${text}${empty}${shown ? "" : `, dtype=${dtype}`})`;
}

/** Whether `x` is a local array, also one of another copy of the package. */
export function isNDArray(x: unknown): x is NDArray {
  return typeof x === "object" && x !== null && BRAND in x;
}

/**
 * Makes every later use of an array and its views fail, saying `reason`: what the engine does with
 * a task's inputs when the task ends.
 */
export function revoke(array: NDArray, reason = "the task that it was given to has ended"): void {
  array.storage.revoke(reason);
}

/** Tells the constructor to take a layout as it is. */
class Whole {
  readonly layout: Layout;

  constructor(layout: Layout) {
    this.layout = layout;
  }
}

function layoutOfData(data: ArrayInput, options: ArrayOptions): Layout {
  checkOptionNames("NDArray", options, ["dtype", "shape"]);
  const { dtype, shape } = options;
  const layout = layoutOfInput(data, dtype === undefined ? undefined : toDType(dtype));
  if (shape === undefined) return layout;
  const resolved = resolveShape(shape, sizeOfShape(layout.shape));
  return { ...layout, shape: resolved, strides: contiguousStrides(resolved) };
}

function layoutOf(array: NDArray): Layout {
  const { dtype, shape, strides, offset, storage } = array;
  return { dtype, shape, strides, offset, storage };
}

/**
 * The elements of an input as a layout of `dtype` (default its own); a fresh copy unless `share`
 * allows a view.
 */
function layoutOfInput(data: ArrayInput, dtype: DType | undefined, share = false): Layout {
  if (isNDArray(data)) {
    if (dtype !== undefined && dtype !== data.dtype) return castLayout(data, dtype);
    return share ? data : data.copy();
  }
  if (ArrayBuffer.isView(data)) return layoutOfTypedArray(data as AnyTypedArray, dtype);
  const shape = shapeOfNested(data);
  const layout = emptyLayout(dtype ?? dtypeOfNested(data), shape);
  fillFromNested(layout.storage, layout.dtype, data, shape);
  return layout;
}

/** A copy of a typed array's elements; of complex dtypes, when asked for, its pairs. */
function layoutOfTypedArray(data: AnyTypedArray, wanted: DType | undefined): Layout {
  const own = dtypeOfTypedArray(data);
  if (own === undefined) {
    throw new HeddleError("DTypeMismatch", "This kind of typed array holds no dtype Heddle knows.");
  }
  const sameSlots = wanted !== undefined && (realOf(wanted) === own || sharesSlots(wanted, own));
  const dtype = sameSlots ? wanted : own;
  const layout = emptyLayout(dtype, [Math.floor(data.length / slotsOf(dtype))]);
  layout.storage.values.set(data as never);
  if (dtype === "bool") normalizeBooleans(layout.storage.values as Uint8Array);
  return wanted === undefined || wanted === dtype ? layout : castLayout(layout, wanted);
}

function sharesSlots(wanted: DType, own: DType): boolean {
  if (own === "uint8") return wanted === "bool";
  return own === "int64" && (wanted === "datetime64" || wanted === "timedelta64");
}

function normalizeBooleans(values: Uint8Array): void {
  for (let i = 0; i < values.length; i++) values[i] = values[i] === 0 ? 0 : 1;
}

function gatherElements(result: NDArray, source: NDArray, offsets: Float64Array): void {
  const to = result.storage.values;
  const from = source.storage.values;
  const slots = slotsOf(source.dtype);
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i] as number;
    if (slots === 1) to[i] = from[at] as never;
    else {
      to[2 * i] = from[2 * at] as never;
      to[2 * i + 1] = from[2 * at + 1] as never;
    }
  }
}

export { emptyLayout };
