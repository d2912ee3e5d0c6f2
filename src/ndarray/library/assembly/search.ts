/**
 * @file Finding where values belong: searchsorted, histograms and bincount. Histogram bins follow
 * the edges exactly as NumPy's do (each bin closed on the left, the last closed on both sides);
 * uniform bins guess the bin by arithmetic and correct the guess against the edges, which gives the
 * same bins as searching.
 */
import { equalKey, kindOf, sizeOf } from "./dtype";

/**
 * Writes (int64) where each of `count` values would be inserted into `n` sorted ones; both of one
 * dtype.
 */
export function searchsorted(
  dtype: i32,
  sorted: usize,
  n: usize,
  values: usize,
  count: usize,
  right: bool,
  out: usize,
): void {
  const kind = kindOf(dtype);
  const size = sizeOf(dtype);
  if (size == 8) searchRun<u64>(kind, sorted, n, values, count, right, out);
  else if (size == 4) searchRun<u32>(kind, sorted, n, values, count, right, out);
  else if (size == 2) searchRun<u16>(kind, sorted, n, values, count, right, out);
  else searchRun<u8>(kind, sorted, n, values, count, right, out);
}

function searchRun<T>(
  kind: i32,
  sorted: usize,
  n: usize,
  values: usize,
  count: usize,
  right: bool,
  out: usize,
): void {
  for (let i: usize = 0; i < count; i++) {
    const key = equalKey<T>(load<T>(values + i * sizeof<T>()), kind);
    let low: usize = 0;
    let span = n;
    while (span > 0) {
      const half = span >> 1;
      const probe = equalKey<T>(load<T>(sorted + (low + half) * sizeof<T>()), kind);
      if (probe < key || (right && probe == key)) {
        low += half + 1;
        span -= half + 1;
      } else {
        span = half;
      }
    }
    store<i64>(out + (i << 3), <i64>low);
  }
}

// @ts-ignore: decorator
@inline
function edge(edges: usize, i: usize): f64 {
  return load<f64>(edges + (i << 3));
}

/**
 * The bin of a value, or -1 outside; `scale` is bins per unit for uniform bins, 0 for any others.
 */
// @ts-ignore: decorator
@inline
function binOf(value: f64, edges: usize, bins: usize, scale: f64): isize {
  const first = edge(edges, 0);
  if (!(value >= first && value <= edge(edges, bins))) return -1;
  let bin: usize = 0;
  if (scale > 0) {
    bin = min(<usize><i32>((value - first) * scale), bins - 1);
    while (bin > 0 && value < edge(edges, bin)) bin--;
    while (bin < bins - 1 && value >= edge(edges, bin + 1)) bin++;
    return <isize>bin;
  }
  let span = bins;
  while (span > 1) {
    const half = span >> 1;
    if (value >= edge(edges, bin + half)) {
      bin += half;
      span -= half;
    } else {
      span = half;
    }
  }
  return <isize>bin;
}

/** Adds to `counts` (int64) how many of `n` float64 values fall into each bin. */
export function histogram(
  data: usize,
  n: usize,
  edges: usize,
  bins: usize,
  scale: f64,
  counts: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const bin = binOf(load<f64>(data + (i << 3)), edges, bins, scale);
    if (bin < 0) continue;
    const slot = counts + (<usize>bin << 3);
    store<i64>(slot, load<i64>(slot) + 1);
  }
}

/** Adds to `sums` (float64) the weights of the values that fall into each bin. */
export function histogramWeighted(
  data: usize,
  weights: usize,
  n: usize,
  edges: usize,
  bins: usize,
  scale: f64,
  sums: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const bin = binOf(load<f64>(data + (i << 3)), edges, bins, scale);
    if (bin < 0) continue;
    const slot = sums + (<usize>bin << 3);
    store<f64>(slot, load<f64>(slot) + load<f64>(weights + (i << 3)));
  }
}

/**
 * Adds to `sums` (float64, xBins x yBins) 1 or the weight (when `weights` is not 0) of each point.
 */
export function histogram2d(
  x: usize,
  y: usize,
  weights: usize,
  n: usize,
  xEdges: usize,
  xBins: usize,
  xScale: f64,
  yEdges: usize,
  yBins: usize,
  yScale: f64,
  sums: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const column = binOf(load<f64>(x + (i << 3)), xEdges, xBins, xScale);
    if (column < 0) continue;
    const row = binOf(load<f64>(y + (i << 3)), yEdges, yBins, yScale);
    if (row < 0) continue;
    const slot = sums + ((<usize>column * yBins + <usize>row) << 3);
    store<f64>(slot, load<f64>(slot) + (weights != 0 ? load<f64>(weights + (i << 3)) : 1));
  }
}

/** Least and greatest of `n` int64 values, written to `out`; nothing is written when n is 0. */
export function rangeOf(data: usize, n: usize, out: usize): void {
  if (n == 0) return;
  let low = load<i64>(data);
  let high = low;
  for (let i: usize = 1; i < n; i++) {
    const value = load<i64>(data + (i << 3));
    if (value < low) low = value;
    if (value > high) high = value;
  }
  store<i64>(out, low);
  store<i64>(out + 8, high);
}

/**
 * Adds to `counts` (int64) how often each of the non-negative int64 values occurs; all must be in
 * range.
 */
export function bincount(data: usize, n: usize, counts: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const slot = counts + (<usize>load<i64>(data + (i << 3)) << 3);
    store<i64>(slot, load<i64>(slot) + 1);
  }
}

/**
 * Adds to `sums` (float64) the weights of each of the non-negative int64 values; all must be in
 * range.
 */
export function bincountWeighted(data: usize, weights: usize, n: usize, sums: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const slot = sums + (<usize>load<i64>(data + (i << 3)) << 3);
    store<f64>(slot, load<f64>(slot) + load<f64>(weights + (i << 3)));
  }
}

/**
 * Start (int64) of each run of equal values among `n` sorted ones; returns how many runs there are.
 * NaNs are equal to one another, -0 to +0.
 */
export function uniqueStarts(dtype: i32, sorted: usize, n: usize, out: usize): usize {
  const kind = kindOf(dtype);
  const size = sizeOf(dtype);
  if (size == 8) return uniqueRun<u64>(kind, sorted, n, out);
  if (size == 4) return uniqueRun<u32>(kind, sorted, n, out);
  if (size == 2) return uniqueRun<u16>(kind, sorted, n, out);
  return uniqueRun<u8>(kind, sorted, n, out);
}

function uniqueRun<T>(kind: i32, sorted: usize, n: usize, out: usize): usize {
  let runs: usize = 0;
  let previous: T = 0;
  for (let i: usize = 0; i < n; i++) {
    const key = equalKey<T>(load<T>(sorted + i * sizeof<T>()), kind);
    if (i == 0 || key != previous) store<i64>(out + (runs++ << 3), <i64>i);
    previous = key;
  }
  return runs;
}
