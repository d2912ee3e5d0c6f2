/**
 * @file Linear systems and what follows from them: solve, inv, det, slogdet, lu, cholesky,
 * solveTriangular, lstsq. All take stacks of matrices where NumPy does.
 */

import { kindOf, promote } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { checkOptionNames } from "../../core/options.ts";
import { elementsOf, emptyArray } from "../library/operands.ts";
import { NDArray } from "../ndarray.ts";
import { conjugate } from "../ufuncs.ts";
import * as builtin from "./builtin.ts";
import { svd } from "./decompositions.ts";
import * as lapack from "./lapack.ts";
import {
  floatDType,
  identity,
  overStacks,
  requireMatrix,
  requireSquare,
  toFloat,
  triangle,
} from "./matrices.ts";
import { matmul } from "./products.ts";
import { blasLibrary } from "./provider.ts";

function singular(what: string): HeddleError {
  return new HeddleError("InvalidArgument", `${what}: the matrix is singular.`);
}

function like(result: NDArray, model: NDArray): NDArray {
  return result.dtype === model.dtype ? result : result.astype(model.dtype);
}

function solveOne(a: NDArray, b: NDArray, what: string): NDArray {
  const library = blasLibrary();
  const x = library === null ? builtin.solve(a, b) : lapack.gesv(library, a, b);
  if (x === undefined) throw singular(what);
  return like(x, a);
}

/**
 * The x with A x = b, for each matrix of a stack; `b` is a matrix of columns, or one column when it
 * is 1-d. Throws when A is singular.
 *
 * @example
 * import { NDArray, solve } from "heddle/ndarray";
 * console.log(solve(new NDArray([[2, 0], [0, 4]]), new NDArray([2, 4])).toArray()); // [ 1, 1 ]
 */
export function solve(a: NDArray, b: NDArray): NDArray {
  requireSquare(a, "solve");
  const column = b.ndim === 1;
  const right = column ? b.expandDims(1) : b;
  if (right.shape.at(-2) !== a.shape.at(-1)) {
    throw new HeddleError(
      "InvalidShape",
      `solve: a matrix of ${a.shape.at(-1)} columns does not fit a right side of shape ` +
        `[${b.shape.join(", ")}].`,
    );
  }
  const dtype = floatDType(promote(a.dtype, b.dtype));
  const [x] = overStacks([toFloat(a, dtype), toFloat(right, dtype)], (matrix, rhs) => [
    solveOne(matrix as NDArray, rhs as NDArray, "solve"),
  ]) as [NDArray];
  return column ? x.squeeze(-1) : x;
}

/** The inverse of each matrix. Throws when one is singular. */
export function inv(a: NDArray): NDArray {
  requireSquare(a, "inv");
  return overStacks([toFloat(a)], (matrix) => {
    const { shape, dtype } = matrix as NDArray;
    const n = shape[0] as number;
    return [solveOne(matrix as NDArray, identity(n, n, dtype), "inv")];
  })[0] as NDArray;
}

function factorize(a: NDArray): { factors: NDArray; pivots: Int32Array } {
  const library = blasLibrary();
  if (library !== null) return lapack.getrf(library, a);
  const { factors, pivots } = builtin.lu(a);
  return { factors: like(factors, a), pivots };
}

/** Sign and logarithm of the absolute value of a real matrix's determinant. */
function slogdetOne(a: NDArray): [sign: number, log: number, det: number] {
  const n = a.shape[0] as number;
  const { factors, pivots } = factorize(a);
  const elements = elementsOf(factors) as Float64Array;
  let sign = 1;
  let log = 0;
  let det = 1;
  for (let i = 0; i < n; i++) {
    const pivot = elements[i * n + i] as number;
    if (pivots[i] !== i) [sign, det] = [-sign, -det];
    if (pivot < 0) sign = -sign;
    det *= pivot;
    log += Math.log(Math.abs(pivot));
  }
  return log === Number.NEGATIVE_INFINITY ? [0, log, 0] : [sign, log, det];
}

function requireReal(a: NDArray, what: string): void {
  if (kindOf(a.dtype) !== "c") return;
  throw new HeddleError("NotSupported", `${what} of complex matrices is not supported.`);
}

function scalarStack(value: number, model: NDArray): NDArray {
  return new NDArray(value, { dtype: model.dtype });
}

/** The determinant: a number for one matrix, an array for a stack. */
export function det(a: NDArray): number | NDArray {
  requireSquare(a, "det");
  requireReal(a, "det");
  const source = toFloat(a);
  if (a.ndim === 2) return slogdetOne(source)[2];
  return overStacks([source], (matrix) => [
    scalarStack(slogdetOne(matrix as NDArray)[2], source),
  ])[0] as NDArray;
}

/** Sign and logarithm of the determinant's absolute value, which does not overflow. */
export function slogdet(
  a: NDArray,
): [sign: number, logAbsDet: number] | [sign: NDArray, logAbsDet: NDArray] {
  requireSquare(a, "slogdet");
  requireReal(a, "slogdet");
  const source = toFloat(a);
  if (a.ndim === 2) {
    const [sign, log] = slogdetOne(source);
    return [sign, log];
  }
  const parts = overStacks([source], (matrix) => {
    const [sign, log] = slogdetOne(matrix as NDArray);
    return [scalarStack(sign, source), scalarStack(log, source)];
  });
  return parts as [NDArray, NDArray];
}

