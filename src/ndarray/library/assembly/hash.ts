/**
 * @file Hashes that route rows to destinations (version 1). Equal values hash alike in every width:
 * integers and booleans as int64, floats as float64 with one zero and one NaN. Mixing is
 * MurmurHash3's 64-bit finaliser; byte strings use MurmurHash64A. The result is part of the
 * exchange protocol: changing it needs a new version.
 */
import {
  BOOL,
  FLOAT32,
  FLOAT64,
  INT16,
  INT32,
  INT8,
  sizeOf,
  UINT16,
  UINT32,
  UINT8,
} from "./dtype";

// @ts-ignore: decorator
@inline
function mix(value: u64): u64 {
  let h = value;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

function canonical(dtype: i32, at: usize): u64 {
  if (dtype == FLOAT64 || dtype == FLOAT32) {
    const value = dtype == FLOAT64 ? load<f64>(at) : <f64>load<f32>(at);
    if (value != value) return 0x7ff8000000000000;
    return value == 0 ? 0 : reinterpret<u64>(value);
  }
  if (dtype == INT32) return <u64>(<i64>load<i32>(at));
  if (dtype == UINT32) return <u64>load<u32>(at);
  if (dtype == INT16) return <u64>(<i64>load<i16>(at));
  if (dtype == UINT16) return <u64>load<u16>(at);
  if (dtype == INT8) return <u64>(<i64>load<i8>(at));
  if (dtype == UINT8 || dtype == BOOL) return <u64>load<u8>(at);
  return load<u64>(at);
}

/** Mixes one more key column of `n` elements into `hashes` (uint64; start with zeros). */
export function hashValues(dtype: i32, data: usize, n: usize, hashes: usize): void {
  const size = <usize>sizeOf(dtype);
  for (let i: usize = 0; i < n; i++) {
    const slot = hashes + (i << 3);
    const h = load<u64>(slot) * 31 + 0x9e3779b97f4a7c15;
    store<u64>(slot, mix(h ^ mix(canonical(dtype, data + i * size))));
  }
}

/** Mixes one more key column of byte strings (int32 offsets, n + 1 of them) into `hashes`. */
export function hashStrings(offsets: usize, bytes: usize, n: usize, hashes: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const start = <usize>load<u32>(offsets + (i << 2));
    const end = <usize>load<u32>(offsets + (i << 2) + 4);
    const slot = hashes + (i << 3);
    const h = load<u64>(slot) * 31 + 0x9e3779b97f4a7c15;
    store<u64>(slot, mix(h ^ murmur(bytes + start, end - start)));
  }
}

function murmur(data: usize, bytes: usize): u64 {
  const m: u64 = 0xc6a4a7935bd1e995;
  let h: u64 = <u64>bytes * m;
  let at = data;
  const end = data + (bytes & ~7);
  for (; at < end; at += 8) {
    let k = load<u64>(at) * m;
    k ^= k >> 47;
    h = (h ^ (k * m)) * m;
  }
  const rest = bytes & 7;
  if (rest != 0) {
    let tail: u64 = 0;
    for (let i: usize = 0; i < rest; i++) tail |= <u64>load<u8>(at + i) << (i << 3);
    h = (h ^ tail) * m;
  }
  h ^= h >> 47;
  h *= m;
  return h ^ (h >> 47);
}

/**
 * Destination (uint32) of each hash among `parts`, and the rows in a stable order grouped by
 * destination: `counts` (uint32) per destination, `order` (uint32) the row numbers.
 */
export function groupByHash(
  hashes: usize,
  n: usize,
  parts: u32,
  destinations: usize,
  counts: usize,
  order: usize,
): void {
  memory.fill(counts, 0, <usize>parts << 2);
  for (let i: usize = 0; i < n; i++) {
    const part = <u32>(((load<u64>(hashes + (i << 3)) >> 32) * <u64>parts) >> 32);
    store<u32>(destinations + (i << 2), part);
    const slot = counts + (<usize>part << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  let next: u32 = 0;
  for (let part: usize = 0; part < <usize>parts; part++) {
    const slot = counts + (part << 2);
    const count = load<u32>(slot);
    store<u32>(slot, next);
    next += count;
  }
  for (let i: usize = 0; i < n; i++) {
    const slot = counts + (<usize>load<u32>(destinations + (i << 2)) << 2);
    const place = load<u32>(slot);
    store<u32>(slot, place + 1);
    store<u32>(order + (<usize>place << 2), <u32>i);
  }
  // Each slot now holds its group's end; the difference to the one before is the count again.
  for (let part = <usize>parts; part > 1; part--) {
    const slot = counts + ((part - 1) << 2);
    store<u32>(slot, load<u32>(slot) - load<u32>(slot - 4));
  }
}
