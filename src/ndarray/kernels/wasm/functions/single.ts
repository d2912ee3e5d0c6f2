/**
 * @file exp, log, sin, cos and tanh in float32, four to a vector: Moshier's Cephes polynomials and
 * FreeBSD's logf. Angles are reduced in float64, because float32 has too few bits for it.
 */
import { Floats } from "./floats.ts";
import { logEnds } from "./logarithm.ts";
import { QUICK_SINE_LIMIT } from "./trigonometric.ts";

/** Adding this to |x| < 2^22 leaves the integer nearest to x in the low bits. */
const ROUNDER = 1.5 * 2 ** 23;
const ROUNDER_BITS = 0x4b400000;

/** A whole number as i32. */
function wholeBits(f: Floats, n: number): number {
  const { m } = f;
  return m.same("sub", m.bits(f.add(n, f.c(ROUNDER)), "i32"), m.const("i32", ROUNDER_BITS));
}

const EXP = [
  0.50000001201, 0.16666665459, 0.041665795894, 0.0083334519073, 0.0013981999507, 0.000198756915,
];

/** exp of what may be any number; beyond the limits float32 has only 0 and infinity. */
export function singleExp(f: Floats, given: number): number {
  const { m } = f;
  const x = m.same("pmax", m.same("pmin", given, f.c(90)), f.c(-106));
  const n = m.same("nearest", f.mul(x, f.c(Math.LOG2E)));
  const high = f.sub(x, f.mul(n, f.c(0.693359375)));
  const r = f.add(high, f.mul(n, f.c(2.1219444e-4)));
  const y = f.add(f.c(1), f.add(r, f.mul(f.mul(r, r), f.poly(r, EXP))));
  // Times 2^n in two steps, of which neither leaves the range of normal numbers.
  const whole = wholeBits(f, n);
  const half = m.shr(whole, 1);
  const power = (k: number): number =>
    m.bits(m.shl(m.same("add", k, m.const("i32", 127)), 23), "f32");
  return f.mul(f.mul(y, power(half)), power(m.same("sub", whole, half)));
}

const LOG_ODD = [0.66666662693, 0.28498786688];
const LOG_EVEN = [0.40000972152, 0.24279078841];

export function singleLog(f: Floats, given: number): number {
  const { m } = f;
  const small = m.compare("lt", given, f.c(1.1754943508222875e-38));
  const x = m.select(small, f.mul(given, f.c(2 ** 25)), given);
  const offset = m.const("i32", 0x3f800000 - 0x3f3504f3);
  const bits = m.same("add", m.bits(x, "i32"), offset);
  const exponent = m.convert(m.same("sub", m.shr(bits, 23), m.const("i32", 127)), "f32");
  const k = f.sub(exponent, m.select(small, f.c(25), f.c(0)));
  const mantissa = m.same("and", bits, m.const("i32", 0x7fffff));
  const reduced = m.bits(m.same("add", mantissa, m.const("i32", 0x3f3504f3)), "f32");
  const fraction = f.sub(reduced, f.c(1));
  const s = f.div(fraction, f.add(f.c(2), fraction));
  const z = f.mul(s, s);
  const w = f.mul(z, z);
  const series = f.add(f.mul(z, f.poly(w, LOG_ODD)), f.mul(w, f.poly(w, LOG_EVEN)));
  const half = f.mul(f.c(0.5), f.mul(fraction, fraction));
  const inner = f.add(f.mul(s, f.add(half, series)), f.mul(k, f.c(9.0580006145e-6)));
  const result = f.sub(f.mul(k, f.c(0.69313812256)), f.sub(f.sub(half, inner), fraction));
  return logEnds(f, given, result);
}

/** x - n pi/2 in float32, and the bits of n. */
function reduceAngle(f: Floats, x: number): { rest: number; quadrant: number } {
  const { m } = f;
  const wide = new Floats(m, "f64");
  const x64 = m.convert(x, "f64");
  const n = m.same("nearest", wide.mul(x64, wide.c(0.6366197723675814)));
  const first = wide.sub(x64, wide.mul(n, wide.c(1.5707963267341256)));
  const rest = wide.sub(first, wide.mul(n, wide.c(6.077100506506192e-11)));
  return { rest: m.convert(rest, "f32"), quadrant: wholeBits(f, m.convert(n, "f32")) };
}

const SINE = [-0.16666654611, 0.0083321608736, -0.00019515295891];
const COSINE = [0.041666645683, -0.0013887316255, 0.000024433157118];

export function singleSine(f: Floats, x: number, name: "sin" | "cos"): number {
  const { m } = f;
  const { rest: r, quadrant } = reduceAngle(f, x);
  const z = f.mul(r, r);
  const sin = f.add(r, f.mul(r, f.mul(z, f.poly(z, SINE))));
  const half = f.sub(f.c(1), f.mul(f.c(0.5), z));
  const cos = f.add(half, f.mul(f.mul(z, z), f.poly(z, COSINE)));
  const one = m.const("i32", 1);
  const turned = name === "cos" ? m.same("add", quadrant, one) : quadrant;
  const odd = m.compare("ne", m.same("and", turned, one), m.const("i32", 0));
  const sign = m.shl(m.same("and", turned, m.const("i32", 2)), 30);
  const value = m.bits(m.select(odd, cos, sin), "i32");
  const quick = m.bits(m.same("xor", value, sign), "f32");
  const result = name === "sin" ? m.select(m.compare("eq", x, f.c(0)), x, quick) : quick;
  return f.unless(f.within(x, QUICK_SINE_LIMIT), result, name, x);
}

const TANH = [
  -0.333332819422, 0.133314422036, -0.0537397155531, 0.0206390887954, -0.00570498872745,
];

export function singleTanh(f: Floats, x: number): number {
  const { m } = f;
  const size = f.abs(x);
  const z = f.mul(x, x);
  const near = f.add(x, f.mul(x, f.mul(z, f.poly(z, TANH))));
  // Above 10 the result is 1.
  const power = singleExp(f, m.same("pmin", f.add(size, size), f.c(20)));
  const far = f.sub(f.c(1), f.div(f.c(2), f.add(power, f.c(1))));
  // Also -0, and numbers whose cubes are 0, keep their sign.
  return f.signed(m.select(m.compare("lt", size, f.c(0.625)), near, far), x);
}
