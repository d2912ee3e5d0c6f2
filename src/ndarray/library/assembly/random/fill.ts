/**
 * @file Fills memory with variates: one parameter set for all elements, or one per element through
 * strided reads.
 */
import { drawContinuous, standardGamma } from "./continuous";
import { drawDiscrete } from "./discrete";
import { drawDoubles, drawMany, nextDouble, nextFloat } from "./pcg64";
import { fillStandardExponential, standardExponential32, standardNormal32 } from "./ziggurat";

export { fillNormal } from "./ziggurat";

/** `n` raw 64-bit draws. */
export function fillRaw(out: usize, n: usize): void {
  drawMany(out, n);
}

/** 0 to n - 1 as int64. */
export function fillRange(out: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) store<i64>(out + (i << 3), <i64>i);
}

/** `n` uniform float64 in [0, 1). */
export function fillUniform(out: usize, n: usize): void {
  drawDoubles(out, n);
}

/** `n` uniform float32 in [0, 1). */
export function fillUniform32(out: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) store<f32>(out + (i << 2), nextFloat());
}

/** `n` standard normal float32. */
export function fillNormal32(out: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) store<f32>(out + (i << 2), standardNormal32());
}

/** `n` standard exponential float64, by ziggurat or (`inverse`) by inversion. */
export function fillExponential(out: usize, n: usize, inverse: bool): void {
  if (!inverse) {
    fillStandardExponential(out, n);
    return;
  }
  for (let i: usize = 0; i < n; i++) {
    store<f64>(out + (i << 3), -Math.log1p(-nextDouble()));
  }
}

/** `n` standard exponential float32. */
export function fillExponential32(out: usize, n: usize, inverse: bool): void {
  for (let i: usize = 0; i < n; i++) {
    store<f32>(out + (i << 2), inverse ? -Mathf.log1p(-nextFloat()) : standardExponential32());
  }
}

/** `n` float64 of the continuous distribution `which`. */
export function fillContinuous(out: usize, n: usize, which: i32, a: f64, b: f64, c: f64): void {
  for (let i: usize = 0; i < n; i++) store<f64>(out + (i << 3), drawContinuous(which, a, b, c));
}

/** The same with a parameter set per element: three arrays of `n` float64 (or of zeros). */
export function fillContinuousEach(
  out: usize,
  n: usize,
  which: i32,
  a: usize,
  b: usize,
  c: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const at = i << 3;
    const value = drawContinuous(which, load<f64>(a + at), load<f64>(b + at), load<f64>(c + at));
    store<f64>(out + at, value);
  }
}

/** `n` int64 of the discrete distribution `which`. */
export function fillDiscrete(out: usize, n: usize, which: i32, a: f64, b: f64, c: f64): void {
  for (let i: usize = 0; i < n; i++) store<i64>(out + (i << 3), drawDiscrete(which, a, b, c));
}

/** The same with a parameter set per element: three arrays of `n` float64 (or of zeros). */
export function fillDiscreteEach(
  out: usize,
  n: usize,
  which: i32,
  a: usize,
  b: usize,
  c: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const at = i << 3;
    const value = drawDiscrete(which, load<f64>(a + at), load<f64>(b + at), load<f64>(c + at));
    store<i64>(out + at, value);
  }
}

/**
 * `rows` multinomial vectors (int64, `d` categories) of `count` trials with probabilities at
 * `pvals`.
 */
export function fillMultinomial(out: usize, rows: usize, count: i64, pvals: usize, d: usize): void {
  memory.fill(out, 0, (rows * d) << 3);
  for (let row: usize = 0; row < rows; row++) {
    const at = out + ((row * d) << 3);
    let left = count;
    let remaining: f64 = 1;
    for (let j: usize = 0; j + 1 < d; j++) {
      const p = load<f64>(pvals + (j << 3));
      const drawn = drawDiscrete(1, <f64>left, p / remaining, 0);
      store<i64>(at + (j << 3), drawn);
      left -= drawn;
      if (left <= 0) break;
      remaining -= p;
    }
    if (left > 0) store<i64>(at + ((d - 1) << 3), left);
  }
}

/**
 * `rows` Dirichlet vectors over `d` categories by gamma variates: NumPy's way unless all alphas are
 * below 0.1.
 */
export function fillDirichlet(out: usize, rows: usize, alpha: usize, d: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    const at = out + ((row * d) << 3);
    let sum: f64 = 0;
    for (let j: usize = 0; j < d; j++) {
      const value = standardGamma(load<f64>(alpha + (j << 3)));
      store<f64>(at + (j << 3), value);
      sum += value;
    }
    const inverse = 1 / sum;
    for (let j: usize = 0; j < d; j++) {
      store<f64>(at + (j << 3), load<f64>(at + (j << 3)) * inverse);
    }
  }
}
