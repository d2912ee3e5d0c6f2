/**
 * @file Factorizations of float64 matrices for systems without LAPACK, row-major and by rows
 * throughout, so that every inner loop is a vector operation on adjacent elements. Plain
 * algorithms: partial pivoting, Householder reflections, Jacobi rotations. The pivots, signs and
 * orders are LAPACK's.
 */

import { gemm64 } from "./gemm";

// @ts-ignore: decorator
@inline
function at(base: usize, i: usize): usize {
  return base + (i << 3);
}

/** y += s x over n elements. */
function addScaled(y: usize, x: usize, s: f64, n: usize): void {
  const factor = f64x2.splat(s);
  let i: usize = 0;
  for (; i + 2 <= n; i += 2) {
    const product = f64x2.mul(factor, v128.load(at(x, i)));
    v128.store(at(y, i), f64x2.add(v128.load(at(y, i)), product));
  }
  for (; i < n; i++) store<f64>(at(y, i), load<f64>(at(y, i)) + s * load<f64>(at(x, i)));
}

function dot(x: usize, y: usize, n: usize): f64 {
  let sum = f64x2.splat(0);
  let i: usize = 0;
  for (; i + 2 <= n; i += 2) {
    sum = f64x2.add(sum, f64x2.mul(v128.load(at(x, i)), v128.load(at(y, i))));
  }
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; i < n; i++) total += load<f64>(at(x, i)) * load<f64>(at(y, i));
  return total;
}

function swapRows(x: usize, y: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const kept = load<f64>(at(x, i));
    store<f64>(at(x, i), load<f64>(at(y, i)));
    store<f64>(at(y, i), kept);
  }
}

/** Columns that `lu` factorizes before it updates the rest by a matrix product. */
const PANEL: usize = 48;

/**
 * A = P L U in place: L below the diagonal (unit), U on and above it. `pivots` (int32) holds, for
 * each step, the row it was exchanged with. `scratch` is room for `gemm64` and, at `negated`, for
 * `rows` x 48 elements. Returns 0, or the number (from 1) of the first step whose pivot was 0.
 */
export function lu(
  a: usize,
  rows: usize,
  columns: usize,
  pivots: usize,
  scratch: usize,
  negated: usize,
): i32 {
  let info = 0;
  const steps = min(rows, columns);
  for (let first: usize = 0; first < steps; first += PANEL) {
    const end = min(first + PANEL, steps);
    const zero = luPanel(a, rows, columns, first, end, pivots);
    if (info == 0) info = zero;
    if (end == columns) continue;
    const width = columns - end;
    for (let i = first + 1; i < end; i++) {
      for (let j = first; j < i; j++) {
        const factor = load<f64>(at(a, i * columns + j));
        addScaled(at(a, i * columns + end), at(a, j * columns + end), -factor, width);
      }
    }
    const depth = end - first;
    const below = rows - end;
    for (let i: usize = 0; i < below; i++) {
      for (let j: usize = 0; j < depth; j++) {
        const factor = load<f64>(at(a, (end + i) * columns + first + j));
        store<f64>(at(negated, i * depth + j), -factor);
      }
    }
    const upper = at(a, first * columns + end);
    const rest = at(a, end * columns + end);
    gemm64(below, width, depth, negated, depth, 1, upper, columns, 1, rest, columns, scratch);
  }
  return info;
}

/** Steps [first, end) of `lu`, with the columns behind `end` only exchanged. */
function luPanel(
  a: usize,
  rows: usize,
  columns: usize,
  first: usize,
  end: usize,
  pivots: usize,
): i32 {
  let info = 0;
  for (let k = first; k < end; k++) {
    let best = k;
    for (let i = k + 1; i < rows; i++) {
      const here = Math.abs(load<f64>(at(a, i * columns + k)));
      if (here > Math.abs(load<f64>(at(a, best * columns + k)))) best = i;
    }
    store<i32>(pivots + (k << 2), <i32>best);
    if (best != k) swapRows(at(a, k * columns), at(a, best * columns), columns);
    const pivot = load<f64>(at(a, k * columns + k));
    if (pivot == 0) {
      if (info == 0) info = <i32>k + 1;
      continue;
    }
    for (let i = k + 1; i < rows; i++) {
      const row = at(a, i * columns + k);
      const factor = load<f64>(row) / pivot;
      store<f64>(row, factor);
      addScaled(row + 8, at(a, k * columns + k + 1), -factor, end - k - 1);
    }
  }
  return info;
}

