/**
 * @file Sort by least-significant-digit radix: values become unsigned keys in place, each pass
 * moves them between the array and a second buffer by one byte of the key, and the last pass turns
 * keys back. Bytes that are equal in all keys cost nothing. Short runs are sorted by insertion. No
 * allocation: the caller hands over `scratch`.
 */
import { fromKey, kindOf, sizeOf, toKey } from "./dtype";

const RADIX: usize = 256;
const INSERTION_MAX: usize = 48;

/**
 * Sorts each of `rows` consecutive runs of `n` elements, in place. `scratch` is room for 256 counts
 * (uint32) per byte of an element, and for `n` elements.
 */
export function sort(dtype: i32, data: usize, rows: usize, n: usize, scratch: usize): void {
  const kind = kindOf(dtype);
  const size = <usize>sizeOf(dtype);
  for (let row: usize = 0; row < rows; row++) {
    const at = data + row * n * size;
    if (size == 8) sortRun<u64>(at, n, kind, scratch);
    else if (size == 4) sortRun<u32>(at, n, kind, scratch);
    else if (size == 2) sortRun<u16>(at, n, kind, scratch);
    else countingSort(at, n, kind, scratch);
  }
}

function sortRun<T>(data: usize, n: usize, kind: i32, scratch: usize): void {
  if (n <= INSERTION_MAX) insertionSort<T>(data, n, kind);
  else radixSort<T>(data, n, kind, scratch);
}

function insertionSort<T>(data: usize, n: usize, kind: i32): void {
  for (let i: usize = 1; i < n; i++) {
    const bits = load<T>(data + i * sizeof<T>());
    const key = toKey<T>(bits, kind);
    let at = data + i * sizeof<T>();
    while (at > data && toKey<T>(load<T>(at - sizeof<T>()), kind) > key) {
      store<T>(at, load<T>(at - sizeof<T>()));
      at -= sizeof<T>();
    }
    store<T>(at, bits);
  }
}

/** Turns values to keys in place and counts every byte of them in one reading. */
function keysAndCounts<T>(data: usize, n: usize, kind: i32, counts: usize): void {
  memory.fill(counts, 0, sizeof<T>() * RADIX * 4);
  const end = data + n * sizeof<T>();
  for (let at = data; at < end; at += sizeof<T>()) {
    const key = toKey<T>(load<T>(at), kind);
    store<T>(at, key);
    for (let digit: usize = 0; digit < sizeof<T>(); digit++) {
      const slot = counts + ((digit * RADIX + <usize>((key >> <T>(digit * 8)) & 0xff)) << 2);
      store<u32>(slot, load<u32>(slot) + 1);
    }
  }
}

/** Makes the counts of one byte into addresses under `target`; false when all keys agree in it. */
export function countsToAddresses(counts: usize, target: usize, n: usize, size: usize): bool {
  for (let i: usize = 0; i < RADIX; i++) {
    const count = <usize>load<u32>(counts + (i << 2));
    if (count == n) return false;
    if (count != 0) break;
  }
  let next = target;
  for (let i: usize = 0; i < RADIX; i++) {
    const slot = counts + (i << 2);
    const count = <usize>load<u32>(slot);
    store<u32>(slot, <u32>next);
    next += count * size;
  }
  return true;
}

function radixSort<T>(data: usize, n: usize, kind: i32, scratch: usize): void {
  const counts = scratch;
  let from = data;
  let to = (scratch + sizeof<T>() * RADIX * 4 + 15) & ~15;
  keysAndCounts<T>(data, n, kind, counts);
  for (let digit: usize = 0; digit < sizeof<T>(); digit++) {
    const slots = counts + digit * RADIX * 4;
    if (!countsToAddresses(slots, to, n, sizeof<T>())) continue;
    const shift = <T>(digit * 8);
    const end = from + n * sizeof<T>();
    for (let at = from; at < end; at += sizeof<T>()) {
      const key = load<T>(at);
      const slot = slots + (<usize>((key >> shift) & 0xff) << 2);
      const place = <usize>load<u32>(slot);
      store<T>(place, key);
      store<u32>(slot, <u32>(place + sizeof<T>()));
    }
    const swap = from;
    from = to;
    to = swap;
  }
  for (let i: usize = 0; i < n * sizeof<T>(); i += sizeof<T>()) {
    store<T>(data + i, fromKey<T>(load<T>(from + i), kind));
  }
}

function countingSort(data: usize, n: usize, kind: i32, counts: usize): void {
  memory.fill(counts, 0, RADIX * 4);
  for (let i: usize = 0; i < n; i++) {
    const slot = counts + (<usize>toKey<u8>(load<u8>(data + i), kind) << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  let at = data;
  for (let key: usize = 0; key < RADIX; key++) {
    const count = <usize>load<u32>(counts + (key << 2));
    if (count == 0) continue;
    memory.fill(at, fromKey<u8>(<u8>key, kind), count);
    at += count;
  }
}
