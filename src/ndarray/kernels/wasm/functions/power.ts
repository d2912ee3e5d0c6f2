/**
 * @file Powers and roots in float64. The power is FreeBSD's msun (below 0.7 ulp by its authors):
 * log2 of the base in about 70 bits, times the exponent, back by exp; for float32 the plain
 * product of exponent and float64 logarithm is exact enough.
 */
import { EXP, quickExp, timesPowerOfTwo } from "./exponential.ts";
import type { Floats } from "./floats.ts";
import { log } from "./logarithm.ts";

const SMALLEST_NORMAL = 2.2250738585072014e-308;
const LARGEST = Number.MAX_VALUE;

/** A normal number's exponent as a float64, and its mantissa from 1 to 2. */
function splitExponent(f: Floats, x: number): { exponent: number; mantissa: number } {
  const { m } = f;
  const bits = m.bits(x, "u64");
  const raised = m.same("or", m.shr(bits, 52), m.const("u64", 0x4330000000000000n));
  const fraction = m.same("and", bits, m.const("u64", 0xfffffffffffffn));
  const one = m.const("u64", 0x3ffn << 52n);
  return {
    exponent: f.sub(m.bits(raised, "f64"), f.c(2 ** 52 + 1023)),
    mantissa: m.bits(m.same("or", fraction, one), "f64"),
  };
}

const LOG2 = [
  0.5999999999999946, 0.4285714285785502, 0.33333332981837743, 0.272728123808534,
  0.23066074577556175, 0.20697501780033842,
];
/** 2 / (3 ln 2), whole and in two parts. */
const SCALE = 0.9617966939259756;
const SCALE_HIGH = 0.9617967009544373;
const SCALE_LOW = -7.028461650952758e-9;
/** log2 of 1.5 in two parts. */
const MIDDLE_HIGH = 0.5849624872207642;
const MIDDLE_LOW = 1.350039202129749e-8;

/** log2 of a positive normal number as a sum of two, the first with 32 low bits zero. */
function log2Pair(f: Floats, x: number): { high: number; low: number } {
  const { m } = f;
  const { exponent, mantissa } = splitExponent(f, x);
  // Near 1, near 1.5, or near 2: then half of it near 1.
  const up = m.compare("ge", mantissa, f.c(1.7320508075688772));
  const middle = m.same(
    "and",
    m.compare("gt", mantissa, f.c(1.224744871391589)),
    m.same("not", up),
  );
  const near = m.select(up, f.mul(mantissa, f.c(0.5)), mantissa);
  const n = m.select(up, f.add(exponent, f.c(1)), exponent);
  const center = m.select(middle, f.c(1.5), f.c(1));
  // s = (near - center) / (near + center) in two parts.
  const away = f.sub(near, center);
  const sum = f.add(near, center);
  const inverse = f.div(f.c(1), sum);
  const s = f.mul(away, inverse);
  const sHigh = f.high(s);
  const sumHigh = f.high(sum);
  const sumLow = f.sub(near, f.sub(sumHigh, center));
  const rest = f.sub(f.sub(away, f.mul(sHigh, sumHigh)), f.mul(sHigh, sumLow));
  const sLow = f.mul(inverse, rest);
  // 3 + s² + …, in two parts.
  const s2 = f.mul(s, s);
  const series = f.mul(f.mul(s2, s2), f.poly(s2, LOG2));
  const more = f.add(series, f.mul(sLow, f.add(sHigh, s)));
  const square = f.mul(sHigh, sHigh);
  const tHigh = f.high(f.add(f.add(f.c(3), square), more));
  const tLow = f.sub(more, f.sub(f.sub(tHigh, f.c(3)), square));
  const u = f.mul(sHigh, tHigh);
  const v = f.add(f.mul(sLow, tHigh), f.mul(tLow, s));
  const pHigh = f.high(f.add(u, v));
  const pLow = f.sub(v, f.sub(pHigh, u));
  const zHigh = f.mul(f.c(SCALE_HIGH), pHigh);
  const middleLow = m.select(middle, f.c(MIDDLE_LOW), f.c(0));
  const zLow = f.add(f.add(f.mul(f.c(SCALE_LOW), pHigh), f.mul(pLow, f.c(SCALE))), middleLow);
  const middleHigh = m.select(middle, f.c(MIDDLE_HIGH), f.c(0));
  const high = f.high(f.add(f.add(f.add(zHigh, zLow), middleHigh), n));
  const low = f.sub(zLow, f.sub(f.sub(f.sub(high, n), middleHigh), zHigh));
  return { high, low };
}

