/**
 * @file Moving elements without looking at them: blocked transpose, take and put by index, compress
 * by mask, nonzero. Elements are 1, 2, 4, 8 or 16 bytes; take and put move blocks of any size (the
 * axes behind the indexed one).
 */

/**
 * Tile edge of the transpose: 16 rows of 16 elements stay within the first-level cache for every
 * element size.
 */
const TILE: usize = 16;

/**
 * Writes the transpose of `rows` x `columns` elements; rows lie `sourceStride` and `targetStride`
 * bytes apart.
 */
export function transpose(
  source: usize,
  sourceStride: usize,
  target: usize,
  targetStride: usize,
  rows: usize,
  columns: usize,
  size: i32,
): void {
  if (size == 8) tiles<u64>(source, sourceStride, target, targetStride, rows, columns);
  else if (size == 4) tiles<u32>(source, sourceStride, target, targetStride, rows, columns);
  else if (size == 16) wideTiles(source, sourceStride, target, targetStride, rows, columns);
  else if (size == 2) tiles<u16>(source, sourceStride, target, targetStride, rows, columns);
  else tiles<u8>(source, sourceStride, target, targetStride, rows, columns);
}

function tiles<T>(
  source: usize,
  sourceStride: usize,
  target: usize,
  targetStride: usize,
  rows: usize,
  columns: usize,
): void {
  for (let row: usize = 0; row < rows; row += TILE) {
    const rowEnd = min(row + TILE, rows);
    for (let column: usize = 0; column < columns; column += TILE) {
      const columnEnd = min(column + TILE, columns);
      for (let j = column; j < columnEnd; j++) {
        let from = source + row * sourceStride + j * sizeof<T>();
        let to = target + j * targetStride + row * sizeof<T>();
        for (let i = row; i < rowEnd; i++) {
          store<T>(to, load<T>(from));
          from += sourceStride;
          to += sizeof<T>();
        }
      }
    }
  }
}

