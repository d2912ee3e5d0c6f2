/**
 * @file Standard exponential and normal variates by the ziggurat method, in NumPy's order of draws,
 * for float64 and float32 (after numpy/random/src/distributions/distributions.c, BSD-3-Clause).
 */
import { next32, next64, nextDouble, nextFloat } from "./pcg64";
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

export function standardExponential(): f64 {
  while (true) {
    const bits = next64() >> 3;
    const layer = <usize>(bits & 0xff);
    const mantissa = bits >> 8;
    const x = <f64>mantissa * load<f64>(EXPONENTIAL_W + (layer << 3));
    if (mantissa < load<u64>(EXPONENTIAL_K + (layer << 3))) return x;
    // 1 - U instead of U keeps log(0) away.
    if (layer == 0) return EXPONENTIAL_R - Math.log1p(-nextDouble());
    const below = load<f64>(EXPONENTIAL_F + ((layer - 1) << 3));
    const edge = load<f64>(EXPONENTIAL_F + (layer << 3));
    if ((below - edge) * nextDouble() + edge < Math.exp(-x)) return x;
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
  while (true) {
    const bits = next64();
    const layer = <usize>(bits & 0xff);
    const mantissa = (bits >> 9) & 0x000fffffffffffff;
    const magnitude = <f64>mantissa * load<f64>(NORMAL_W + (layer << 3));
    const x = bits & 0x100 ? -magnitude : magnitude;
    if (mantissa < load<u64>(NORMAL_K + (layer << 3))) return x;
    if (layer == 0) {
      while (true) {
        const tail = -NORMAL_INVERSE_R * Math.log1p(-nextDouble());
        const height = -Math.log1p(-nextDouble());
        if (height + height > tail * tail) {
          return (mantissa >> 8) & 1 ? -(NORMAL_R + tail) : NORMAL_R + tail;
        }
      }
    }
    const below = load<f64>(NORMAL_F + ((layer - 1) << 3));
    const edge = load<f64>(NORMAL_F + (layer << 3));
    if ((below - edge) * nextDouble() + edge < Math.exp(-0.5 * x * x)) return x;
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