const LN2 = Math.LN2;
const LN2_HIGH = 0.6931471824645996;
const LN2_LOW = -1.904654299957768e-9;

/** 2 to the power of high + low. */
function exp2Pair(f: Floats, high: number, low: number): number {
  const n = f.m.same("nearest", f.add(high, low));
  const rest = f.sub(high, n);
  const t = f.high(f.add(low, rest));
  const u = f.mul(t, f.c(LN2_HIGH));
  const v = f.add(f.mul(f.sub(low, f.sub(t, rest)), f.c(LN2)), f.mul(t, f.c(LN2_LOW)));
  const z = f.add(u, v);
  const w = f.sub(v, f.sub(z, u));
  const z2 = f.mul(z, z);
  const c = f.sub(z, f.mul(z2, f.poly(z2, EXP)));
  const quotient = f.div(f.mul(z, c), f.sub(c, f.c(2)));
  const r = f.sub(quotient, f.add(w, f.mul(z, w)));
  return timesPowerOfTwo(f, f.sub(f.c(1), f.sub(r, z)), n);
}

/** Gives the power of |x| the sign that x has: odd powers keep it, broken ones are NaN. */
function signedPower(f: Floats, x: number, y: number, size: number): number {
  const { m } = f;
  const nearest = (v: number): number => m.same("nearest", v);
  const whole = m.compare("eq", nearest(y), y);
  const half = f.mul(y, f.c(0.5));
  const odd = m.same("and", whole, m.compare("ne", nearest(half), half));
  const flipped = m.same("and", odd, m.compare("lt", m.bits(x, "i64"), m.const("i64", 0)));
  const negative = m.same(
    "and",
    m.compare("lt", x, f.c(0)),
    m.compare("gt", x, f.c(Number.NEGATIVE_INFINITY)),
  );
  const broken = m.same("and", m.same("not", whole), negative);
  return m.select(broken, f.c(Number.NaN), m.select(flipped, f.neg(size), size));
}

export function power(f: Floats, x: number, y: number): number {
  const { m } = f;
  const a = f.abs(x);
  const zero = f.c(0);
  const { high, low } = log2Pair(f, a);
  const yHigh = f.high(y);
  const pLow = f.add(f.mul(f.sub(y, yHigh), high), f.mul(y, low));
  const pHigh = f.mul(yHigh, high);
  const quick = exp2Pair(f, pHigh, pLow);
  const toZero = m.select(m.compare("eq", y, zero), f.c(1), zero);
  const ofZero = m.select(m.compare("lt", y, zero), f.c(Number.POSITIVE_INFINITY), toZero);
  const isZero = m.compare("eq", a, zero);
  const result = signedPower(f, x, y, m.select(isZero, ofZero, quick));
  const normal = m.same(
    "and",
    m.compare("ge", a, f.c(SMALLEST_NORMAL)),
    m.compare("le", a, f.c(LARGEST)),
  );
  const inRange = m.same("and", normal, f.within(f.add(pHigh, pLow), 1020));
  const usual = m.same("or", inRange, m.same("and", isZero, m.compare("eq", y, y)));
  return f.unless(usual, result, "power", x, y);
}

