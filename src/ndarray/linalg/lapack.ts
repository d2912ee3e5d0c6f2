/**
 * @file LAPACK routines over single matrices: each takes row-major float matrices, hands LAPACK
 * column-major copies, and returns new row-major arrays. Workspaces are asked for as LAPACK
 * proposes.
 */
import type { DType } from "../../core/dtype.ts";
import { realOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { elementsOf, emptyArray } from "../library/operands.ts";
import type { NDArray } from "../ndarray.ts";
import type { BlasLibrary, FortranArgument } from "./blas-library.ts";
import { columnMajor, type FloatDType, ROUTINE_LETTER, rowMajor } from "./matrices.ts";

function letterOf(dtype: DType): string {
  return ROUTINE_LETTER[dtype as FloatDType];
}

function isComplex(dtype: DType): boolean {
  return dtype === "complex64" || dtype === "complex128";
}

/** A typed array of `count` elements of a float dtype, for workspaces. */
function scratch(dtype: DType, count: number): Float32Array | Float64Array {
  const slots = isComplex(dtype) ? 2 * count : count;
  return realOf(dtype) === "float32" ? new Float32Array(slots) : new Float64Array(slots);
}

/** Calls a routine whose last argument is `info`, which must not be negative; returns it. */
function call(library: BlasLibrary, routine: string, ...args: FortranArgument[]): number {
  const info = library.integers(1);
  library.call(routine, ...args, info);
  const result = Number(info[0]);
  if (result >= 0) return result;
  throw new HeddleError("InvariantViolated", `${routine} refused its argument ${-result}.`);
}

/**
 * Calls a routine twice: with a workspace of length -1, which asks for the best length, then with
 * that.
 */
function callWithWork(
  library: BlasLibrary,
  routine: string,
  dtype: DType,
  before: readonly FortranArgument[],
  after: readonly FortranArgument[] = [],
): number {
  const query = scratch(dtype, 1);
  call(library, routine, ...before, query, -1, ...after);
  const length = Math.max(1, Math.ceil(query[0] as number));
  return call(library, routine, ...before, scratch(dtype, length), length, ...after);
}

/** Solves A X = B; undefined when A is singular. */
export function gesv(library: BlasLibrary, a: NDArray, b: NDArray): NDArray | undefined {
  const n = a.shape[0] as number;
  const factors = columnMajor(a);
  const solution = columnMajor(b);
  const pivots = library.integers(n);
  const [at, bt] = [elementsOf(factors), elementsOf(solution)];
  const ld = Math.max(1, n);
  const columns = b.shape[1] as number;
  const routine = `${letterOf(a.dtype)}gesv`;
  const info = call(library, routine, n, columns, at, ld, pivots, bt, ld);
  return info === 0 ? rowMajor(solution) : undefined;
}

/** LU with row exchanges: the packed factors and, per step, the row (from 0) that was exchanged. */
export function getrf(library: BlasLibrary, a: NDArray): { factors: NDArray; pivots: Int32Array } {
  const [m, n] = a.shape as [number, number];
  const factors = columnMajor(a);
  const pivots = library.integers(Math.min(m, n));
  call(library, `${letterOf(a.dtype)}getrf`, m, n, elementsOf(factors), Math.max(1, m), pivots);
  return { factors: rowMajor(factors), pivots: fromFortran(pivots) };
}

function fromFortran(rows: Int32Array | BigInt64Array): Int32Array {
  const plain = Array.from(rows as ArrayLike<number | bigint>, (row) => Number(row) - 1);
  return Int32Array.from(plain);
}

/**
 * The lower Cholesky factor, its upper part not cleared; undefined when A is not positive definite.
 */
export function potrf(library: BlasLibrary, a: NDArray): NDArray | undefined {
  const n = a.shape[0] as number;
  const factor = columnMajor(a);
  const routine = `${letterOf(a.dtype)}potrf`;
  const info = call(library, routine, "L", n, elementsOf(factor), Math.max(1, n));
  return info === 0 ? rowMajor(factor) : undefined;
}

/** Packed R with the reflections' scales; `formQ` gives the first `columns` columns of Q. */
export function geqrf(
  library: BlasLibrary,
  a: NDArray,
): { r: NDArray; formQ: (columns: number) => NDArray } {
  const [m, n] = a.shape as [number, number];
  const { dtype } = a;
  const packed = columnMajor(a);
  const steps = Math.min(m, n);
  const taus = scratch(dtype, Math.max(1, steps));
  const ld = Math.max(1, m);
  const letter = letterOf(dtype);
  callWithWork(library, `${letter}geqrf`, dtype, [m, n, elementsOf(packed), ld, taus]);
  const formQ = (columns: number): NDArray => {
    const q = emptyArray(dtype, [columns, m]);
    const elements = elementsOf(q);
    elements.fill(0 as never);
    elements.set(elementsOf(packed).subarray(0, elements.length) as never);
    const routine = isComplex(dtype) ? `${letter}ungqr` : `${letter}orgqr`;
    callWithWork(library, routine, dtype, [m, columns, steps, elements, ld, taus]);
    return rowMajor(q);
  };
  return { r: rowMajor(packed), formQ };
}

/**
 * Eigenvalues in ascending order and, as columns, eigenvectors of a Hermitian matrix given by its
 * lower part.
 */
export function heevd(library: BlasLibrary, a: NDArray, vectors: boolean): [NDArray, NDArray] {
  const n = a.shape[0] as number;
  const { dtype } = a;
  const packed = columnMajor(a);
  const values = emptyArray(realOf(dtype), [n]);
  const job = vectors ? "V" : "N";
  const before = [job, "L", n, elementsOf(packed), Math.max(1, n), elementsOf(values)];
  const complex = isComplex(dtype);
  const routine = `${letterOf(dtype)}${complex ? "heevd" : "syevd"}`;
  const work = scratch(dtype, 1);
  const realWork = scratch(realOf(dtype), 1);
  const integers = library.integers(1);
  const query = complex ? [work, -1, realWork, -1, integers, -1] : [work, -1, integers, -1];
  call(library, routine, ...before, ...query);
  const [size, realSize] = [work, realWork].map((w) => Math.max(1, Math.ceil(w[0] as number)));
  const count = Math.max(1, Number(integers[0]));
  const own = [scratch(dtype, size as number), size as number];
  const extra = complex ? [scratch(realOf(dtype), realSize as number), realSize as number] : [];
  const last = [library.integers(count), count];
  const info = call(library, routine, ...before, ...own, ...extra, ...last);
  if (info > 0) throw notConverged("eigh");
  return [values, rowMajor(packed)];
}

/**
 * Eigenvalues and right eigenvectors (columns) of a square matrix, as complex numbers in pairs of
 * arrays.
 */
export function geev(
  library: BlasLibrary,
  a: NDArray,
  vectors: boolean,
): { re: Float64Array; im: Float64Array; vectors: Float64Array; complex: boolean } {
  const n = a.shape[0] as number;
  const { dtype } = a;
  const complex = isComplex(dtype);
  const packed = elementsOf(columnMajor(a));
  const ld = Math.max(1, n);
  const job = vectors ? "V" : "N";
  const right = scratch(dtype, vectors ? n * n : 1);
  const none = scratch(dtype, 1);
  const values = scratch(dtype, n);
  const imaginary = scratch(realOf(dtype), n);
  const parts = complex ? [values] : [values, imaginary];
  const after = complex ? [scratch(realOf(dtype), 2 * ld)] : [];
  const before = ["N", job, n, packed, ld, ...parts, none, 1, right, vectors ? ld : 1];
  const info = callWithWork(library, `${letterOf(dtype)}geev`, dtype, before, after);
  if (info > 0) throw notConverged("eig");
  if (!complex) {
    const [re, im] = [Float64Array.from(values), Float64Array.from(imaginary)];
    return { re, im, vectors: Float64Array.from(right), complex };
  }
  const pick = (offset: number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => values[2 * i + offset] as number);
  return { re: pick(0), im: pick(1), vectors: Float64Array.from(right), complex };
}

/**
 * Singular values in descending order, and U and V^H as `job` says: "A" all columns, "S" the first,
 * "N" none.
 */
export function gesdd(
  library: BlasLibrary,
  a: NDArray,
  job: "A" | "S" | "N",
): { u: NDArray; s: NDArray; vh: NDArray } {
  const [m, n] = a.shape as [number, number];
  const { dtype } = a;
  const least = Math.min(m, n);
  const packed = elementsOf(columnMajor(a));
  const s = emptyArray(realOf(dtype), [least]);
  const uColumns = job === "A" ? m : job === "S" ? least : 0;
  const vRows = job === "A" ? n : job === "S" ? least : 0;
  const u = emptyArray(dtype, [uColumns, m]);
  const vh = emptyArray(dtype, [n, vRows]);
  const none = scratch(dtype, 1);
  const vectors = job !== "N";
  const before = [
    ...[job, m, n, packed, Math.max(1, m), elementsOf(s)],
    ...(vectors ? [elementsOf(u), Math.max(1, m)] : [none, 1]),
    ...(vectors ? [elementsOf(vh), Math.max(1, vRows)] : [none, 1]),
  ];
  const realLength = least * Math.max(5 * least + 7, 2 * Math.max(m, n) + 2 * least + 1);
  const after = [
    ...(isComplex(dtype) ? [scratch(realOf(dtype), Math.max(1, realLength))] : []),
    library.integers(8 * Math.max(1, least)),
  ];
  const info = callWithWork(library, `${letterOf(dtype)}gesdd`, dtype, before, after);
  if (info > 0) throw notConverged("svd");
  if (!vectors) return { u, s, vh };
  return { u: rowMajor(u), s, vh: rowMajor(vh) };
}

/** What an iteration that does not converge says. */
export function notConverged(what: string): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `${what} did not converge. Look for NaN or infinite elements in the matrix.`,
  );
}
