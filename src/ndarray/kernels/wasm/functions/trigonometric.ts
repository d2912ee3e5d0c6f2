/**
 * @file Trigonometric functions and their inverses in float64. sin, cos, arcsin and arccos follow
 * FreeBSD's msun, arctan Moshier's Cephes; tan is the quotient of sin and cos, which share their
 * reduction.
 */
import { ROUNDER } from "./exponential.ts";
import type { Floats } from "./floats.ts";

/**
 * Above this the reduction by three parts of pi/2 is no longer exact, and the host's function is
 * called.
 */
export const QUICK_SINE_LIMIT = 1e6;

/** x - n pi/2 as a sum of two numbers, and the bits of n. */
function reduceAngle(f: Floats, x: number): { high: number; low: number; quadrant: number } {
  const { m } = f;
  const n = m.same("nearest", f.mul(x, f.c(0.6366197723675814)));
  const first = f.sub(x, f.mul(n, f.c(1.5707963267341256)));
  const second = f.mul(n, f.c(6.077100506303966e-11));
  const r = f.sub(first, second);
  const tail = f.mul(n, f.c(2.0222662487959506e-21));
  const w = f.sub(tail, f.sub(f.sub(first, r), second));
  const high = f.sub(r, w);
  const low = f.sub(f.sub(r, high), w);
  return { high, low, quadrant: m.bits(f.add(n, f.c(ROUNDER)), "i64") };
}

const SINE = [
  0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-6, -2.5050760253406863e-8,
  1.58969099521155e-10,
];
const COSINE = [
  0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7,
  2.087572321298175e-9, -1.1359647557788195e-11,
];

/** A number as a sum of two, of which the second is small. */
type Pair = readonly [high: number, low: number];

/** Sine and cosine of y + low, at most pi/4: each still to be added up. */
function sineAndCosine(f: Floats, y: number, low: number): { sin: Pair; cos: Pair } {
  const z = f.mul(y, y);
  const v = f.mul(z, y);
  const half = f.c(0.5);
  const inner = f.sub(f.mul(half, low), f.mul(v, f.poly(z, SINE)));
  const correction = f.sub(f.mul(z, inner), low);
  const less = f.sub(correction, f.mul(v, f.c(-0.16666666666666632)));
  const hz = f.mul(half, z);
  const w = f.sub(f.c(1), hz);
  const rest = f.sub(f.mul(z, f.mul(z, f.poly(z, COSINE))), f.mul(y, low));
  return { sin: [y, f.neg(less)], cos: [w, f.add(f.sub(f.sub(f.c(1), w), hz), rest)] };
}

/** Whether a quadrant is odd, and bit 1 of it as a sign bit. */
function turns(f: Floats, quadrant: number): { odd: number; sign: number } {
  const { m } = f;
  const one = m.const("i64", 1);
  const odd = m.compare("ne", m.same("and", quadrant, one), m.const("i64", 0));
  return { odd, sign: m.shl(m.same("and", quadrant, m.const("i64", 2)), 62) };
}

export function sine(f: Floats, x: number, name: "sin" | "cos"): number {
  const { m } = f;
  const { high, low, quadrant } = reduceAngle(f, x);
  const { sin, cos } = sineAndCosine(f, high, low);
  // sin: n = 0 sin, 1 cos, 2 -sin, 3 -cos; cos is one quadrant ahead.
  const turned = name === "cos" ? m.same("add", quadrant, m.const("i64", 1)) : quadrant;
  const { odd, sign } = turns(f, turned);
  const value = m.bits(m.select(odd, f.add(...cos), f.add(...sin)), "i64");
  const quick = m.bits(m.same("xor", value, sign), "f64");
  // sin(-0) is -0, which the reduction turns into +0.
  const result = name === "sin" ? m.select(m.compare("eq", x, f.c(0)), x, quick) : quick;
  return f.unless(f.within(x, QUICK_SINE_LIMIT), result, name, x);
}

