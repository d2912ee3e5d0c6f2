/**
 * @file Shared by all of linear algebra: matrices as kernels want them, stacks of matrices, dtypes.
 */
import { type DType, kindOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { broadcastShapes, sizeOfShape } from "../../core/indexing.ts";
import { transposeCopy } from "../library/moving.ts";
import { contiguous, elementsOf, emptyArray } from "../library/operands.ts";
import type { NDArray } from "../ndarray.ts";

/** Dtypes that BLAS and LAPACK know. */
export type FloatDType = "float32" | "float64" | "complex64" | "complex128";

/** Letter that begins the names of a dtype's routines. */
export const ROUTINE_LETTER: Readonly<Record<FloatDType, "s" | "d" | "c" | "z">> = {
  float32: "s",
  float64: "d",
  complex64: "c",
  complex128: "z",
};

/** The dtype in which linear algebra on `dtype` is done: integers and booleans as float64. */
export function floatDType(dtype: DType): FloatDType {
  if (dtype in ROUTINE_LETTER) return dtype as FloatDType;
  if ("biu".includes(kindOf(dtype))) return "float64";
  throw new HeddleError("DTypeMismatch", `Linear algebra is not defined for ${dtype}.`);
}

/** The array cast to a float dtype; itself when it has it. */
export function toFloat(array: NDArray, dtype: FloatDType = floatDType(array.dtype)): NDArray {
  return array.dtype === dtype ? array : array.astype(dtype);
}

/** Throws unless the array is a matrix or a stack of them. */
export function requireMatrix(array: NDArray, what: string): void {
  if (array.ndim >= 2) return;
  throw new HeddleError(
    "InvalidShape",
    `${what} needs a matrix (2-d or a stack), not an array of shape [${array.shape.join(", ")}].`,
    { fields: { shape: array.shape } },
  );
}

/** Throws unless the array is a square matrix or a stack of them. */
export function requireSquare(array: NDArray, what: string): void {
  requireMatrix(array, what);
  const [rows, columns] = array.shape.slice(-2);
  if (rows === columns) return;
  throw new HeddleError(
    "InvalidShape",
    `${what} needs a square matrix, not one of shape [${rows}, ${columns}].`,
    { fields: { shape: array.shape } },
  );
}

/** A copy in column-major order, as LAPACK wants it: the contiguous transpose. */
export function columnMajor(matrix: NDArray): NDArray {
  const [rows, columns] = matrix.shape as [number, number];
  if (rows === 1 || columns === 1) return matrix.copy().reshape([columns, rows]);
  return matrix.isContiguous ? transposeCopy(matrix) : matrix.T.copy();
}

/** A contiguous matrix from what LAPACK left in column-major order. */
export function rowMajor(columns: NDArray): NDArray {
  return transposeCopy(columns);
}

/** The matrix (last two axes) at flat position `i` of a stack. */
export function matrixAt(stack: NDArray, i: number): NDArray {
  const [rows, columns] = stack.shape.slice(-2) as [number, number];
  return contiguous(stack).reshape([-1, rows, columns]).at(i);
}

/**
 * Runs `each` for every matrix of the stacks, whose leading axes are broadcast against each other,
 * and stacks what it returns (arrays of the same shapes for every matrix).
 */
export function overStacks(
  stacks: readonly NDArray[],
  each: (...matrices: NDArray[]) => readonly NDArray[],
): NDArray[] {
  if (stacks.every((stack) => stack.ndim === 2)) return [...each(...stacks)];
  const outer = broadcastShapes(...stacks.map((stack) => stack.shape.slice(0, -2)));
  const spread = stacks.map((stack) => stack.broadcastTo([...outer, ...stack.shape.slice(-2)]));
  const count = sizeOfShape(outer);
  if (count === 0) {
    // Only the shapes and dtypes are wanted, and identities are good-natured enough for any
    // routine.
    const samples = stacks.map(({ shape, dtype }) =>
      identity(shape.at(-2) as number, shape.at(-1) as number, dtype),
    );
    return each(...samples).map((part) => emptyArray(part.dtype, [...outer, ...part.shape]));
  }
  const sources = spread.map((stack) => contiguous(stack));
  let results: NDArray[] | undefined;
  for (let i = 0; i < count; i++) {
    const parts = each(...sources.map((source) => matrixAt(source, i)));
    results ??= parts.map((part) => emptyArray(part.dtype, [count, ...part.shape]));
    for (const [k, result] of results.entries()) result.set(parts[k] as NDArray, i);
  }
  return (results as NDArray[]).map((result) =>
    result.reshape([...outer, ...result.shape.slice(1)]),
  );
}

/** An identity matrix, or as much of it as fits. */
export function identity(rows: number, columns: number, dtype: DType): NDArray {
  const matrix = emptyArray(dtype, [rows, columns]);
  const { values } = matrix.storage;
  values.fill(0 as never);
  const step = (kindOf(dtype) === "c" ? 2 : 1) * (columns + 1);
  for (let i = 0; i < Math.min(rows, columns); i++) values[i * step] = 1 as never;
  return matrix;
}

/** A copy with zeros above (lower) or below (upper) the diagonal. */
export function triangle(a: NDArray, which: "lower" | "upper"): NDArray {
  const result = a.copy();
  const [m, n] = a.shape as [number, number];
  const slots = kindOf(a.dtype) === "c" ? 2 : 1;
  const elements = elementsOf(result);
  for (let i = 0; i < m; i++) {
    const row = i * n * slots;
    if (which === "lower")
      elements.fill(0 as never, row + Math.min(n, i + 1) * slots, row + n * slots);
    else elements.fill(0 as never, row, row + Math.min(n, i) * slots);
  }
  return result;
}
