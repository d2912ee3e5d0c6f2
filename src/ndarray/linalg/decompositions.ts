/**
 * @file Matrix decompositions: qr, svd, eigenvalues and eigenvectors, norms. All take stacks of
 * matrices where NumPy does; results that are several arrays come as tuples in NumPy's order.
 */

import { type DType, kindOf, realOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { checkOptionNames } from "../../core/options.ts";
import { elementsOf, emptyArray } from "../library/operands.ts";
import type { NDArray } from "../ndarray.ts";
import { max, min, sum } from "../reductions.ts";
import { absolute, notEqual, power, sqrt } from "../ufuncs.ts";
import * as builtin from "./builtin.ts";
import * as lapack from "./lapack.ts";
import { overStacks, requireMatrix, requireSquare, toFloat, triangle } from "./matrices.ts";
import { blasLibrary } from "./provider.ts";

function cast(array: NDArray, dtype: DType): NDArray {
  return array.dtype === dtype ? array : array.astype(dtype);
}

/**
 * A = Q R with orthonormal columns in Q and an upper triangular R. `mode`: "reduced" (default)
 * keeps as many columns as the shorter side, "complete" makes Q square.
 *
 * @example
 * import { NDArray, qr } from "heddle/ndarray";
 * const [q, r] = qr(new NDArray([[3, 1], [4, 2]]));
 * console.log(q.shape, r.get(1, 0)); // [ 2, 2 ] 0
 */
export function qr(
  a: NDArray,
  options: { readonly mode?: "reduced" | "complete" } = {},
): [q: NDArray, r: NDArray] {
  checkOptionNames("qr", options, ["mode"]);
  requireMatrix(a, "qr");
  const source = toFloat(a);
  const [m, n] = source.shape.slice(-2) as [number, number];
  const columns = options.mode === "complete" ? m : Math.min(m, n);
  return overStacks([source], (matrix) => {
    const library = blasLibrary();
    const one = matrix as NDArray;
    const { r, formQ } = library === null ? builtin.qr(one) : lapack.geqrf(library, one);
    const upper = triangle(r.at(`:${columns}`), "upper");
    return [cast(formQ(columns), source.dtype), cast(upper, source.dtype)];
  }) as [NDArray, NDArray];
}

/**
 * A = U diag(s) V^H, singular values in descending order. `fullMatrices` (default true, as in
 * NumPy) makes U and V square, else they have as many columns and rows as there are singular
 * values.
 */
export function svd(
  a: NDArray,
  options: { readonly fullMatrices?: boolean } = {},
): [u: NDArray, s: NDArray, vh: NDArray] {
  checkOptionNames("svd", options, ["fullMatrices"]);
  requireMatrix(a, "svd");
  const source = toFloat(a);
  const full = options.fullMatrices ?? true;
  return overStacks([source], (matrix) => {
    const one = matrix as NDArray;
    const library = blasLibrary();
    const found =
      library === null ? builtinSvd(one, full) : lapack.gesdd(library, one, full ? "A" : "S");
    const { u, s, vh } = found;
    return [cast(u, source.dtype), cast(s, realOf(source.dtype)), cast(vh, source.dtype)];
  }) as [NDArray, NDArray, NDArray];
}

/** The built-in decomposition is thin; square factors are completed by a QR decomposition. */
function builtinSvd(a: NDArray, full: boolean): { u: NDArray; s: NDArray; vh: NDArray } {
  const thin = builtin.svd(a);
  const [m, n] = a.shape as [number, number];
  if (!full || m === n) return thin;
  if (m > n) return { ...thin, u: completed(thin.u, m) };
  return { ...thin, vh: completed(thin.vh.T.copy(), n).T.copy() };
}

function completed(columns: NDArray, size: number): NDArray {
  const given = columns.shape[1] as number;
  const square = builtin.qr(columns).formQ(size);
  square.set(columns, ":", `:${given}`);
  return square;
}

/** The singular values alone, in descending order. */
export function svdvals(a: NDArray): NDArray {
  requireMatrix(a, "svdvals");
  const source = toFloat(a);
  return overStacks([source], (matrix) => {
    const library = blasLibrary();
    const one = matrix as NDArray;
    const { s } = library === null ? builtin.svd(one) : lapack.gesdd(library, one, "N");
    return [cast(s, realOf(source.dtype))];
  })[0] as NDArray;
}

/**
 * Eigenvalues in ascending order and eigenvectors (columns) of a symmetric or Hermitian matrix,
 * read from its lower part.
 */
export function eigh(a: NDArray): [eigenvalues: NDArray, eigenvectors: NDArray] {
  requireSquare(a, "eigh");
  return overStacks([toFloat(a)], (matrix) => eighOne(matrix as NDArray, true)) as [
    NDArray,
    NDArray,
  ];
}

/** The eigenvalues of `eigh` alone. */
export function eigvalsh(a: NDArray): NDArray {
  requireSquare(a, "eigvalsh");
  const [values] = overStacks([toFloat(a)], (matrix) => [
    eighOne(matrix as NDArray, false)[0] as NDArray,
  ]);
  return values as NDArray;
}

function eighOne(a: NDArray, vectors: boolean): NDArray[] {
  const library = blasLibrary();
  const found = library === null ? builtin.eigh(a) : lapack.heevd(library, a, vectors);
  return [cast(found[0], realOf(a.dtype)), cast(found[1], a.dtype)];
}

interface Eigen {
  readonly values: NDArray;
  readonly vectors: NDArray | undefined;
}

/** Real results stay real; if any eigenvalue of a stack is complex, all of them are. */
function eigenStack(a: NDArray, what: string, wantVectors: boolean): Eigen {
  requireSquare(a, what);
  const source = toFloat(a);
  const library = blasLibrary();
  if (library === null) throw builtin.needsLibrary(`${what} of a general matrix`);
  const complexDType = realOf(source.dtype) === "float32" ? "complex64" : "complex128";
  const results = overStacks([source], (matrix) => {
    const n = (matrix as NDArray).shape[0] as number;
    const found = lapack.geev(library, matrix as NDArray, wantVectors);
    const values = emptyArray(complexDType, [n]);
    const slots = elementsOf(values);
    found.re.forEach((re, i) => {
      slots[2 * i] = re;
      slots[2 * i + 1] = found.im[i] as number;
    });
    return wantVectors ? [values, eigenvectors(found, n, complexDType)] : [values];
  });
  const isReal = kindOf(source.dtype) !== "c" && allReal(results[0] as NDArray);
  const [values, vectors] = results.map((x) => (isReal ? (x.real.copy() as NDArray) : x));
  return { values: values as NDArray, vectors };
}

function allReal(values: NDArray): boolean {
  const slots = elementsOf(values) as Float64Array;
  for (let i = 1; i < slots.length; i += 2) if (slots[i] !== 0) return false;
  return true;
}

/** LAPACK's column-major vectors as a complex matrix; a conjugate pair shares two real columns. */
function eigenvectors(
  found: { readonly im: Float64Array; readonly vectors: Float64Array; readonly complex: boolean },
  n: number,
  dtype: "complex64" | "complex128",
): NDArray {
  const matrix = emptyArray(dtype, [n, n]);
  const out = elementsOf(matrix);
  const { vectors, im } = found;
  for (let column = 0; column < n; column++) {
    const sign = found.complex ? 0 : Math.sign(im[column] as number);
    for (let row = 0; row < n; row++) {
      const to = 2 * (row * n + column);
      const own = column * n + row;
      if (found.complex) {
        out[to] = vectors[2 * own] as number;
        out[to + 1] = vectors[2 * own + 1] as number;
        continue;
      }
      // Of a pair, the first has the positive imaginary part; both are in its two columns.
      const real = sign < 0 ? own - n : own;
      out[to] = vectors[real] as number;
      out[to + 1] = sign === 0 ? 0 : sign * (vectors[real + n] as number);
    }
  }
  return matrix;
}

/**
 * Eigenvalues and eigenvectors (columns) of a square matrix; complex when an eigenvalue is. Needs a
 * LAPACK library.
 */
export function eig(a: NDArray): [eigenvalues: NDArray, eigenvectors: NDArray] {
  const { values, vectors } = eigenStack(a, "eig", true);
  return [values, vectors as NDArray];
}

/** The eigenvalues of `eig` alone. */
export function eigvals(a: NDArray): NDArray {
  return eigenStack(a, "eigvals", false).values;
}

/**
 * Which norm: of vectors any number (the exponent), of matrices 1, -1, 2, -2, Infinity, -Infinity,
 * "fro" or "nuc".
 */
export type NormOrder = number | "fro" | "nuc";

/** How to take a norm. */
export interface NormOptions {
  /** Default: the 2-norm of vectors, the Frobenius norm of matrices. */
  readonly ord?: NormOrder;
  /** One axis for vectors, two for matrices; default the whole array. */
  readonly axis?: number | readonly [number, number];
  /** Whether reduced axes stay with length 1; default false. */
  readonly keepdims?: boolean;
}

/**
 * The norm of vectors or matrices: a number without `axis`, else an array.
 *
 * @example
 * import { NDArray, norm } from "heddle/ndarray";
 * console.log(norm(new NDArray([3, 4]))); // 5
 */
export function norm(x: NDArray, options: NormOptions = {}): number | NDArray {
  checkOptionNames("norm", options, ["ord", "axis", "keepdims"]);
  const { ord, axis, keepdims = false } = options;
  const source = toFloat(x);
  if (axis === undefined && ord === undefined)
    return finishNorm(vectorNorm(source.ravel(), 2, 0, false));
  const axes = axis ?? (x.ndim === 1 ? 0 : [0, 1]);
  if (axis === undefined && x.ndim > 2) {
    throw new HeddleError("InvalidAxis", `norm of a ${x.ndim}-d array with an order needs axis.`);
  }
  const result =
    typeof axes === "number"
      ? vectorNorm(source, ord ?? 2, axes, keepdims)
      : matrixNorm(source, ord ?? "fro", axes as readonly [number, number], keepdims);
  return axis === undefined && !keepdims ? finishNorm(result) : result;
}

function finishNorm(result: NDArray): number {
  return Number(result.item());
}

function vectorNorm(x: NDArray, ord: NormOrder, axis: number, keepdims: boolean): NDArray {
  const options = { axis, keepdims };
  const size = absolute(x) as NDArray<"float64">;
  if (ord === Number.POSITIVE_INFINITY) return max(size, options);
  if (ord === Number.NEGATIVE_INFINITY) return min(size, options);
  if (typeof ord !== "number") {
    throw new HeddleError(
      "InvalidArgument",
      `norm: "${ord}" is a norm of matrices, not of vectors.`,
    );
  }
  if (ord === 0) return sum(notEqual(size, 0).astype(size.dtype), options);
  if (ord === 1) return sum(size, options);
  if (ord === 2) return sqrt(sum(power(size, 2), options));
  return power(sum(power(size, ord), options), 1 / ord) as NDArray;
}

function matrixNorm(
  x: NDArray,
  ord: NormOrder,
  axes: readonly [number, number],
  keepdims: boolean,
): NDArray {
  const [row, column] = axes.map((axis) => (axis < 0 ? axis + x.ndim : axis)) as [number, number];
  if (ord === "fro") return sqrt(sum(power(absolute(x), 2), { axis: [row, column], keepdims }));
  if (ord === 2 || ord === -2 || ord === "nuc") {
    const rest = x.shape.map((_, axis) => axis).filter((axis) => axis !== row && axis !== column);
    const s = svdvals(x.transpose([...rest, row, column])) as NDArray<"float64">;
    const last = { axis: -1 };
    const result: NDArray = ord === "nuc" ? sum(s, last) : ord === 2 ? max(s, last) : min(s, last);
    return keepdims ? result.expandDims([row, column].sort((a, b) => a - b)) : result;
  }
  const along = Math.abs(ord as number) === 1 ? [row, column] : [column, row];
  const known = [1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  if (!known.includes(ord as number)) {
    throw new HeddleError(
      "InvalidArgument",
      `norm: ${ord} is no norm of matrices; use 1, -1, 2, -2, Infinity, -Infinity, "fro" or "nuc".`,
    );
  }
  const sums = sum(absolute(x) as NDArray<"float64">, { axis: along[0] as number, keepdims: true });
  const reduced = (ord as number) > 0 ? max : min;
  const result = reduced(sums as NDArray<"float64">, { axis: along[1] as number, keepdims: true });
  return keepdims ? result : result.squeeze([row, column]);
}