/** Exchanges the rows of B (n columns) as `lu` did, from the first step to the last. */
export function applyPivots(b: usize, n: usize, pivots: usize, steps: usize): void {
  for (let k: usize = 0; k < steps; k++) {
    const other = <usize>load<i32>(pivots + (k << 2));
    if (other != k) swapRows(at(b, k * n), at(b, other * n), n);
  }
}

/** Solves T X = B in place of B (size x n); T is triangular, `stride` elements from row to row. */
export function solveTriangular(
  t: usize,
  size: usize,
  stride: usize,
  b: usize,
  n: usize,
  lower: bool,
  unit: bool,
): void {
  for (let step: usize = 0; step < size; step++) {
    const i = lower ? step : size - 1 - step;
    const row = at(b, i * n);
    const from: usize = lower ? 0 : i + 1;
    const to = lower ? i : size;
    for (let j = from; j < to; j++) {
      const factor = load<f64>(at(t, i * stride + j));
      if (factor != 0) addScaled(row, at(b, j * n), -factor, n);
    }
    if (unit) continue;
    const pivot = load<f64>(at(t, i * stride + i));
    for (let c: usize = 0; c < n; c++) store<f64>(at(row, c), load<f64>(at(row, c)) / pivot);
  }
}

/**
 * A = L L^T in place (the part above the diagonal is cleared); false when A is not positive
 * definite.
 */
export function cholesky(a: usize, n: usize): bool {
  for (let i: usize = 0; i < n; i++) {
    const row = at(a, i * n);
    for (let j: usize = 0; j < i; j++) {
      const other = at(a, j * n);
      const value = load<f64>(at(row, j)) - dot(row, other, j);
      store<f64>(at(row, j), value / load<f64>(at(other, j)));
    }
    const square = load<f64>(at(row, i)) - dot(row, row, i);
    if (!(square > 0)) return false;
    store<f64>(at(row, i), Math.sqrt(square));
    for (let j = i + 1; j < n; j++) store<f64>(at(row, j), 0);
  }
  return true;
}

/**
 * Applies the reflection I - tau v v^T, v in column k of A below (1, ...), to columns [from, n) of
 * C.
 */
function reflect(
  a: usize,
  columns: usize,
  k: usize,
  rows: usize,
  tau: f64,
  c: usize,
  n: usize,
  from: usize,
  work: usize,
): void {
  const width = n - from;
  memory.copy(work, at(c, k * n + from), width << 3);
  for (let i = k + 1; i < rows; i++) {
    addScaled(work, at(c, i * n + from), load<f64>(at(a, i * columns + k)), width);
  }
  addScaled(at(c, k * n + from), work, -tau, width);
  for (let i = k + 1; i < rows; i++) {
    addScaled(at(c, i * n + from), work, -tau * load<f64>(at(a, i * columns + k)), width);
  }
}

/**
 * A = Q R by Householder reflections: R on and above the diagonal, the reflections below it and in
 * `taus`.
 */
export function qr(a: usize, rows: usize, columns: usize, taus: usize, work: usize): void {
  const steps = min(rows, columns);
  for (let k: usize = 0; k < steps; k++) {
    let scale: f64 = 0;
    for (let i = k + 1; i < rows; i++) {
      scale = Math.max(scale, Math.abs(load<f64>(at(a, i * columns + k))));
    }
    store<f64>(at(taus, k), 0);
    if (scale == 0) continue;
    const alpha = load<f64>(at(a, k * columns + k));
    scale = Math.max(scale, Math.abs(alpha));
    let sum: f64 = 0;
    for (let i = k; i < rows; i++) {
      const x = load<f64>(at(a, i * columns + k)) / scale;
      sum += x * x;
    }
    const norm = scale * Math.sqrt(sum);
    const beta = alpha > 0 || (alpha == 0 && 1 / alpha > 0) ? -norm : norm;
    const tau = (beta - alpha) / beta;
    store<f64>(at(taus, k), tau);
    for (let i = k + 1; i < rows; i++) {
      const slot = at(a, i * columns + k);
      store<f64>(slot, load<f64>(slot) / (alpha - beta));
    }
    if (k + 1 < columns) reflect(a, columns, k, rows, tau, a, columns, k + 1, work);
    store<f64>(at(a, k * columns + k), beta);
  }
}