/** The sum of a pair, and what rounding lost of it. */
function settled(f: Floats, [high, low]: Pair): Pair {
  const sum = f.add(high, low);
  return [sum, f.sub(low, f.sub(sum, high))];
}

/** A quotient of sums, corrected by what the first quotient leaves. */
function dividePairs(f: Floats, [top, topLow]: Pair, [bottom, bottomLow]: Pair): number {
  const quotient = f.div(top, bottom);
  const [q, b] = [f.high(quotient), f.high(bottom)];
  const [qLow, bLow] = [f.sub(quotient, q), f.sub(bottom, b)];
  const exact = f.sub(f.sub(f.sub(top, f.mul(q, b)), f.mul(q, bLow)), f.mul(qLow, bottom));
  const rest = f.add(exact, f.sub(topLow, f.mul(quotient, bottomLow)));
  return f.add(quotient, f.div(rest, bottom));
}

export function tangent(f: Floats, x: number): number {
  const { m } = f;
  const { high, low, quadrant } = reduceAngle(f, x);
  const parts = sineAndCosine(f, high, low);
  const [sin, cos] = [settled(f, parts.sin), settled(f, parts.cos)];
  const { odd } = turns(f, quadrant);
  const pick = (ifOdd: Pair, otherwise: Pair): Pair => [
    m.select(odd, ifOdd[0], otherwise[0]),
    m.select(odd, ifOdd[1], otherwise[1]),
  ];
  const minusCos: Pair = [f.neg(cos[0]), f.neg(cos[1])];
  const quick = dividePairs(f, pick(minusCos, sin), pick(sin, cos));
  // The rest of what is tiny would be lost in products too small for float64.
  const result = m.select(f.within(x, TINY_ANGLE), x, quick);
  return f.unless(f.within(x, QUICK_SINE_LIMIT), result, "tan", x);
}

/** Smaller angles are their own tangents. */
const TINY_ANGLE = 1e-9;

const PIO2_HI = 1.5707963267948966;
const PIO2_LO = 6.123233995736766e-17;

const ARCTAN_TOP = [
  -64.85021904942025, -122.88666844901361, -75.00855792314705, -16.157537187333652,
  -0.8750608600031904,
];
const ARCTAN_BOTTOM = [
  194.5506571482614, 485.3903996359137, 432.88106049129027, 165.02700983169885, 24.858464901423062,
  1,
];

/** arctan(t) + base + extra for t up to 0.66. */
function arctanOfRest(f: Floats, t: number, base: number, extra: number): number {
  const z = f.mul(t, t);
  const ratio = f.div(f.poly(z, ARCTAN_TOP), f.poly(z, ARCTAN_BOTTOM));
  const rest = f.add(f.mul(f.mul(t, z), ratio), extra);
  return f.add(base, f.add(t, rest));
}

export function arctan(f: Floats, x: number): number {
  const { m } = f;
  const a = f.abs(x);
  const [zero, one] = [f.c(0), f.c(1)];
  const large = m.compare("gt", a, f.c(2.414213562373095));
  const middle = m.compare("gt", a, f.c(0.66));
  const pick = (ifLarge: number, ifMiddle: number, otherwise: number): number =>
    m.select(large, ifLarge, m.select(middle, ifMiddle, otherwise));
  const top = pick(f.c(-1), f.sub(a, one), a);
  const bottom = pick(a, f.add(a, one), one);
  const base = pick(f.c(PIO2_HI), f.c(PIO2_HI / 2), zero);
  const extra = pick(f.c(PIO2_LO), f.c(PIO2_LO / 2), zero);
  return f.signed(arctanOfRest(f, f.div(top, bottom), base, extra), x);
}

/** Larger sizes may overflow when they are added. */
const ARCTAN2_LIMIT = 1e300;

