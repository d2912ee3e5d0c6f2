/**
 * @file Integers within bounds: Lemire's multiplication method with rejection, buffered draws for 8
 * and 16 bits, and the masked rejection of `shuffle`, all in NumPy's order of draws.
 */
import { multiplyHigh, next32, next64 } from "./pcg64";

/** Uniform in [0, range] (range inclusive, unsigned 64 bits). */
export function bounded64(range: u64): u64 {
  if (range == 0) return 0;
  if (range == u64.MAX_VALUE) return next64();
  if (range < 0xffffffff) return <u64>lemire32(<u32>range);
  if (range == 0xffffffff) return <u64>next32();
  const exclusive = range + 1;
  let draw = next64();
  let leftover = draw * exclusive;
  if (leftover < exclusive) {
    const threshold = (u64.MAX_VALUE - range) % exclusive;
    while (leftover < threshold) {
      draw = next64();
      leftover = draw * exclusive;
    }
  }
  return multiplyHigh(draw, exclusive);
}

// @ts-ignore: decorator
@inline
function lemire32(range: u32): u32 {
  const exclusive = range + 1;
  let product = <u64>next32() * <u64>exclusive;
  if (<u32>product < exclusive) {
    const threshold = (u32.MAX_VALUE - range) % exclusive;
    while (<u32>product < threshold) product = <u64>next32() * <u64>exclusive;
  }
  return <u32>(product >> 32);
}

let buffer: u32 = 0;
let buffered: i32 = 0;

/** The next `bits` (8 or 16) of a buffered 32-bit draw. */
// @ts-ignore: decorator
@inline
function nextPart(bits: u32): u32 {
  if (buffered == 0) {
    buffer = next32();
    buffered = bits == 8 ? 3 : 1;
  } else {
    buffer >>= bits;
    buffered -= 1;
  }
  return buffer & ((1 << bits) - 1);
}

/** Uniform in [0, range] from parts of `bits` bits. */
// @ts-ignore: decorator
@inline
function lemirePart(range: u32, bits: u32): u32 {
  const mask: u32 = (1 << bits) - 1;
  if (range == 0) return 0;
  if (range == mask) return nextPart(bits);
  const exclusive = range + 1;
  let product = nextPart(bits) * exclusive;
  if ((product & mask) < exclusive) {
    const threshold = (mask - range) % exclusive;
    while ((product & mask) < threshold) product = nextPart(bits) * exclusive;
  }
  return product >> bits;
}

/** Forgets buffered parts: every fill begins with an empty buffer. */
export function clearBuffer(): void {
  buffer = 0;
  buffered = 0;
}

/** Draws one integer of `size` bytes in [offset, offset + range], wrapping. */
// @ts-ignore: decorator
@inline
function draw(size: i32, offset: u64, range: u64): u64 {
  if (size == 8) return offset + bounded64(range);
  if (size == 4) {
    const narrow = <u32>range;
    if (narrow == 0) return offset;
    return offset + <u64>(narrow == u32.MAX_VALUE ? next32() : lemire32(narrow));
  }
  return offset + <u64>lemirePart(<u32>range, size == 2 ? 16 : 8);
}

// @ts-ignore: decorator
@inline
function put(out: usize, i: usize, size: i32, value: u64): void {
  if (size == 8) store<u64>(out + (i << 3), value);
  else if (size == 4) store<u32>(out + (i << 2), <u32>value);
  else if (size == 2) store<u16>(out + (i << 1), <u16>value);
  else store<u8>(out + i, <u8>value);
}

/** Fills `n` integers of `size` bytes with values in [offset, offset + range]. */
export function fillIntegers(out: usize, n: usize, size: i32, offset: u64, range: u64): void {
  clearBuffer();
  if (size == 8) {
    for (let i: usize = 0; i < n; i++) store<u64>(out + (i << 3), offset + bounded64(range));
    return;
  }
  for (let i: usize = 0; i < n; i++) put(out, i, size, draw(size, offset, range));
}

