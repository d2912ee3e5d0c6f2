/**
 * @file Standard exponential and normal variates by the ziggurat method, in NumPy's order of draws,
 * for float64 and float32 (after numpy/random/src/distributions/distributions.c, BSD-3-Clause).
 */
import { drawMany, next32, next64, nextFloat, toDouble } from "./pcg64";
import {
  EXPONENTIAL_F,
  EXPONENTIAL_F32,
  EXPONENTIAL_K,
  EXPONENTIAL_K32,
  EXPONENTIAL_W,
  EXPONENTIAL_W32,
  NORMAL_F,
  NORMAL_F32,
  NORMAL_K,
  NORMAL_K32,
  NORMAL_W,
  NORMAL_W32,
} from "./ziggurat-tables";

const EXPONENTIAL_R: f64 = 7.6971174701310497140446280481;
const NORMAL_R: f64 = 3.6541528853610087963519472518;
const NORMAL_INVERSE_R: f64 = 0.27366123732975827203338247596;

/** Draws that are made at a time: they stay in the first cache until they are used. */
const TILE: usize = 1024;
/** The sign of a float64. */
const SIGN_SHIFT: u64 = 55;

/** Where the next draw lies that was made ahead, and how many there are. */
let ahead: usize = 0;
let aheadCount: usize = 0;

/** The next 64 bits: made ahead, or new. */
function nextBits(): u64 {
  if (aheadCount == 0) return next64();
  const bits = load<u64>(ahead);
  ahead += 8;
  aheadCount--;
  return bits;
}

function nextUniform(): f64 {
  return toDouble(nextBits());
}

/**
 * `n` standard normal float64. Draws are made where the values will stand: a value takes at least
 * one, so values never overtake the draws that are still to be used, and all of them are used.
 */
export function fillNormal(out: usize, n: usize): void {
  let done: usize = 0;
  while (done < n) {
    const count = min(n - done, TILE);
    const first = out + (done << 3);
    drawMany(first, count);
    for (let read: usize = 0; read < count; done++) {
      const bits = load<u64>(first + (read++ << 3));
      const layer = <usize>(bits & 0xff) << 3;
      const mantissa = (bits >> 9) & 0x000fffffffffffff;
      if (mantissa < load<u64>(NORMAL_K + layer)) {
        store<f64>(out + (done << 3), normalIn(bits, layer, mantissa));
        continue;
      }
      ahead = first + (read << 3);
      aheadCount = count - read;
      store<f64>(out + (done << 3), normalFrom(bits));
      read = count - aheadCount;
    }
    aheadCount = 0;
  }
}

/** `n` standard exponential float64; draws are made as for `fillNormal`. */
export function fillStandardExponential(out: usize, n: usize): void {
  let done: usize = 0;
  while (done < n) {
    const count = min(n - done, TILE);
    const first = out + (done << 3);
    drawMany(first, count);
    for (let read: usize = 0; read < count; done++) {
      const bits = load<u64>(first + (read++ << 3));
      const layer = <usize>((bits >> 3) & 0xff) << 3;
      const mantissa = bits >> 11;
      if (mantissa < load<u64>(EXPONENTIAL_K + layer)) {
        store<f64>(out + (done << 3), <f64>(<i64>mantissa) * load<f64>(EXPONENTIAL_W + layer));
        continue;
      }
      ahead = first + (read << 3);
      aheadCount = count - read;
      store<f64>(out + (done << 3), exponentialFrom(bits));
      read = count - aheadCount;
    }
    aheadCount = 0;
  }
}

export function standardExponential(): f64 {
  return exponentialFrom(next64());
}

