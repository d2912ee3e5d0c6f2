/**
 * @file The product of two matrices into a new one, by the BLAS library if there is one, else by
 * the built-in kernels. Transposed operands are read as they are; any other strides cost a copy.
 */
import { type DType, itemsizeOf } from "../../core/dtype.ts";
import { linalgKernels } from "../library/kernels.ts";
import { contiguous, elementsOf, emptyArray, runKernel } from "../library/operands.ts";
import type { NDArray } from "../ndarray.ts";
import type { BlasLibrary } from "./blas-library.ts";
import { type FloatDType, ROUTINE_LETTER } from "./matrices.ts";
import { blasLibrary } from "./provider.ts";

/** Room that `assembly/gemm.ts` needs for packed blocks, in float64. */
export const GEMM_SCRATCH_BYTES: number = (64 * 256 + 512 * 256 + 64) * 8 + 64;

/** A matrix as contiguous elements, read by rows or (`transposed`) by columns. */
interface Operand {
  readonly array: NDArray;
  readonly transposed: boolean;
  /** Elements from one stored row to the next. */
  readonly stride: number;
}

function operandOf(matrix: NDArray): Operand {
  const transposed = !matrix.isContiguous && matrix.T.isContiguous;
  const array = transposed ? matrix.T : contiguous(matrix);
  return { array, transposed, stride: Math.max(1, array.shape[1] as number) };
}

/** A B, both matrices of one dtype (any but bool and times). */
export function multiply(a: NDArray, b: NDArray): NDArray {
  const [m, k] = a.shape as [number, number];
  const n = b.shape[1] as number;
  const { dtype } = a;
  if (m === 0 || n === 0 || k === 0) return zeros(dtype, [m, n]);
  const [left, right] = [operandOf(a), operandOf(b)];
  if (dtype in ROUTINE_LETTER) {
    const library = blasLibrary();
    if (library !== null) return byLibrary(library, left, right, [m, n, k]);
    if (dtype === "complex64" || dtype === "complex128") return byParts(a, b);
  }
  return byKernel(left, right, [m, n, k]);
}

function zeros(dtype: DType, shape: readonly number[]): NDArray {
  const result = emptyArray(dtype, shape);
  const { values } = result.storage;
  values.fill(
    (values instanceof BigInt64Array || values instanceof BigUint64Array ? 0n : 0) as never,
  );
  return result;
}

/**
 * Row-major C = A B is column-major C' = B' A', so the operands change places and nothing is
 * copied.
 */
function byLibrary(
  library: BlasLibrary,
  a: Operand,
  b: Operand,
  [m, n, k]: readonly [number, number, number],
): NDArray {
  const dtype = a.array.dtype as FloatDType;
  const result = emptyArray(dtype, [m, n], a.array.memory);
  const scalar = (re: number): Float32Array | Float64Array =>
    dtype === "float32" || dtype === "complex64" ? Float32Array.of(re, 0) : Float64Array.of(re, 0);
  library.call(
    `${ROUTINE_LETTER[dtype]}gemm`,
    b.transposed ? "T" : "N",
    a.transposed ? "T" : "N",
    n,
    m,
    k,
    scalar(1),
    elementsOf(b.array),
    b.stride,
    elementsOf(a.array),
    a.stride,
    scalar(0),
    elementsOf(result),
    n,
  );
  return result;
}

function byKernel(a: Operand, b: Operand, [m, n, k]: readonly [number, number, number]): NDArray {
  const { dtype } = a.array;
  const strides = ({ transposed, stride }: Operand): [number, number] =>
    transposed ? [1, stride] : [stride, 1];
  const result = zeros(dtype, [m, n]);
  const real = dtype === "float64" || dtype === "float32";
  runKernel([a.array, b.array], [result], real ? GEMM_SCRATCH_BYTES : 0, (placed) => {
    const kernels = linalgKernels(placed.memory);
    const [left, right] = placed.inputs as [number, number];
    const [out] = placed.outputs as [number];
    const operands = [m, n, k, left, ...strides(a), right, ...strides(b), out, n] as const;
    if (!real) kernels.gemmIntegers(itemsizeOf(dtype), ...operands);
    else kernels[dtype === "float64" ? "gemm64" : "gemm32"](...operands, placed.scratch);
  });
  return result;
}

/** Complex product from four real ones. */
function byParts(a: NDArray, b: NDArray): NDArray {
  const [ar, ai, br, bi] = [a.real, a.imag, b.real, b.imag].map((part) =>
    (part as NDArray).copy(),
  ) as [NDArray, NDArray, NDArray, NDArray];
  const result = emptyArray(a.dtype, [a.shape[0] as number, b.shape[1] as number]);
  const out = elementsOf(result) as Float64Array;
  const products = [multiply(ar, br), multiply(ai, bi), multiply(ar, bi), multiply(ai, br)];
  const [rr, ii, ri, ir] = products.map((part) => elementsOf(part)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let i = 0; i < rr.length; i++) {
    out[2 * i] = (rr[i] as number) - (ii[i] as number);
    out[2 * i + 1] = (ri[i] as number) + (ir[i] as number);
  }
  return result;
}
