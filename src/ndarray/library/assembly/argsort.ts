/**
 * @file Stable argsort: the radix passes of `sort.ts` over (key, index) pairs held as two arrays.
 * -0 and +0 are equal, NaNs are equal and last, so ties keep their order as in NumPy's stable sort.
 */
import { equalKey, kindOf, sizeOf } from "./dtype";
import { countsToAddresses } from "./sort";

const RADIX: usize = 256;

/**
 * Writes to `out` (int64) the order that sorts each of `rows` consecutive runs of `n` elements.
 * `scratch` is room for 256 counts (uint32) per byte of an element, and for `n` keys and indices twice.
 */
export function argsort(
  dtype: i32,
  data: usize,
  rows: usize,
  n: usize,
  out: usize,
  scratch: usize,
): void {
  const size = <usize>sizeOf(dtype);
  for (let row: usize = 0; row < rows; row++) {
    const target = out + ((row * n) << 3);
    for (let i: usize = 0; i < n; i++) store<i64>(target + (i << 3), <i64>i);
    argsortBy(dtype, data + row * n * size, size, n, target, scratch);
  }
}

/**
 * Sorts the order already in `order` (int64) stably by the keys at `data`, `stride` bytes apart:
 * called from the least to the most significant key it sorts by several (complex numbers, lexsort).
 */
export function argsortBy(
  dtype: i32,
  data: usize,
  stride: usize,
  n: usize,
  order: usize,
  scratch: usize,
): void {
  const kind = kindOf(dtype);
  const size = sizeOf(dtype);
  if (size == 8) radixArgsort<u64>(data, stride, n, kind, order, scratch);
  else if (size == 4) radixArgsort<u32>(data, stride, n, kind, order, scratch);
  else if (size == 2) radixArgsort<u16>(data, stride, n, kind, order, scratch);
  else radixArgsort<u8>(data, stride, n, kind, order, scratch);
}

function radixArgsort<T>(
  data: usize,
  stride: usize,
  n: usize,
  kind: i32,
  order: usize,
  scratch: usize,
): void {
  const counts = scratch;
  memory.fill(counts, 0, sizeof<T>() * RADIX * 4);
  let keys = (scratch + sizeof<T>() * RADIX * 4 + 15) & ~15;
  let otherKeys = keys + ((n * sizeof<T>() + 15) & ~15);
  let indices = otherKeys + ((n * sizeof<T>() + 15) & ~15);
  let otherIndices = indices + (n << 2);
  for (let i: usize = 0; i < n; i++) {
    const index = <u32>load<i64>(order + (i << 3));
    const key = equalKey<T>(load<T>(data + <usize>index * stride), kind);
    store<T>(keys + i * sizeof<T>(), key);
    store<u32>(indices + (i << 2), index);
    for (let digit: usize = 0; digit < sizeof<T>(); digit++) {
      const slot = counts + ((digit * RADIX + <usize>((key >> <T>(digit * 8)) & 0xff)) << 2);
      store<u32>(slot, load<u32>(slot) + 1);
    }
  }
  for (let digit: usize = 0; digit < sizeof<T>(); digit++) {
    const slots = counts + digit * RADIX * 4;
    // Addresses with element size 1 are plain positions: the two arrays have different element
    // sizes.
    if (!countsToAddresses(slots, 0, n, 1)) continue;
    const shift = <T>(digit * 8);
    for (let i: usize = 0; i < n; i++) {
      const key = load<T>(keys + i * sizeof<T>());
      const slot = slots + (<usize>((key >> shift) & 0xff) << 2);
      const place = <usize>load<u32>(slot);
      store<u32>(slot, <u32>(place + 1));
      store<T>(otherKeys + place * sizeof<T>(), key);
      store<u32>(otherIndices + (place << 2), load<u32>(indices + (i << 2)));
    }
    let swap = keys;
    keys = otherKeys;
    otherKeys = swap;
    swap = indices;
    indices = otherIndices;
    otherIndices = swap;
  }
  for (let i: usize = 0; i < n; i++) {
    store<i64>(order + (i << 3), <i64>load<u32>(indices + (i << 2)));
  }
}
