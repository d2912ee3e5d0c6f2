/**
 * @file Exponential functions in float64: exp, exp2, expm1 and the hyperbolic functions made of
 * them. exp and expm1 follow FreeBSD's msun (coefficients and error bounds below 1 ulp are theirs),
 * tanh Moshier's Cephes.
 */
import type { Floats } from "./floats.ts";

/** Adding this to |x| < 2^51 leaves the integer nearest to x in the low bits. */
export const ROUNDER: number = 1.5 * 2 ** 52;

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;

/** Of r (exp(r) + 1) / (exp(r) - 1), in r². */
export const EXP: readonly number[] = [
  0.16666666666666602, -0.0027777777777015593, 6.613756321437934e-5, -1.6533902205465252e-6,
  4.1381367970572385e-8,
];

/** Beyond this exp is near the ends of the range of float64, or NaN: left to the host. */
const QUICK_EXP_LIMIT = 708;

/** `y` times 2 to the power of `n`, which is whole, by adding to the exponent's bits. */
export function timesPowerOfTwo(f: Floats, y: number, n: number): number {
  const { m } = f;
  const exponent = m.shl(m.bits(f.add(n, f.c(ROUNDER)), "i64"), 52);
  return m.bits(m.same("add", m.bits(y, "i64"), exponent), "f64");
}

/** exp(high - low) for a difference of at most half of ln 2. */
function expOfRest(f: Floats, high: number, low: number): number {
  const r = f.sub(high, low);
  const t = f.mul(r, r);
  const c = f.sub(r, f.mul(t, f.poly(t, EXP)));
  const quotient = f.div(f.mul(r, c), f.sub(f.c(2), c));
  return f.sub(f.c(1), f.sub(f.sub(low, quotient), high));
}

/** exp for sizes up to `QUICK_EXP_LIMIT`. */
export function quickExp(f: Floats, x: number): number {
  const n = f.m.same("nearest", f.mul(x, f.c(Math.LOG2E)));
  const high = f.sub(x, f.mul(n, f.c(LN2_HI)));
  return timesPowerOfTwo(f, expOfRest(f, high, f.mul(n, f.c(LN2_LO))), n);
}

export function exp(f: Floats, x: number): number {
  return f.unless(f.within(x, QUICK_EXP_LIMIT), quickExp(f, x), "exp", x);
}

export function exp2(f: Floats, x: number): number {
  const n = f.m.same("nearest", x);
  // x - n is exact; ln 2 in two parts, of which the first has few bits, keeps the product exact
  // enough.
  const rest = f.sub(x, n);
  const top = f.high(rest);
  const high = f.mul(top, f.c(LN2_HI));
  const low = f.add(f.mul(f.sub(rest, top), f.c(Math.LN2)), f.mul(top, f.c(LN2_LO)));
  const quick = timesPowerOfTwo(f, expOfRest(f, high, f.neg(low)), n);
  return f.unless(f.within(x, 1020), quick, "exp2", x);
}

const EXPM1 = [
  1, -0.03333333333333313, 0.0015873015872548146, -7.93650757867488e-5, 4.008217827329362e-6,
  -2.0109921818362437e-7,
];

/** Below this expm1 is -1. */
const EXPM1_FLOOR = -50;

function quickExpm1(f: Floats, given: number): number {
  const { m } = f;
  const x = m.same("pmax", given, f.c(EXPM1_FLOOR));
  const k = m.same("nearest", f.mul(x, f.c(Math.LOG2E)));
  const high = f.sub(x, f.mul(k, f.c(LN2_HI)));
  const low = f.mul(k, f.c(LN2_LO));
  const r = f.sub(high, low);
  const c = f.sub(f.sub(high, r), low);
  const half = f.mul(f.c(0.5), r);
  const hxs = f.mul(r, half);
  const r1 = f.poly(hxs, EXPM1);
  const t = f.sub(f.c(3), f.mul(r1, half));
  const ratio = f.mul(hxs, f.div(f.sub(r1, t), f.sub(f.c(6), f.mul(r, t))));
  // exp(r) - 1 = r - e; then 2^k (exp(r) - 1) + 2^k - 1.
  const e = f.sub(f.sub(f.mul(r, f.sub(ratio, c)), c), hxs);
  const shift = f.sub(f.c(1), timesPowerOfTwo(f, f.c(1), f.neg(k)));
  const result = timesPowerOfTwo(f, f.sub(shift, f.sub(e, r)), k);
  // Where nothing is left to scale, and -0.
  const unscaled = f.sub(r, e);
  const nothing = m.compare("eq", k, f.c(0));
  return m.select(m.compare("eq", given, f.c(0)), given, m.select(nothing, unscaled, result));
}

export function expm1(f: Floats, x: number): number {
  const usual = f.m.compare("le", x, f.c(QUICK_EXP_LIMIT));
  return f.unless(usual, quickExpm1(f, x), "expm1", x);
}

export function sinh(f: Floats, x: number): number {
  const t = quickExpm1(f, f.abs(x));
  const size = f.mul(f.c(0.5), f.add(t, f.div(t, f.add(t, f.c(1)))));
  return f.unless(f.within(x, QUICK_EXP_LIMIT), f.signed(size, x), "sinh", x);
}

export function cosh(f: Floats, x: number): number {
  const e = quickExp(f, f.abs(x));
  const quick = f.mul(f.c(0.5), f.add(e, f.div(f.c(1), e)));
  return f.unless(f.within(x, QUICK_EXP_LIMIT), quick, "cosh", x);
}

export function tanh(f: Floats, x: number): number {
  const { m } = f;
  const size = f.abs(x);
  const z = f.mul(x, x);
  const top = f.poly(z, [-1614.6876844170845, -99.28772310019185, -0.9643991794250523]);
  const bottom = f.poly(z, [4844.063053251255, 2235.4883906010045, 112.81167849163293, 1]);
  const near = f.add(x, f.mul(f.mul(x, z), f.div(top, bottom)));
  // Above 22 the result is 1.
  const power = quickExp(f, m.same("pmin", f.mul(f.c(2), size), f.c(44)));
  const far = f.sub(f.c(1), f.div(f.c(2), f.add(power, f.c(1))));
  // Also -0, and numbers whose cubes are 0, keep their sign.
  const found = f.signed(m.select(m.compare("lt", size, f.c(0.625)), near, far), x);
  // Scaling may have made a number of NaN.
  return m.select(m.compare("eq", x, x), found, x);
}
