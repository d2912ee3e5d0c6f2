/**
 * @file PCG64 (XSL-RR 128/64 by M. O'Neill) exactly as NumPy's default bit generator: 128-bit state
 * in two globals, 32-bit draws hand out the low half of a 64-bit draw first and keep the high half.
 * The state is loaded before a call and read back after it by `src/ndarray/random/pcg64.ts`.
 */

const MULTIPLIER_HIGH: u64 = 0x2360ed051fc65da4;
const MULTIPLIER_LOW: u64 = 0x4385df649fccf645;
const LIMB: u64 = 0xffffffff;

let high: u64 = 0;
let low: u64 = 0;
let incrementHigh: u64 = 0;
let incrementLow: u64 = 1;
let hasHalf: bool = false;
let half: u32 = 0;

/**
 * Loads the state of a generator: 128-bit state and increment, and the kept half of the last 32-bit
 * draw.
 */
export function setState(
  stateHigh: u64,
  stateLow: u64,
  incHigh: u64,
  incLow: u64,
  halfKept: bool,
  halfValue: u32,
): void {
  high = stateHigh;
  low = stateLow;
  incrementHigh = incHigh;
  incrementLow = incLow;
  hasHalf = halfKept;
  half = halfValue;
}

/** High 64 bits of the state. */
export function stateHigh(): u64 {
  return high;
}

/** Low 64 bits of the state. */
export function stateLow(): u64 {
  return low;
}

/** Whether a half of a 64-bit draw is kept for the next 32-bit draw. */
export function halfKept(): bool {
  return hasHalf;
}

/** The kept half. */
export function halfValue(): u32 {
  return half;
}

/** High 64 bits of the 128-bit product. */
// @ts-ignore: decorator
@inline
export function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & LIMB;
  const aHigh = a >> 32;
  const bLow = b & LIMB;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const other = aLow * bHigh + (middle & LIMB);
  return aHigh * bHigh + (middle >> 32) + (other >> 32);
}

/** The next 64 random bits. */
// @ts-ignore: decorator
@inline
export function next64(): u64 {
  const productLow = low * MULTIPLIER_LOW;
  const productHigh =
    multiplyHigh(low, MULTIPLIER_LOW) + low * MULTIPLIER_HIGH + high * MULTIPLIER_LOW;
  const sum = productLow + incrementLow;
  const top = productHigh + incrementHigh + <u64>(sum < productLow);
  low = sum;
  high = top;
  return rotr<u64>(top ^ sum, top >> 58);
}

/** The next `n` draws of 64 bits, as a loop that keeps the state in registers. */
export function drawMany(out: usize, n: usize): void {
  const stepHigh = incrementHigh;
  const stepLow = incrementLow;
  let top = high;
  let bottom = low;
  for (let i: usize = 0; i < n; i++) {
    const productLow = bottom * MULTIPLIER_LOW;
    const carried = multiplyHigh(bottom, MULTIPLIER_LOW) + bottom * MULTIPLIER_HIGH + stepHigh;
    bottom = productLow + stepLow;
    top = top * MULTIPLIER_LOW + (carried + <u64>(bottom < productLow));
    store<u64>(out + (i << 3), rotr<u64>(top ^ bottom, top >> 58));
  }
  high = top;
  low = bottom;
}

/** The next `n` uniform numbers in [0, 1) with 53 bits, in the same way. */
export function drawDoubles(out: usize, n: usize): void {
  const stepHigh = incrementHigh;
  const stepLow = incrementLow;
  let top = high;
  let bottom = low;
  for (let i: usize = 0; i < n; i++) {
    const productLow = bottom * MULTIPLIER_LOW;
    const carried = multiplyHigh(bottom, MULTIPLIER_LOW) + bottom * MULTIPLIER_HIGH + stepHigh;
    bottom = productLow + stepLow;
    top = top * MULTIPLIER_LOW + (carried + <u64>(bottom < productLow));
    store<f64>(out + (i << 3), toDouble(rotr<u64>(top ^ bottom, top >> 58)));
  }
  high = top;
  low = bottom;
}

/** The next 32 random bits. */
// @ts-ignore: decorator
@inline
export function next32(): u32 {
  if (hasHalf) {
    hasHalf = false;
    return half;
  }
  const bits = next64();
  hasHalf = true;
  half = <u32>(bits >> 32);
  return <u32>bits;
}

/** 64 random bits as a uniform number in [0, 1) with 53 bits. */
// @ts-ignore: decorator
@inline
export function toDouble(bits: u64): f64 {
  // Signed numbers are converted by one instruction.
  return <f64>(<i64>(bits >> 11)) * (1.0 / 9007199254740992.0);
}

/** Uniform in [0, 1) with 53 bits. */
// @ts-ignore: decorator
@inline
export function nextDouble(): f64 {
  return toDouble(next64());
}

/** Uniform in [0, 1) with 24 bits. */
// @ts-ignore: decorator
@inline
export function nextFloat(): f32 {
  return <f32>(next32() >> 8) * <f32>(1.0 / 16777216.0);
}
