/**
 * @file Cumulative sum and product over one axis of `outer` x `length` x `inner` contiguous
 * elements, in the order and precision of NumPy's accumulate (one running value per line, float32
 * stays float32, integers wrap).
 */
import { FLOAT32, FLOAT64 } from "./dtype";

/**
 * Running sums; dtype int64 (uint64 is the same), float32 or float64. `source` and `target` may be
 * the same.
 */
export function cumsum(
  dtype: i32,
  source: usize,
  target: usize,
  outer: usize,
  length: usize,
  inner: usize,
): void {
  if (dtype == FLOAT64) sums<f64>(source, target, outer, length, inner);
  else if (dtype == FLOAT32) sums<f32>(source, target, outer, length, inner);
  else sums<i64>(source, target, outer, length, inner);
}

/** Running products; dtype int64 (uint64 is the same), float32 or float64. */
export function cumprod(
  dtype: i32,
  source: usize,
  target: usize,
  outer: usize,
  length: usize,
  inner: usize,
): void {
  if (dtype == FLOAT64) products<f64>(source, target, outer, length, inner);
  else if (dtype == FLOAT32) products<f32>(source, target, outer, length, inner);
  else products<i64>(source, target, outer, length, inner);
}

function sums<T>(source: usize, target: usize, outer: usize, length: usize, inner: usize): void {
  const row = inner * sizeof<T>();
  let from = source;
  let to = target;
  for (let group: usize = 0; group < outer && length > 0; group++) {
    memory.copy(to, from, row);
    if (inner == 1) {
      let total = load<T>(from);
      for (let i: usize = 1; i < length; i++) {
        total = <T>(total + load<T>(from + i * sizeof<T>()));
        store<T>(to + i * sizeof<T>(), total);
      }
    } else {
      for (let at = row; at < length * row; at += sizeof<T>()) {
        store<T>(to + at, <T>(load<T>(to + at - row) + load<T>(from + at)));
      }
    }
    from += length * row;
    to += length * row;
  }
}

function products<T>(
  source: usize,
  target: usize,
  outer: usize,
  length: usize,
  inner: usize,
): void {
  const row = inner * sizeof<T>();
  let from = source;
  let to = target;
  for (let group: usize = 0; group < outer && length > 0; group++) {
    memory.copy(to, from, row);
    for (let at = row; at < length * row; at += sizeof<T>()) {
      store<T>(to + at, <T>(load<T>(to + at - row) * load<T>(from + at)));
    }
    from += length * row;
    to += length * row;
  }
}