/** A value made of `draw`, and of more draws when it is rejected. */
function exponentialFrom(draw: u64): f64 {
  while (true) {
    const bits = draw >> 3;
    const layer = <usize>(bits & 0xff);
    const mantissa = bits >> 8;
    const x = <f64>(<i64>mantissa) * load<f64>(EXPONENTIAL_W + (layer << 3));
    if (mantissa < load<u64>(EXPONENTIAL_K + (layer << 3))) return x;
    // 1 - U instead of U keeps log(0) away.
    if (layer == 0) return EXPONENTIAL_R - Math.log1p(-nextUniform());
    const below = load<f64>(EXPONENTIAL_F + ((layer - 1) << 3));
    const edge = load<f64>(EXPONENTIAL_F + (layer << 3));
    if ((below - edge) * nextUniform() + edge < Math.exp(-x)) return x;
    draw = nextBits();
  }
}

export function standardExponential32(): f32 {
  while (true) {
    const bits = next32() >> 1;
    const layer = <usize>(bits & 0xff);
    const mantissa = bits >> 8;
    const x = <f32>mantissa * load<f32>(EXPONENTIAL_W32 + (layer << 2));
    if (mantissa < load<u32>(EXPONENTIAL_K32 + (layer << 2))) return x;
    if (layer == 0) return <f32>EXPONENTIAL_R - Mathf.log1p(-nextFloat());
    const below = load<f32>(EXPONENTIAL_F32 + ((layer - 1) << 2));
    const edge = load<f32>(EXPONENTIAL_F32 + (layer << 2));
    if ((below - edge) * nextFloat() + edge < Mathf.exp(-x)) return x;
  }
}

export function standardNormal(): f64 {
  return normalFrom(next64());
}

/** The value at `mantissa` in a layer (its offset in a table), with the sign that is bit 8. */
// @ts-ignore: decorator
@inline
function normalIn(bits: u64, layer: usize, mantissa: u64): f64 {
  // No branch: signs are as likely as not.
  const magnitude = reinterpret<u64>(<f64>(<i64>mantissa) * load<f64>(NORMAL_W + layer));
  return reinterpret<f64>(magnitude ^ ((bits & 0x100) << SIGN_SHIFT));
}

/** A value made of `bits`, and of more draws when it is rejected. */
function normalFrom(bits: u64): f64 {
  while (true) {
    const layer = <usize>(bits & 0xff) << 3;
    const mantissa = (bits >> 9) & 0x000fffffffffffff;
    const x = normalIn(bits, layer, mantissa);
    if (mantissa < load<u64>(NORMAL_K + layer)) return x;
    if (layer == 0) {
      while (true) {
        const tail = -NORMAL_INVERSE_R * Math.log1p(-nextUniform());
        const height = -Math.log1p(-nextUniform());
        if (height + height > tail * tail) {
          return (mantissa >> 8) & 1 ? -(NORMAL_R + tail) : NORMAL_R + tail;
        }
      }
    }
    const below = load<f64>(NORMAL_F + layer - 8);
    const edge = load<f64>(NORMAL_F + layer);
    if ((below - edge) * nextUniform() + edge < Math.exp(-0.5 * x * x)) return x;
    bits = nextBits();
  }
}

export function standardNormal32(): f32 {
  while (true) {
    const bits = next32();
    const layer = <usize>(bits & 0xff);
    const mantissa = (bits >> 9) & 0x0007fffff;
    const magnitude = <f32>mantissa * load<f32>(NORMAL_W32 + (layer << 2));
    const x = bits & 0x100 ? -magnitude : magnitude;
    if (mantissa < load<u32>(NORMAL_K32 + (layer << 2))) return x;
    if (layer == 0) {
      while (true) {
        const tail = -(<f32>NORMAL_INVERSE_R) * Mathf.log1p(-nextFloat());
        const height = -Mathf.log1p(-nextFloat());
        if (height + height > tail * tail) {
          const far = <f32>NORMAL_R + tail;
          return (mantissa >> 8) & 1 ? -far : far;
        }
      }
    }
    const below = load<f32>(NORMAL_F32 + ((layer - 1) << 2));
    const edge = load<f32>(NORMAL_F32 + (layer << 2));
    if (<f64>((below - edge) * nextFloat() + edge) < Math.exp(-0.5 * <f64>x * <f64>x)) return x;
  }
}
