/**
 * @file Factorizations without a library: the kernels of `assembly/factor.ts` on single float64
 * matrices, with the same results as `lapack.ts`. Complex matrices and general eigenvalues need a
 * library, and say so.
 */
import { HeddleError } from "../../core/errors.ts";
import { linalgKernels } from "../library/kernels.ts";
import { elementsOf, emptyArray, runKernel } from "../library/operands.ts";
import { NDArray } from "../ndarray.ts";
import { GEMM_SCRATCH_BYTES } from "./gemm.ts";
import { notConverged } from "./lapack.ts";

/** Columns of a panel of `lu` in `assembly/factor.ts`. */
const LU_PANEL = 48;

/** Throws for what only a library can do. */
export function needsLibrary(what: string): HeddleError {
  return new HeddleError(
    "NotSupported",
    `${what} needs a BLAS/LAPACK library, and none was found. Install OpenBLAS ` +
      "(e.g. libopenblas0, or the Python package numpy), or name one with useBlas(path).",
  );
}

type Matrix = NDArray<"float64">;

/** A float64 copy to work on; float32 is computed in float64. */
export function workingCopy(a: NDArray, what: string): Matrix {
  if (a.dtype === "float64") return a.copy() as Matrix;
  if (a.dtype === "float32") return a.astype("float64");
  throw needsLibrary(`${what} of ${a.dtype}`);
}

/**
 * LU in place of a copy: packed factors, exchanged rows, and the first step with a zero pivot (0:
 * none).
 */
export function lu(a: NDArray): { factors: Matrix; pivots: Int32Array; info: number } {
  const factors = workingCopy(a, "lu");
  const [rows, columns] = a.shape as [number, number];
  const pivots = emptyArray("int32", [Math.min(rows, columns)]);
  let info = 0;
  const scratchBytes = GEMM_SCRATCH_BYTES + rows * LU_PANEL * 8;
  runKernel([], [factors, pivots], scratchBytes, ({ memory, outputs, scratch }) => {
    const [at, pivotsAt] = outputs as [number, number];
    const negated = scratch + GEMM_SCRATCH_BYTES;
    info = linalgKernels(memory).lu(at, rows, columns, pivotsAt, scratch, negated);
  });
  return { factors, pivots: Int32Array.from(elementsOf(pivots)), info };
}

/** Solves A X = B; undefined when A is singular. */
export function solve(a: NDArray, b: NDArray): Matrix | undefined {
  const { factors, pivots, info } = lu(a);
  if (info > 0) return undefined;
  const solution = workingCopy(b, "solve");
  const [size, columns] = b.shape as [number, number];
  const rows = new NDArray(pivots);
  runKernel([factors, rows], [solution], 0, ({ memory, inputs, outputs }) => {
    const [at, rowsAt] = inputs as [number, number];
    const [out] = outputs as [number];
    const kernels = linalgKernels(memory);
    kernels.applyPivots(out, columns, rowsAt, size);
    kernels.solveTriangular(at, size, size, out, columns, 1, 1);
    kernels.solveTriangular(at, size, size, out, columns, 0, 0);
  });
  return solution;
}

/** Solves T X = B for a triangular T. */
export function solveTriangular(t: NDArray, b: NDArray, lower: boolean, unit: boolean): Matrix {
  const triangle = workingCopy(t, "solveTriangular");
  const solution = workingCopy(b, "solveTriangular");
  const [size, columns] = b.shape as [number, number];
  runKernel([triangle], [solution], 0, ({ memory, inputs, outputs }) => {
    const [at, out] = [inputs[0] as number, outputs[0] as number];
    const kernels = linalgKernels(memory);
    kernels.solveTriangular(at, size, size, out, columns, lower ? 1 : 0, unit ? 1 : 0);
  });
  return solution;
}

/** The lower Cholesky factor; undefined when A is not positive definite. */
export function cholesky(a: NDArray): Matrix | undefined {
  const factor = workingCopy(a, "cholesky");
  let definite = 0;
  runKernel([], [factor], 0, ({ memory, outputs }) => {
    definite = linalgKernels(memory).cholesky(outputs[0] as number, a.shape[0] as number);
  });
  return definite === 0 ? undefined : factor;
}

