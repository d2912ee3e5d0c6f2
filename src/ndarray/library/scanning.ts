/**
 * @file Cumulative sums and products of local arrays, element by element in C order as NumPy's
 * accumulate: integers and booleans accumulate in 64 bits and wrap, float32 stays float32.
 */

import { type DType, kindOf, type SumOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxis } from "../../core/indexing.ts";
import { checkOptionNames } from "../../core/options.ts";
import type { NDArray } from "../ndarray.ts";
import { arrayKernels, DTYPE_CODE } from "./kernels.ts";
import { contiguous, elementsOf, runKernel } from "./operands.ts";

/** The axis to accumulate along. */
export interface ScanOptions {
  /** Default null: the flattened array. */
  readonly axis?: number | null;
}

/** Dtype that a sum or product of `dtype` accumulates in. */
function accumulatorOf(dtype: DType, what: string): DType {
  const kind = kindOf(dtype);
  if (kind === "M" || (kind === "m" && what === "cumprod")) {
    throw new HeddleError("DTypeMismatch", `${what} is not defined for ${dtype}.`);
  }
  if (kind === "b" || kind === "i") return "int64";
  return kind === "u" ? "uint64" : dtype;
}

interface Lines {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function linesAlong(shape: readonly number[], axis: number): Lines {
  const product = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);
  return {
    outer: product(shape.slice(0, axis)),
    length: shape[axis] as number,
    inner: product(shape.slice(axis + 1)),
  };
}

function prepare(array: NDArray, options: ScanOptions, what: string): [NDArray, Lines] {
  checkOptionNames(what, options, ["axis"]);
  const axis = options.axis ?? null;
  const dtype = accumulatorOf(array.dtype, what);
  const shaped = axis === null ? array.reshape([array.size]) : array;
  const source = shaped.dtype === dtype ? contiguous(shaped) : shaped.astype(dtype);
  return [source as NDArray, linesAlong(source.shape, resolveAxis(axis ?? 0, source.ndim))];
}

function scan(kernel: "cumsum" | "cumprod", source: NDArray, lines: Lines): NDArray {
  const { dtype, shape } = source;
  // Sums of complex numbers and of time spans are sums of their parts and of their ticks.
  const complex = kindOf(dtype) === "c";
  const parts = { complex64: "float32", complex128: "float64", timedelta64: "int64" } as const;
  const code = DTYPE_CODE[parts[dtype as keyof typeof parts] ?? dtype] as number;
  const { outer, length, inner } = lines;
  const [result] = runKernel([source], [{ dtype, shape }], 0, ({ memory, inputs, outputs }) => {
    const [from, to] = [inputs[0] as number, outputs[0] as number];
    arrayKernels(memory)[kernel](code, from, to, outer, length, complex ? 2 * inner : inner);
  });
  return result as NDArray;
}

/**
 * Running sums along an axis.
 *
 * @example
 * import { cumsum, NDArray } from "heddle/ndarray";
 * console.log(cumsum(new NDArray([1, 2, 3])).toArray()); // [ 1, 3, 6 ]
 */
export function cumsum<D extends DType>(
  array: NDArray<D>,
  options: ScanOptions = {},
): NDArray<SumOf<D>> {
  const [source, lines] = prepare(array, options, "cumsum");
  return scan("cumsum", source, lines) as unknown as NDArray<SumOf<D>>;
}

/** Running products along an axis. */
export function cumprod<D extends DType>(
  array: NDArray<D>,
  options: ScanOptions = {},
): NDArray<SumOf<D>> {
  const [source, lines] = prepare(array, options, "cumprod");
  const products = kindOf(source.dtype) === "c" ? complexProducts(source, lines) : undefined;
  return (products ?? scan("cumprod", source, lines)) as unknown as NDArray<SumOf<D>>;
}

function complexProducts(source: NDArray, { outer, length, inner }: Lines): NDArray {
  const result = source.copy();
  const parts = elementsOf(result) as Float64Array;
  for (let i = 0; i < outer * length * inner; i++) {
    if (Math.floor(i / inner) % length === 0) continue;
    const [a, b] = [2 * i, 2 * (i - inner)];
    const [re, im] = [parts[a] as number, parts[a + 1] as number];
    const [re0, im0] = [parts[b] as number, parts[b + 1] as number];
    parts[a] = re0 * re - im0 * im;
    parts[a + 1] = re0 * im + im0 * re;
  }
  return result;
}