/** `scipy.linalg.lu`: P, L and U with A = P L U; L has ones on its diagonal. */
export function lu(a: NDArray): [p: NDArray, l: NDArray, u: NDArray] {
  requireMatrix(a, "lu");
  return overStacks([toFloat(a)], (matrix) => luOne(matrix as NDArray)) as [
    NDArray,
    NDArray,
    NDArray,
  ];
}

function luOne(a: NDArray): [NDArray, NDArray, NDArray] {
  const [m, n] = a.shape as [number, number];
  const k = Math.min(m, n);
  const { factors, pivots } = factorize(a);
  const order = Array.from({ length: m }, (_, i) => i);
  pivots.forEach((row, i) => {
    [order[i], order[row]] = [order[row] as number, order[i] as number];
  });
  const p = identity(m, m, a.dtype).at(":", order) as NDArray;
  const l = triangle(factors.at(":", `:${k}`), "lower");
  for (let i = 0; i < k; i++) l.set(1, i, i);
  return [p, l, triangle(factors.at(`:${k}`), "upper")];
}

/**
 * The Cholesky factor of a positive definite matrix, read from its lower part: L, or its transpose
 * with `upper`.
 */
export function cholesky(a: NDArray, options: { readonly upper?: boolean } = {}): NDArray {
  checkOptionNames("cholesky", options, ["upper"]);
  requireSquare(a, "cholesky");
  const library = blasLibrary();
  return overStacks([toFloat(a)], (matrix) => {
    const source = matrix as NDArray;
    const factor = library === null ? builtin.cholesky(source) : lapack.potrf(library, source);
    if (factor === undefined) {
      throw new HeddleError("InvalidArgument", "cholesky: the matrix is not positive definite.");
    }
    const lower = triangle(like(factor, source), "lower");
    if (options.upper !== true) return [lower];
    const transposed = lower.T.copy();
    return [kindOf(source.dtype) === "c" ? conjugate(transposed) : transposed];
  })[0] as NDArray;
}

/** How to solve a triangular system. */
export interface TriangularOptions {
  /** Whether A is lower triangular; default false. */
  readonly lower?: boolean;
  /** Whether A's diagonal is to be taken as ones; default false. */
  readonly unitDiagonal?: boolean;
}

/** The x with A x = b for a triangular A, of which only that triangle is read. */
export function solveTriangular(a: NDArray, b: NDArray, options: TriangularOptions = {}): NDArray {
  checkOptionNames("solveTriangular", options, ["lower", "unitDiagonal"]);
  requireSquare(a, "solveTriangular");
  requireReal(a, "solveTriangular");
  const { lower = false, unitDiagonal = false } = options;
  const dtype = floatDType(promote(a.dtype, b.dtype));
  const column = b.ndim === 1;
  const right = toFloat(column ? b.expandDims(1) : b, dtype);
  const matrix = toFloat(a, dtype);
  if (right.shape[0] !== a.shape[0]) {
    throw new HeddleError(
      "InvalidShape",
      `solveTriangular: ${a.shape[0]} equations do not fit a right side of ${right.shape[0]} rows.`,
    );
  }
  const x = like(builtin.solveTriangular(matrix, right, lower, unitDiagonal), matrix);
  return column ? x.squeeze(-1) : x;
}

/** What `lstsq` returns. */
export interface LeastSquares {
  readonly x: NDArray;
  /**
   * Sums of squared residuals of each column; empty when the rank is deficient or there are no more
   * rows than columns.
   */
  readonly residuals: NDArray;
  readonly rank: number;
  /** Singular values of A. */
  readonly s: NDArray;
}

/**
 * The x of least norm that minimises |A x - b|. Singular values below `rcond` times the greatest
 * count as zero; default the dtype's epsilon times the longer side.
 */
export function lstsq(
  a: NDArray,
  b: NDArray,
  options: { readonly rcond?: number } = {},
): LeastSquares {
  checkOptionNames("lstsq", options, ["rcond"]);
  requireMatrix(a, "lstsq");
  requireReal(a, "lstsq");
  const dtype = floatDType(promote(a.dtype, b.dtype));
  const column = b.ndim === 1;
  const [matrix, right] = [toFloat(a, dtype), toFloat(column ? b.expandDims(1) : b, dtype)];
  const [m, n] = matrix.shape as [number, number];
  const [u, s, vh] = svd(matrix, { fullMatrices: false });
  const values = elementsOf(s) as Float64Array;
  const epsilon = dtype === "float32" ? 2 ** -23 : Number.EPSILON;
  const least = (options.rcond ?? epsilon * Math.max(m, n)) * (values[0] ?? 0);
  const rank = values.filter((value) => value > least).length;
  const scaled = matmul(u.T, right);
  const elements = elementsOf(scaled) as Float64Array;
  const width = right.shape[1] as number;
  for (let i = 0; i < elements.length; i++) {
    const value = values[Math.floor(i / width)] as number;
    elements[i] = value > least ? (elements[i] as number) / value : 0;
  }
  const x = matmul(vh.T, scaled);
  const full = rank === n && m > n;
  const residuals = full ? squaredResiduals(matmul(matrix, x), right) : emptyArray(dtype, [0]);
  return { x: column ? x.squeeze(-1) : x, residuals, rank, s };
}

function squaredResiduals(fitted: NDArray, right: NDArray): NDArray {
  const width = right.shape[1] as number;
  const sums = new Float64Array(width);
  const [left, wanted] = [elementsOf(fitted), elementsOf(right.copy())];
  for (let i = 0; i < left.length; i++) {
    sums[i % width] = (sums[i % width] as number) + (Number(left[i]) - Number(wanted[i])) ** 2;
  }
  return like(new NDArray(sums), right);
}
