/**
 * @file Partition: the element at each wanted position is the one a full sort would put there,
 * smaller ones before it and greater ones behind it. Quickselect with median of three over order
 * keys; after many poor pivots the remaining run is handed to the radix sort, so the worst case
 * stays linear.
 */
import { fromKey, kindOf, sizeOf, toKey } from "./dtype";
import { sort } from "./sort";

/**
 * Puts the elements of positions `kth` (ascending, int32, `count` of them) in place in each row.
 */
export function partition(
  dtype: i32,
  data: usize,
  rows: usize,
  n: usize,
  kth: usize,
  count: usize,
  scratch: usize,
): void {
  const kind = kindOf(dtype);
  const size = <usize>sizeOf(dtype);
  for (let row: usize = 0; row < rows; row++) {
    const at = data + row * n * size;
    if (size == 8) partitionRow<u64>(dtype, at, n, kind, kth, count, scratch);
    else if (size == 4) partitionRow<u32>(dtype, at, n, kind, kth, count, scratch);
    else sort(dtype, at, 1, n, scratch);
  }
}

function partitionRow<T>(
  dtype: i32,
  data: usize,
  n: usize,
  kind: i32,
  kth: usize,
  count: usize,
  scratch: usize,
): void {
  const end = n * sizeof<T>();
  for (let i: usize = 0; i < end; i += sizeof<T>()) {
    store<T>(data + i, toKey<T>(load<T>(data + i), kind));
  }
  let low: isize = 0;
  for (let i: usize = 0; i < count; i++) {
    const k = <isize>load<i32>(kth + (i << 2));
    selectKey<T>(data, low, <isize>n - 1, k, scratch);
    low = k + 1;
  }
  for (let i: usize = 0; i < end; i += sizeof<T>()) {
    store<T>(data + i, fromKey<T>(load<T>(data + i), kind));
  }
}

// @ts-ignore: decorator
@inline
function keyAt<T>(data: usize, i: isize): T {
  return load<T>(data + <usize>i * sizeof<T>());
}

// @ts-ignore: decorator
@inline
function swapKeys<T>(data: usize, i: isize, j: isize): void {
  const a = keyAt<T>(data, i);
  store<T>(data + <usize>i * sizeof<T>(), keyAt<T>(data, j));
  store<T>(data + <usize>j * sizeof<T>(), a);
}

function selectKey<T>(data: usize, first: isize, last: isize, k: isize, scratch: usize): void {
  let low = first;
  let high = last;
  let budget = 2 * (64 - <i32>clz<u64>(<u64>(high - low + 1)));
  while (low < high) {
    if (budget-- == 0) {
      // Keys are unsigned integers now, so they sort under the unsigned dtype of their size.
      const unsigned: i32 = sizeof<T>() == 8 ? 8 : 6;
      sort(unsigned, data + <usize>low * sizeof<T>(), 1, <usize>(high - low + 1), scratch);
      return;
    }
    const middle = low + ((high - low) >> 1);
    if (keyAt<T>(data, middle) < keyAt<T>(data, low)) swapKeys<T>(data, middle, low);
    if (keyAt<T>(data, high) < keyAt<T>(data, low)) swapKeys<T>(data, high, low);
    if (keyAt<T>(data, high) < keyAt<T>(data, middle)) swapKeys<T>(data, high, middle);
    const pivot = keyAt<T>(data, middle);
    let i = low;
    let j = high;
    while (i <= j) {
      while (keyAt<T>(data, i) < pivot) i++;
      while (keyAt<T>(data, j) > pivot) j--;
      if (i > j) break;
      swapKeys<T>(data, i, j);
      i++;
      j--;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else return;
  }
}
