/**
 * @file Shared by all generators' methods: what a size is, what a draw returns, and drawing one
 * value or an array from a numbered distribution, with parameters that are numbers or arrays to
 * broadcast.
 */
import type { DType } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { broadcastShapes, sizeOfShape } from "../../core/indexing.ts";
import { createSharedMemory, PAGE_BYTES, type WasmMemory } from "../../core/wasm.ts";
import type { RandomKernels } from "../library/kernels.ts";
import { contiguous, elementsOf, emptyArray, runKernel } from "../library/operands.ts";
import { NDArray } from "../ndarray.ts";
import { checkParameter, type Distribution } from "./distributions.ts";
import type { PCG64 } from "./pcg64.ts";

/** Shape of a result: a length, or a list of them. */
export type Size = number | readonly number[];

/** Options of methods that take nothing else than a size. */
export interface SizeOptions<S extends Size | undefined = Size | undefined> {
  /** Default: one value, or the broadcast shape of array parameters. */
  readonly size?: S;
}

/** A size given alone or as an option. */
export type SizeArg = Size | SizeOptions | undefined;

/** A parameter of a distribution. */
export type Parameter = number | NDArray;

/** What a method returns: a number for number parameters and no size, else an array. */
export type Drawn<P, S, D extends DType> = S extends Size | { readonly size: Size }
  ? NDArray<D>
  : [P] extends [number]
    ? number
    : NDArray<D>;

/** The shape asked for, undefined for a single value. */
export function shapeOf(size: SizeArg): readonly number[] | undefined {
  const given =
    typeof size === "object" && !Array.isArray(size) ? (size as SizeOptions).size : size;
  if (given === undefined) return undefined;
  const shape = [given as Size].flat();
  if (shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return shape;
  throw new HeddleError(
    "InvalidShape",
    `A size is a non-negative integer or a list of them, not [${shape.join(", ")}].`,
  );
}

/** A page for tables and one for results: enough for draws of single values. */
let smallMemory: WasmMemory | undefined;

/** Address of room for small results in the memory that `drawSmall` uses. */
export const SMALL_AT: number = PAGE_BYTES;

/**
 * Draws something that needs no array: a single value, or a few in the page at {@link SMALL_AT}.
 */
export function drawSmall<T>(
  stream: PCG64,
  draw: (kernels: RandomKernels, memory: WasmMemory) => T,
): T {
  smallMemory ??= createSharedMemory(2 * PAGE_BYTES, 2 * PAGE_BYTES);
  const memory = smallMemory;
  if (memory === undefined) throw new HeddleError("MemoryLimit", "No memory for 128 KiB.");
  return stream.use(memory, (kernels) => draw(kernels, memory));
}

/**
 * A new array filled by `fill`, which gets the kernels, the array's address and its number of
 * elements.
 */
export function filled<D extends DType>(
  stream: PCG64,
  dtype: D,
  shape: readonly number[],
  fill: (kernels: RandomKernels, at: number, count: number) => void,
): NDArray<D> {
  const array = emptyArray(dtype, shape);
  runKernel([], [array], 0, ({ memory, outputs }) => {
    stream.use(memory, (kernels) => fill(kernels, outputs[0] as number, array.size));
  });
  return array;
}

/** Three parameters for the kernels; those that the distribution does not have are 0. */
function checkedNumbers(
  distribution: Distribution,
  parameters: readonly number[],
): [number, number, number] {
  for (const [i, value] of parameters.entries()) checkParameter(distribution, i, value);
  const [a = 0, b = 0, c = 0] = parameters;
  return [a, b, c];
}

/** Values of a continuous distribution. */
export function drawContinuous(
  stream: PCG64,
  distribution: Distribution,
  parameters: readonly Parameter[],
  size: SizeArg,
): number | NDArray<"float64"> {
  const { number } = distribution;
  const shape = shapeOf(size);
  if (parameters.some((p) => p instanceof NDArray)) {
    return drawEach(stream, distribution, parameters, shape, "float64", "fillContinuousEach");
  }
  const [a, b, c] = checkedNumbers(distribution, parameters as number[]);
  if (shape === undefined) return drawSmall(stream, (k) => k.drawContinuous(number, a, b, c));
  return filled(stream, "float64", shape, (kernels, at, count) => {
    kernels.fillContinuous(at, count, number, a, b, c);
  });
}

/** Values of a discrete distribution. */
export function drawDiscrete(
  stream: PCG64,
  distribution: Distribution,
  parameters: readonly Parameter[],
  size: SizeArg,
): number | NDArray<"int64"> {
  const { number } = distribution;
  const shape = shapeOf(size);
  if (parameters.some((p) => p instanceof NDArray)) {
    return drawEach(stream, distribution, parameters, shape, "int64", "fillDiscreteEach");
  }
  const [a, b, c] = checkedNumbers(distribution, parameters as number[]);
  if (shape === undefined) return Number(drawSmall(stream, (k) => k.drawDiscrete(number, a, b, c)));
  return filled(stream, "int64", shape, (kernels, at, count) => {
    kernels.fillDiscrete(at, count, number, a, b, c);
  });
}

/** One parameter set per element: parameters are broadcast against each other and the size. */
function drawEach<D extends DType>(
  stream: PCG64,
  distribution: Distribution,
  parameters: readonly Parameter[],
  size: readonly number[] | undefined,
  dtype: D,
  kernel: "fillContinuousEach" | "fillDiscreteEach",
): NDArray<D> {
  const arrays = [0, 1, 2].map((i) => asArray(parameters[i] ?? 0));
  const shapes = arrays.map((array) => array.shape);
  const shape = size ?? broadcastShapes(...shapes);
  const inputs = arrays.map((array) => contiguous(array.broadcastTo(shape)));
  distribution.parameters.forEach((_, i) => {
    for (const value of elementsOf(arrays[i] as NDArray)) {
      checkParameter(distribution, i, value as number);
    }
  });
  const [result] = runKernel(inputs, [{ dtype, shape }], 0, ({ memory, inputs: at, outputs }) => {
    const [a, b, c] = at as [number, number, number];
    stream.use(memory, (kernels) => {
      const out = outputs[0] as number;
      kernels[kernel](out, sizeOfShape(shape), distribution.number, a, b, c);
    });
  });
  return result as NDArray<D>;
}

function asArray(value: Parameter): NDArray<"float64"> {
  if (typeof value === "number") return new NDArray<"float64">(value, { dtype: "float64" });
  return contiguous(value.astype("float64")) as NDArray<"float64">;
}