export function arctan2(f: Floats, y: number, x: number): number {
  const { m } = f;
  const [a, b] = [f.abs(y), f.abs(x)];
  const zero = f.c(0);
  const steep = m.compare("gt", a, b);
  const [small, large] = [m.select(steep, b, a), m.select(steep, a, b)];
  const middle = m.compare("gt", small, f.mul(large, f.c(0.4142135623730951)));
  const top = m.select(middle, f.sub(small, large), small);
  const bottom = m.select(middle, f.add(small, large), large);
  const t = m.select(m.compare("eq", large, zero), zero, f.div(top, bottom));
  const base = m.select(middle, f.c(PIO2_HI / 2), zero);
  const octant = arctanOfRest(f, t, base, m.select(middle, f.c(PIO2_LO / 2), zero));
  const quarter = m.select(steep, f.sub(f.c(PIO2_HI), f.sub(octant, f.c(PIO2_LO))), octant);
  const behind = m.compare("lt", m.bits(x, "i64"), m.const("i64", 0));
  const half = f.sub(f.c(Math.PI), f.sub(quarter, f.c(2 * PIO2_LO)));
  const result = f.signed(m.select(behind, half, quarter), y);
  const usual = m.same("and", f.within(y, ARCTAN2_LIMIT), f.within(x, ARCTAN2_LIMIT));
  return f.unless(usual, result, "atan2", y, x);
}

const ARCSIN_TOP = [
  0.16666666666666666, -0.3255658186224009, 0.20121253213486293, -0.04005553450067941,
  0.0007915349942898145, 3.479331075960212e-5,
];
const ARCSIN_BOTTOM = [
  1, -2.403394911734414, 2.0209457602335057, -0.6882839716054533, 0.0770381505559019,
];

/** Of arcsin(x) for small x; of 2 arcsin(s) with s² = (1 - |x|) / 2 for large. */
interface ArcsineParts {
  readonly small: number;
  /** |x| or s, and its square. */
  readonly s: number;
  readonly z: number;
  /** What arcsin(s) exceeds s by. */
  readonly more: number;
}

function arcsineParts(f: Floats, x: number): ArcsineParts {
  const { m } = f;
  const a = f.abs(x);
  const small = m.compare("lt", a, f.c(0.5));
  const far = f.mul(f.sub(f.c(1), a), f.c(0.5));
  const z = m.select(small, f.mul(a, a), far);
  const s = m.select(small, a, m.same("sqrt", far));
  const ratio = f.div(f.poly(z, ARCSIN_TOP), f.poly(z, ARCSIN_BOTTOM));
  return { small, s, z, more: f.mul(s, f.mul(z, ratio)) };
}

export function arcsin(f: Floats, x: number): number {
  const { small, s, z, more } = arcsineParts(f, x);
  // s in two parts, of which the first has an exact square.
  const top = f.high(s);
  const rest = f.div(f.sub(z, f.mul(top, top)), f.add(s, top));
  const twice = (v: number): number => f.add(v, v);
  const p = f.sub(twice(more), f.sub(f.c(PIO2_LO), twice(rest)));
  const q = f.sub(f.c(PIO2_HI / 2), twice(top));
  const large = f.sub(f.c(PIO2_HI / 2), f.sub(p, q));
  const one = f.m.compare("eq", f.abs(x), f.c(1));
  const size = f.m.select(one, f.c(PIO2_HI), f.m.select(small, f.add(s, more), large));
  return f.signed(size, x);
}

export function arccos(f: Floats, x: number): number {
  const { m } = f;
  const { small, s, more } = arcsineParts(f, x);
  const negative = m.compare("lt", x, f.c(0));
  const [signedS, signedMore] = [s, more].map((v) => m.select(negative, f.neg(v), v)) as [
    number,
    number,
  ];
  const near = f.sub(f.c(PIO2_HI), f.sub(signedS, f.sub(f.c(PIO2_LO), signedMore)));
  const twice = f.add(f.add(s, more), f.add(s, more));
  const far = m.select(negative, f.sub(f.c(Math.PI), f.sub(twice, f.c(2 * PIO2_LO))), twice);
  return m.select(small, near, far);
}