/** The same with bounds per element: `offsets` and `ranges` are uint64, `n` of each. */
export function fillIntegersEach(
  out: usize,
  n: usize,
  size: i32,
  offsets: usize,
  ranges: usize,
): void {
  clearBuffer();
  for (let i: usize = 0; i < n; i++) {
    put(out, i, size, draw(size, load<u64>(offsets + (i << 3)), load<u64>(ranges + (i << 3))));
  }
}

/** Fills `n` booleans: bits of 32-bit draws, or only `offset` when the range is 0. */
export function fillBooleans(out: usize, n: usize, offset: u32, range: u32): void {
  let bits: u32 = 0;
  let left = 0;
  for (let i: usize = 0; i < n; i++) {
    if (range == 0) {
      store<u8>(out + i, <u8>offset);
      continue;
    }
    if (left == 0) {
      bits = next32();
      left = 31;
    } else {
      bits >>= 1;
      left -= 1;
    }
    store<u8>(out + i, <u8>(bits & 1));
  }
}

/** Uniform in [0, max] by rejection under the smallest bit mask. */
export function interval(max: u64): u64 {
  if (max == 0) return 0;
  const mask = u64.MAX_VALUE >> clz<u64>(max);
  if (max <= 0xffffffff) {
    let value = <u64>next32() & mask;
    while (value > max) value = <u64>next32() & mask;
    return value;
  }
  let value = next64() & mask;
  while (value > max) value = next64() & mask;
  return value;
}

/** Shuffles `n` blocks of `bytes` bytes in place; `spare` is room for one block. */
export function shuffle(data: usize, n: usize, bytes: usize, spare: usize): void {
  for (let i = n; i > 1; ) {
    i--;
    const j = <usize>interval(<u64>i);
    const a = data + i * bytes;
    const b = data + j * bytes;
    if (bytes == 8) {
      const kept = load<u64>(b);
      store<u64>(b, load<u64>(a));
      store<u64>(a, kept);
    } else if (bytes == 4) {
      const kept = load<u32>(b);
      store<u32>(b, load<u32>(a));
      store<u32>(a, kept);
    } else {
      memory.copy(spare, b, bytes);
      memory.copy(b, a, bytes);
      memory.copy(a, spare, bytes);
    }
  }
}

/** Lemire shuffle of int64 positions from the end down to `first`, as `choice` uses it. */
export function shuffleIndices(data: usize, n: usize, first: usize): void {
  for (let i = n; i > first; ) {
    i--;
    const j = <usize>bounded64(<u64>i);
    const kept = load<i64>(data + (j << 3));
    store<i64>(data + (j << 3), load<i64>(data + (i << 3)));
    store<i64>(data + (i << 3), kept);
  }
}

/**
 * Floyd's sample of `count` distinct numbers below `population` into `out` (int64). `table` holds
 * `mask + 1` uint64 slots, all ones to begin with.
 */
export function sampleDistinct(
  out: usize,
  count: i64,
  population: i64,
  table: usize,
  mask: u64,
): void {
  let at = out;
  for (let j = population - count; j < population; j++) {
    const value = bounded64(<u64>j);
    let slot = value & mask;
    let seen = load<u64>(table + (<usize>slot << 3));
    while (seen != u64.MAX_VALUE && seen != value) {
      slot = (slot + 1) & mask;
      seen = load<u64>(table + (<usize>slot << 3));
    }
    let chosen = value;
    if (seen != u64.MAX_VALUE) {
      chosen = <u64>j;
      slot = chosen & mask;
      while (load<u64>(table + (<usize>slot << 3)) != u64.MAX_VALUE) slot = (slot + 1) & mask;
    }
    store<u64>(table + (<usize>slot << 3), chosen);
    store<u64>(at, chosen);
    at += 8;
  }
}