/** The first n columns of Q (rows x n) from what `qr` left. */
export function formQ(
  a: usize,
  rows: usize,
  columns: usize,
  taus: usize,
  q: usize,
  n: usize,
  work: usize,
): void {
  memory.fill(q, 0, (rows * n) << 3);
  for (let i: usize = 0; i < min(rows, n); i++) store<f64>(at(q, i * n + i), 1);
  for (let k = min(rows, columns); k > 0; ) {
    k--;
    reflect(a, columns, k, rows, load<f64>(at(taus, k)), q, n, 0, work);
  }
}

/** Rotates two rows: x' = c x - s y, y' = s x + c y. */
function rotateRows(x: usize, y: usize, c: f64, s: f64, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const a = load<f64>(at(x, i));
    const b = load<f64>(at(y, i));
    store<f64>(at(x, i), c * a - s * b);
    store<f64>(at(y, i), s * a + c * b);
  }
}

/** Tangent of the angle whose rotation makes the off-diagonal element 0. */
// @ts-ignore: decorator
@inline
function tangent(off: f64, difference: f64): f64 {
  const theta = difference / (2 * off);
  const t = 1 / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  return theta < 0 ? -t : t;
}

const SWEEPS_MAX = 60;

/**
 * Eigenvalues of a symmetric A (left on its diagonal, in no order) and eigenvectors as the rows of
 * V, by cyclic Jacobi rotations. Returns whether it converged.
 */
export function jacobiEigen(a: usize, n: usize, v: usize): bool {
  memory.fill(v, 0, (n * n) << 3);
  for (let i: usize = 0; i < n; i++) store<f64>(at(v, i * n + i), 1);
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let rotated = false;
    for (let p: usize = 0; p + 1 < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = load<f64>(at(a, p * n + q));
        const app = load<f64>(at(a, p * n + p));
        const aqq = load<f64>(at(a, q * n + q));
        const small = f64.EPSILON * 0.5 * Math.sqrt(Math.abs(app * aqq));
        if (Math.abs(off) <= Math.max(small, f64.MIN_NORMAL_VALUE)) continue;
        rotated = true;
        const t = tangent(off, aqq - app);
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        rotateRows(at(a, p * n), at(a, q * n), c, s, n);
        for (let i: usize = 0; i < n; i++) {
          const x = load<f64>(at(a, i * n + p));
          const y = load<f64>(at(a, i * n + q));
          store<f64>(at(a, i * n + p), c * x - s * y);
          store<f64>(at(a, i * n + q), s * x + c * y);
        }
        store<f64>(at(a, p * n + q), 0);
        store<f64>(at(a, q * n + p), 0);
        rotateRows(at(v, p * n), at(v, q * n), c, s, n);
      }
    }
    if (!rotated) return true;
  }
  return false;
}

/**
 * One-sided Jacobi: makes the n rows (of length m) of W orthogonal by rotations, which are applied
 * to the rows of V (n x n) too. Then the norms of W's rows are the singular values. Returns whether
 * it converged.
 */
export function jacobiSvd(w: usize, n: usize, m: usize, v: usize): bool {
  memory.fill(v, 0, (n * n) << 3);
  for (let i: usize = 0; i < n; i++) store<f64>(at(v, i * n + i), 1);
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let rotated = false;
    for (let p: usize = 0; p + 1 < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const x = at(w, p * m);
        const y = at(w, q * m);
        const alpha = dot(x, x, m);
        const beta = dot(y, y, m);
        const gamma = dot(x, y, m);
        if (gamma == 0 || Math.abs(gamma) <= f64.EPSILON * Math.sqrt(alpha * beta)) continue;
        rotated = true;
        const t = tangent(gamma, beta - alpha);
        const c = 1 / Math.sqrt(t * t + 1);
        rotateRows(x, y, c, t * c, m);
        rotateRows(at(v, p * n), at(v, q * n), c, t * c, n);
      }
    }
    if (!rotated) return true;
  }
  return false;
}