function wideTiles(
  source: usize,
  sourceStride: usize,
  target: usize,
  targetStride: usize,
  rows: usize,
  columns: usize,
): void {
  for (let row: usize = 0; row < rows; row += TILE) {
    const rowEnd = min(row + TILE, rows);
    for (let column: usize = 0; column < columns; column += TILE) {
      const columnEnd = min(column + TILE, columns);
      for (let j = column; j < columnEnd; j++) {
        for (let i = row; i < rowEnd; i++) {
          const element = v128.load(source + i * sourceStride + (j << 4));
          v128.store(target + j * targetStride + (i << 4), element);
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function moveBlock(to: usize, from: usize, bytes: usize): void {
  if (bytes == 8) store<u64>(to, load<u64>(from));
  else if (bytes == 4) store<u32>(to, load<u32>(from));
  else if (bytes == 1) store<u8>(to, load<u8>(from));
  else if (bytes == 2) store<u16>(to, load<u16>(from));
  else if (bytes == 16) v128.store(to, v128.load(from));
  else memory.copy(to, from, bytes);
}

// @ts-ignore: decorator
@inline
function indexAt(indices: usize, wide: bool, i: usize): i64 {
  return wide ? load<i64>(indices + (i << 3)) : <i64>load<i32>(indices + (i << 2));
}

/** Position of the first index outside -length..length-1, or -1 when all are inside. */
export function firstOutside(indices: usize, wide: bool, count: usize, length: i64): i32 {
  for (let i: usize = 0; i < count; i++) {
    const index = indexAt(indices, wide, i);
    if (index < -length || index >= length) return <i32>i;
  }
  return -1;
}

/**
 * Gathers: for each of `outer` groups of `length` blocks, the blocks named by `count` indices
 * (int64 when `wide`, else int32; negative ones count from the end). Indices must have passed
 * `firstOutside`.
 */
export function take(
  source: usize,
  outer: usize,
  length: usize,
  blockBytes: usize,
  indices: usize,
  wide: bool,
  count: usize,
  target: usize,
): void {
  const groupBytes = length * blockBytes;
  let to = target;
  for (let group: usize = 0; group < outer; group++) {
    const base = source + group * groupBytes;
    const behind = base + groupBytes;
    for (let i: usize = 0; i < count; i++) {
      const index = indexAt(indices, wide, i);
      moveBlock(to, (index < 0 ? behind : base) + <usize>index * blockBytes, blockBytes);
      to += blockBytes;
    }
  }
}

/** Scatters: the inverse of `take`; of several blocks for one index the last stays. */
export function put(
  target: usize,
  outer: usize,
  length: usize,
  blockBytes: usize,
  indices: usize,
  wide: bool,
  count: usize,
  source: usize,
): void {
  const groupBytes = length * blockBytes;
  let from = source;
  for (let group: usize = 0; group < outer; group++) {
    const base = target + group * groupBytes;
    const behind = base + groupBytes;
    for (let i: usize = 0; i < count; i++) {
      const index = indexAt(indices, wide, i);
      moveBlock((index < 0 ? behind : base) + <usize>index * blockBytes, from, blockBytes);
      from += blockBytes;
    }
  }
}

/** Number of bytes of a boolean array (0 or 1 each) that are 1. */
export function countTrue(mask: usize, n: usize): usize {
  let total: usize = 0;
  let i: usize = 0;
  while (i + 16 <= n) {
    // Lanes of a byte sum overflow after 255 additions, so they are folded into the total before
    // that.
    let lanes = i8x16.splat(0);
    const stop = min(i + 16 * 255, n & ~15);
    for (; i < stop; i += 16) lanes = i8x16.add(lanes, v128.load(mask + i));
    const pairs = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(lanes));
    total += <usize>(
      i32x4.extract_lane(pairs, 0) +
      i32x4.extract_lane(pairs, 1) +
      i32x4.extract_lane(pairs, 2) +
      i32x4.extract_lane(pairs, 3)
    );
  }
  for (; i < n; i++) total += <usize>load<u8>(mask + i);
  return total;
}

/** Copies the elements whose mask byte is 1; `count` is how many there are (see `countTrue`). */
export function compress(
  mask: usize,
  source: usize,
  size: usize,
  target: usize,
  count: usize,
): void {
  const end = target + count * size;
  if (size == 8) compressRun<u64>(mask, source, target, end);
  else if (size == 4) compressRun<u32>(mask, source, target, end);
  else if (size == 2) compressRun<u16>(mask, source, target, end);
  else if (size == 1) compressRun<u8>(mask, source, target, end);
  else compressBlocks(mask, source, size, target, end);
}

function compressRun<T>(mask: usize, source: usize, target: usize, end: usize): void {
  // Without branches: each element is written, and the place moves on only behind a kept one.
  let at = target;
  for (let i: usize = 0; at < end; i++) {
    store<T>(at, load<T>(source + i * sizeof<T>()));
    at += <usize>load<u8>(mask + i) * sizeof<T>();
  }
}

function compressBlocks(mask: usize, source: usize, size: usize, target: usize, end: usize): void {
  let at = target;
  for (let i: usize = 0; at < end; i++) {
    if (load<u8>(mask + i) == 0) continue;
    moveBlock(at, source + i * size, size);
    at += size;
  }
}

/** Writes the positions (int64) of the `count` mask bytes that are 1. */
export function nonzero(mask: usize, target: usize, count: usize): void {
  const end = target + (count << 3);
  let at = target;
  for (let i: usize = 0; at < end; i++) {
    store<i64>(at, <i64>i);
    at += <usize>load<u8>(mask + i) << 3;
  }
}

/** Coordinate on one axis of each flat position: (position / divisor) % length, all int64. */
export function unravel(flat: usize, n: usize, divisor: i64, length: i64, target: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const position = load<u64>(flat + (i << 3));
    store<u64>(target + (i << 3), (position / <u64>divisor) % <u64>length);
  }
}