/** Packed R; `formQ` gives the first `count` columns of Q. */
export function qr(a: NDArray): { r: Matrix; formQ: (count: number) => Matrix } {
  const packed = workingCopy(a, "qr");
  const [rows, columns] = a.shape as [number, number];
  const taus = emptyArray("float64", [Math.max(1, Math.min(rows, columns))]);
  runKernel([], [packed, taus], 8 * columns + 8, ({ memory, outputs, scratch }) => {
    const [at, tausAt] = outputs as [number, number];
    linalgKernels(memory).qr(at, rows, columns, tausAt, scratch);
  });
  const formQ = (count: number): Matrix => {
    const q = emptyArray("float64", [rows, count]);
    runKernel([packed, taus], [q], 8 * count + 8, ({ memory, inputs, outputs, scratch }) => {
      const [at, tausAt] = inputs as [number, number];
      const out = outputs[0] as number;
      linalgKernels(memory).formQ(at, rows, columns, tausAt, out, count, scratch);
    });
    return q;
  };
  return { r: packed, formQ };
}

/** Rows sorted by their value, ascending; the order of the rows that `values` sorts. */
function orderOf(values: Float64Array, descending: boolean): number[] {
  const order = Array.from(values, (_, i) => i);
  const sign = descending ? -1 : 1;
  return order.sort((i, j) => sign * ((values[i] as number) - (values[j] as number)));
}

/**
 * Eigenvalues in ascending order and eigenvectors (columns) of a symmetric matrix given by its
 * lower part.
 */
export function eigh(a: NDArray): [Matrix, Matrix] {
  const n = a.shape[0] as number;
  const work = workingCopy(a, "eigh");
  const full = elementsOf(work);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) full[j * n + i] = full[i * n + j] as number;
  }
  const rows = emptyArray("float64", [n, n]);
  let converged = 0;
  runKernel([], [work, rows], 0, ({ memory, outputs }) => {
    const [at, out] = outputs as [number, number];
    converged = linalgKernels(memory).jacobiEigen(at, n, out);
  });
  if (converged === 0) throw notConverged("eigh");
  const found = Float64Array.from({ length: n }, (_, i) => full[i * n + i] as number);
  const order = orderOf(found, false);
  const values = new NDArray<"float64">(Float64Array.from(order, (i) => found[i] as number));
  return [values, rows.at(order, ":").T.copy()];
}

/**
 * Thin singular value decomposition: U (m x k), s descending, V^T (k x n), k the smaller of m and
 * n.
 */
export function svd(a: NDArray): { u: Matrix; s: Matrix; vh: Matrix } {
  const [m, n] = a.shape as [number, number];
  if (m < n) {
    const { u, s, vh } = svd(a.T.copy());
    return { u: vh.T.copy(), s, vh: u.T.copy() };
  }
  const work = workingCopy(a.T.copy(), "svd");
  const v = emptyArray("float64", [n, n]);
  let converged = 0;
  runKernel([], [work, v], 0, ({ memory, outputs }) => {
    const [at, out] = outputs as [number, number];
    converged = linalgKernels(memory).jacobiSvd(at, n, m, out);
  });
  if (converged === 0) throw notConverged("svd");
  const elements = elementsOf(work);
  const norms = Float64Array.from({ length: n }, (_, row) =>
    euclideanNorm(elements.subarray(row * m, (row + 1) * m)),
  );
  const order = orderOf(norms, true);
  const s = new NDArray<"float64">(Float64Array.from(order, (i) => norms[i] as number));
  return { u: unitColumns(work.at(order, ":"), s), s, vh: v.at(order, ":").copy() };
}

/** Square root of the sum of squares, scaled so that it neither overflows nor underflows. */
function euclideanNorm(elements: Float64Array): number {
  const scale = elements.reduce((greatest, x) => Math.max(greatest, Math.abs(x)), 0);
  if (scale === 0 || !Number.isFinite(scale)) return scale;
  return scale * Math.sqrt(elements.reduce((sum, x) => sum + (x / scale) ** 2, 0));
}

/**
 * Rows divided by their norms, as columns; rows of norm 0 become what Q completes the others with.
 */
function unitColumns(rows: NDArray<"float64">, norms: Matrix): Matrix {
  const [n, m] = rows.shape as [number, number];
  const unit = rows.copy();
  const elements = elementsOf(unit);
  const lengths = elementsOf(norms);
  const tiny = (lengths[0] ?? 0) * Number.EPSILON * 0.01;
  const rank = lengths.findIndex((length) => !(length > tiny));
  const kept = rank < 0 ? n : rank;
  for (let row = 0; row < kept; row++) {
    const length = lengths[row] as number;
    for (let i = row * m; i < (row + 1) * m; i++) elements[i] = (elements[i] as number) / length;
  }
  const columns = unit.T.copy();
  if (kept === n) return columns;
  const complete = qr(columns.at(":", `:${kept}`).copy()).formQ(n);
  columns.set(complete.at(":", `${kept}:`), ":", `${kept}:`);
  return columns;
}
