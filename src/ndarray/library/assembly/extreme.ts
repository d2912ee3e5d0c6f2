/**
 * @file Positions of the smallest or largest elements along one axis of `outer` x `length` x
 * `inner` contiguous elements: the first of equal ones, and the first NaN before everything else.
 * Lines are read once, in blocks of which only the extreme is found, in vectors; the block that
 * has the best is then searched for it.
 */
import { BOOL, FLOAT32, FLOAT64, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32 } from "./dtype";

/** Bytes of a line that are looked at before they are searched. */
const BLOCK_BYTES: usize = 8192;

/** Lines side by side that are walked together; `scratch` holds an element for each. */
const TILE: usize = 512;

/**
 * Writes int64 positions along the middle axis. `largest` is 0 or 1; `scratch` is 4 KiB, used when
 * `inner` is not 1.
 */
export function argExtreme(
  dtype: i32,
  largest: bool,
  source: usize,
  outer: usize,
  length: usize,
  inner: usize,
  target: usize,
  scratch: usize,
): void {
  if (dtype == FLOAT64) along<f64>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == FLOAT32) along<f32>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == INT64) along<i64>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == INT32) along<i32>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == UINT32) along<u32>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == INT16) along<i16>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == UINT16) along<u16>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == INT8) along<i8>(largest, source, outer, length, inner, target, scratch);
  else if (dtype == UINT8 || dtype == BOOL) {
    along<u8>(largest, source, outer, length, inner, target, scratch);
  } else along<u64>(largest, source, outer, length, inner, target, scratch);
}

function along<T>(
  largest: bool,
  source: usize,
  outer: usize,
  length: usize,
  inner: usize,
  target: usize,
  scratch: usize,
): void {
  for (let group: usize = 0; group < outer; group++) {
    const from = source + group * length * inner * sizeof<T>();
    const to = target + group * inner * 8;
    if (inner == 1) store<i64>(to, positionIn<T>(largest, from, length));
    else columns<T>(largest, from, length, inner, to, scratch);
  }
}

/** One contiguous line. */
function positionIn<T>(largest: bool, from: usize, length: usize): i64 {
  const block = BLOCK_BYTES / sizeof<T>();
  let best = load<T>(from);
  let winner = from;
  if (best != best) return 0;
  for (let start: usize = 0; start < length; start += block) {
    const count = min<usize>(block, length - start);
    const first = from + start * sizeof<T>();
    const found = largest ? largestOf<T>(first, count) : smallestOf<T>(first, count);
    if (found != found) return <i64>(start + firstNaN<T>(first));
    if (largest ? found > best : found < best) {
      best = found;
      winner = first;
    }
  }
  return <i64>((winner - from) / sizeof<T>() + firstEqual<T>(winner, best));
}

function firstEqual<T>(from: usize, value: T): usize {
  let i: usize = 0;
  while (load<T>(from + i * sizeof<T>()) != value) i++;
  return i;
}

function firstNaN<T>(from: usize): usize {
  let i: usize = 0;
  while (load<T>(from + i * sizeof<T>()) == load<T>(from + i * sizeof<T>())) i++;
  return i;
}

function largestOf<T>(from: usize, count: usize): T {
  return extremeOf<T>(true, from, count);
}

function smallestOf<T>(from: usize, count: usize): T {
  return extremeOf<T>(false, from, count);
}

/** NaN if any is. `largest` is a literal, so that each of the two callers has its own code. */
// @ts-ignore: decorator
@inline
function extremeOf<T>(largest: bool, from: usize, count: usize): T {
  const end = from + count * sizeof<T>();
  let at = from;
  let best = load<T>(from);
  if (isFloat<T>() || sizeof<T>() < 8) {
    if (count * sizeof<T>() >= 64) {
      let a = v128.load(at);
      let b = v128.load(at, 16);
      let c = v128.load(at, 32);
      let d = v128.load(at, 48);
      for (at += 64; at + 64 <= end; at += 64) {
        a = better128<T>(largest, a, v128.load(at));
        b = better128<T>(largest, b, v128.load(at, 16));
        c = better128<T>(largest, c, v128.load(at, 32));
        d = better128<T>(largest, d, v128.load(at, 48));
      }
      best = bestLane<T>(
        largest,
        better128<T>(largest, better128<T>(largest, a, b), better128<T>(largest, c, d)),
      );
    }
  }
  for (; at < end; at += sizeof<T>()) best = better<T>(largest, best, load<T>(at));
  return best;
}

// @ts-ignore: decorator
@inline
function better128<T>(largest: bool, a: v128, b: v128): v128 {
  return largest ? v128.max<T>(a, b) : v128.min<T>(a, b);
}

/** NaN if either is. */
// @ts-ignore: decorator
@inline
function better<T>(largest: bool, a: T, b: T): T {
  if (isFloat<T>()) return largest ? max<T>(a, b) : min<T>(a, b);
  return (largest ? a > b : a < b) ? a : b;
}

/** Halves the vector until one lane is left. */
// @ts-ignore: decorator
@inline
function bestLane<T>(largest: bool, given: v128): T {
  let a = better128<T>(
    largest,
    given,
    v128.shuffle<u8>(given, given, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7),
  );
  if (sizeof<T>() < 8) {
    a = better128<T>(
      largest,
      a,
      v128.shuffle<u8>(a, a, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3),
    );
  }
  if (sizeof<T>() < 4) {
    a = better128<T>(
      largest,
      a,
      v128.shuffle<u8>(a, a, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1),
    );
  }
  if (sizeof<T>() < 2) {
    a = better128<T>(
      largest,
      a,
      v128.shuffle<u8>(a, a, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0),
    );
  }
  return v128.extract_lane<T>(a, 0);
}

/** Lines that lie side by side, row by row in tiles of them. */
function columns<T>(
  largest: bool,
  from: usize,
  length: usize,
  inner: usize,
  target: usize,
  scratch: usize,
): void {
  for (let first: usize = 0; first < inner; first += TILE) {
    const count = min<usize>(TILE, inner - first);
    const to = target + first * 8;
    memory.copy(scratch, from + first * sizeof<T>(), count * sizeof<T>());
    memory.fill(to, 0, count * 8);
    for (let row: usize = 1; row < length; row++) {
      const at = from + (row * inner + first) * sizeof<T>();
      if (largest) improve<T>(true, at, count, row, to, scratch);
      else improve<T>(false, at, count, row, to, scratch);
    }
  }
}

/** Notes where a row of a tile beats what was known. */
// @ts-ignore: decorator
@inline
function improve<T>(
  largest: bool,
  at: usize,
  count: usize,
  row: usize,
  target: usize,
  scratch: usize,
): void {
  for (let i: usize = 0; i < count; i++) {
    const value = load<T>(at + i * sizeof<T>());
    const known = load<T>(scratch + i * sizeof<T>());
    // Also where one of them is NaN; it stays when it was there before.
    if ((largest ? value <= known : value >= known) || known != known) continue;
    store<T>(scratch + i * sizeof<T>(), value);
    store<i64>(target + i * 8, <i64>row);
  }
}