/** The power of float32 numbers, as float64 that is to be rounded. */
export function singlePower(f: Floats, x: number, y: number): number {
  const { m } = f;
  const a = f.abs(x);
  const one = f.c(1);
  const endless = m.compare("eq", f.abs(y), f.c(Number.POSITIVE_INFINITY));
  const unit = m.compare("eq", a, one);
  const isOne = m.same(
    "or",
    m.same("or", m.compare("eq", y, f.c(0)), m.compare("eq", x, one)),
    m.same("and", unit, endless),
  );
  const exponent = f.mul(y, log(f, a));
  // Beyond this float32 has nothing; NaN stays, through an exponent that leaves it alone.
  const bounded = m.same("pmax", m.same("pmin", exponent, f.c(100)), f.c(-120));
  const known = m.compare("eq", exponent, exponent);
  const size = quickExp(f, m.select(known, bounded, one));
  const result = signedPower(f, x, y, m.select(known, size, exponent));
  return m.select(isOne, one, result);
}

/** The cube root of 1 to 2, within 3e-7. */
const CUBE_ROOT = [
  0.4481051671578743, 0.9460042942594766, -0.6590164394141425, 0.37876466302447953,
  -0.14109082112147692, 0.029991436281448625, -0.0027580818602737063,
];

export function cubeRoot(f: Floats, x: number): number {
  const { m } = f;
  const a = f.abs(x);
  const { exponent, mantissa } = splitExponent(f, a);
  const third = m.same("floor", f.mul(f.add(exponent, f.c(0.5)), f.c(1 / 3)));
  const left = f.sub(exponent, f.mul(third, f.c(3)));
  const pick = (zero: number, one: number, two: number): number =>
    m.select(
      m.compare("eq", left, f.c(0)),
      f.c(zero),
      m.select(m.compare("eq", left, f.c(1)), f.c(one), f.c(two)),
    );
  const scaled = f.mul(mantissa, pick(1, 2, 4));
  const rough = f.mul(f.poly(mantissa, CUBE_ROOT), pick(1, Math.cbrt(2), Math.cbrt(4)));
  // With few bits its square is exact; one step of Newton's method then has them all.
  const t = f.high(rough);
  const ratio = f.div(scaled, f.mul(t, t));
  const step = f.div(f.sub(ratio, t), f.add(f.add(t, t), ratio));
  const root = timesPowerOfTwo(f, f.add(t, f.mul(t, step)), third);
  const isZero = m.compare("eq", a, f.c(0));
  const normal = m.same(
    "and",
    m.compare("ge", a, f.c(SMALLEST_NORMAL)),
    m.compare("le", a, f.c(LARGEST)),
  );
  const result = m.select(isZero, x, f.signed(root, x));
  return f.unless(m.same("or", normal, isZero), result, "cbrt", x);
}

/** Squares of sizes between these neither overflow nor lose digits. */
const SQUARE_LOW = 1e-140;
const SQUARE_HIGH = 1e150;

export function hypotenuse(f: Floats, x: number, y: number): number {
  const { m } = f;
  const [a, b] = [f.abs(x), f.abs(y)];
  const infinity = f.c(Number.POSITIVE_INFINITY);
  const largest = m.same("max", a, b);
  const huge = m.compare("gt", largest, f.c(SQUARE_HIGH));
  const tiny = m.compare("lt", largest, f.c(SQUARE_LOW));
  const pick = (down: number, up: number): number =>
    m.select(huge, f.c(down), m.select(tiny, f.c(up), f.c(1)));
  const there = pick(2 ** -600, 2 ** 600);
  const [p, q] = [f.mul(a, there), f.mul(b, there)];
  const root = m.same("sqrt", f.add(f.mul(p, p), f.mul(q, q)));
  // Infinite if one is, even when the other is NaN.
  const endless = m.same("or", m.compare("eq", a, infinity), m.compare("eq", b, infinity));
  return m.select(endless, infinity, f.mul(root, pick(2 ** 600, 2 ** -600)));
}
