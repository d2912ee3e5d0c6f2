/**
 * @file Elementary functions in float64 as machine operations, so that they are inlined and run in
 * vectors. exp, log, log2, log10, sin and cos follow FreeBSD's msun (fdlibm; coefficients and error
 * bounds below 1 ulp are theirs), tanh Moshier's Cephes. Everything else, and arguments too large
 * for the quick reduction, calls the host's function for each element.
 */
import type { UnaryOp } from "../rules.ts";
import type { Machine } from "./machine.ts";

/** Adding this to |x| < 2^51 leaves the integer nearest to x in the low bits. */
const ROUNDER = 1.5 * 2 ** 52;

/** A function of a float64 value. */
export function floatFunction(m: Machine, op: UnaryOp, x: number): number | undefined {
  const f = new Floats(m);
  switch (op) {
    case "exp":
      return exp(f, x);
    case "log":
      return log(f, x);
    case "log2":
      return log2(f, x);
    case "log10":
      return log10(f, x);
    case "sin":
      return sine(f, x, "sin");
    case "cos":
      return sine(f, x, "cos");
    case "tanh":
      return tanh(f, x);
    case "degrees":
      return f.mul(x, f.c(180 / Math.PI));
    case "radians":
      return f.mul(x, f.c(Math.PI / 180));
    default:
      return m.call(op, x);
  }
}

/** Shorthand for float64 operations. */
class Floats {
  readonly m: Machine;

  constructor(m: Machine) {
    this.m = m;
  }

  c(value: number): number {
    return this.m.const("f64", value);
  }

  add(a: number, b: number): number {
    return this.m.same("add", a, b);
  }

  sub(a: number, b: number): number {
    return this.m.same("sub", a, b);
  }

  mul(a: number, b: number): number {
    return this.m.same("mul", a, b);
  }

  div(a: number, b: number): number {
    return this.m.same("div", a, b);
  }

  /** c[0] + x (c[1] + x (c[2] + …)) */
  poly(x: number, coefficients: readonly number[]): number {
    let result = this.c(coefficients.at(-1) as number);
    for (let i = coefficients.length - 2; i >= 0; i--) {
      result = this.add(this.c(coefficients[i] as number), this.mul(x, result));
    }
    return result;
  }
}

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;

const EXP = [
  0.16666666666666602, -0.0027777777777015593, 6.613756321437934e-5, -1.6533902205465252e-6,
  4.1381367970572385e-8,
];

/** Beyond this exp is near the ends of the range of float64, or NaN: left to the host. */
const QUICK_EXP_LIMIT = 708;

function exp(f: Floats, x: number): number {
  const { m } = f;
  const n = m.same("nearest", f.mul(x, f.c(Math.LOG2E)));
  const high = f.sub(x, f.mul(n, f.c(LN2_HI)));
  const low = f.mul(n, f.c(LN2_LO));
  const r = f.sub(high, low);
  const t = f.mul(r, r);
  const c = f.sub(r, f.mul(t, f.poly(t, EXP)));
  const quotient = f.div(f.mul(r, c), f.sub(f.c(2), c));
  const y = f.sub(f.c(1), f.sub(f.sub(low, quotient), high));
  // Times 2^n: n is added to the exponent's bits.
  const exponent = m.shl(m.bits(f.add(n, f.c(ROUNDER)), "i64"), 52);
  const quick = m.bits(m.same("add", m.bits(y, "i64"), exponent), "f64");
  const usual = m.compare("le", m.same("abs", x), f.c(QUICK_EXP_LIMIT));
  return m.patch("exp", x, quick, m.same("not", usual));
}

/** x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). */
interface Split {
  readonly k: number;
  readonly fraction: number;
}

function splitLog(f: Floats, given: number): Split {
  const { m } = f;
  const small = m.compare("lt", given, f.c(2.2250738585072014e-308));
  const x = m.select(small, f.mul(given, f.c(2 ** 54)), given);
  const offset = (0x3ff00000n - 0x3fe6a09en) << 32n;
  const bits = m.same("add", m.bits(x, "u64"), m.const("u64", offset));
  // The exponent as a float64: put below 2^52's bits, then taken off.
  const raised = m.same("or", m.shr(bits, 52), m.const("u64", 0x4330000000000000n));
  const biased = f.sub(m.bits(raised, "f64"), f.c(2 ** 52 + 1023));
  const k = f.sub(biased, m.select(small, f.c(54), f.c(0)));
  const mantissa = m.same("and", bits, m.const("u64", 0xfffffffffffffn));
  const reduced = m.same("add", mantissa, m.const("u64", 0x3fe6a09en << 32n));
  return { k, fraction: f.sub(m.bits(reduced, "f64"), f.c(1)) };
}

const LOG_ODD = [0.6666666666666735, 0.2857142874366239, 0.1818357216161805, 0.14798198605116586];
const LOG_EVEN = [0.3999999999940942, 0.22222198432149784, 0.15313837699209373];

/** s and R of fdlibm: log(1 + f) = f - (f*f/2 - s (f*f/2 + R)). */
function logSeries(f: Floats, fraction: number): { s: number; half: number; series: number } {
  const s = f.div(fraction, f.add(f.c(2), fraction));
  const z = f.mul(s, s);
  const w = f.mul(z, z);
  const even = f.mul(w, f.poly(w, LOG_EVEN));
  const odd = f.mul(z, f.poly(w, LOG_ODD));
  const half = f.mul(f.c(0.5), f.mul(fraction, fraction));
  return { s, half, series: f.add(odd, even) };
}

/** What every logarithm does with zero, negative numbers, infinity and NaN. */
function logEnds(f: Floats, x: number, result: number): number {
  const { m } = f;
  const zero = f.c(0);
  const finite = m.select(
    m.compare("eq", x, zero),
    f.c(Number.NEGATIVE_INFINITY),
    m.select(m.compare("lt", x, zero), f.c(Number.NaN), result),
  );
  // Infinity and NaN are their own logarithms.
  return m.select(m.compare("lt", x, f.c(Number.POSITIVE_INFINITY)), finite, f.add(x, x));
}

function log(f: Floats, x: number): number {
  const { k, fraction } = splitLog(f, x);
  const { s, half, series } = logSeries(f, fraction);
  const inner = f.add(f.mul(s, f.add(half, series)), f.mul(k, f.c(LN2_LO)));
  const result = f.sub(f.mul(k, f.c(LN2_HI)), f.sub(f.sub(half, inner), fraction));
  return logEnds(f, x, result);
}

/** log(1 + f) as a sum of two numbers, the first with 32 low bits zero. */
function logPair(f: Floats, fraction: number): { high: number; low: number } {
  const { m } = f;
  const { s, half, series } = logSeries(f, fraction);
  const rough = m.bits(f.sub(fraction, half), "u64");
  const high = m.bits(m.same("and", rough, m.const("u64", 0xffffffff00000000n)), "f64");
  const rest = f.sub(f.sub(fraction, high), half);
  return { high, low: f.add(rest, f.mul(s, f.add(half, series))) };
}

function log2(f: Floats, x: number): number {
  const { k, fraction } = splitLog(f, x);
  const { high, low } = logPair(f, fraction);
  const inverseHigh = 1.4426950407214463;
  const inverseLow = 1.6751713164886512e-10;
  const top = f.mul(high, f.c(inverseHigh));
  const bottom = f.add(f.mul(f.add(low, high), f.c(inverseLow)), f.mul(low, f.c(inverseHigh)));
  const sum = f.add(k, top);
  const rest = f.add(bottom, f.add(f.sub(k, sum), top));
  return logEnds(f, x, f.add(rest, sum));
}

function log10(f: Floats, x: number): number {
  const { k, fraction } = splitLog(f, x);
  const { high, low } = logPair(f, fraction);
  const inverseHigh = 0.4342944818781689;
  const inverseLow = 2.5082946711645275e-11;
  const top = f.mul(high, f.c(inverseHigh));
  const exponent = f.mul(k, f.c(0.30102999566361177));
  const bottom = f.add(
    f.add(f.mul(k, f.c(3.694239077158931e-13)), f.mul(f.add(low, high), f.c(inverseLow))),
    f.mul(low, f.c(inverseHigh)),
  );
  const sum = f.add(exponent, top);
  const rest = f.add(bottom, f.add(f.sub(exponent, sum), top));
  return logEnds(f, x, f.add(rest, sum));
}

/**
 * Above this the reduction by three parts of pi/2 is no longer exact, and the host's function is
 * called.
 */
const QUICK_SINE_LIMIT = 1e6;

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

function sine(f: Floats, x: number, name: "sin" | "cos"): number {
  const { m } = f;
  const { high: y, low, quadrant } = reduceAngle(f, x);
  const z = f.mul(y, y);
  const v = f.mul(z, y);
  const half = f.c(0.5);
  const sinePoly = f.poly(
    z,
    [
      0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-6, -2.5050760253406863e-8,
      1.58969099521155e-10,
    ],
  );
  const correction = f.sub(f.mul(z, f.sub(f.mul(half, low), f.mul(v, sinePoly))), low);
  const sin = f.sub(y, f.sub(correction, f.mul(v, f.c(-0.16666666666666632))));
  const cosinePoly = f.poly(
    z,
    [
      0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7,
      2.087572321298175e-9, -1.1359647557788195e-11,
    ],
  );
  const hz = f.mul(half, z);
  const w = f.sub(f.c(1), hz);
  const cosRest = f.sub(f.mul(z, f.mul(z, cosinePoly)), f.mul(y, low));
  const cos = f.add(w, f.add(f.sub(f.sub(f.c(1), w), hz), cosRest));
  // sin: n = 0 sin, 1 cos, 2 -sin, 3 -cos; cos is one quadrant ahead.
  const turned = name === "cos" ? m.same("add", quadrant, m.const("i64", 1)) : quadrant;
  const odd = m.compare("ne", m.same("and", turned, m.const("i64", 1)), m.const("i64", 0));
  const signBit = m.shl(m.same("and", turned, m.const("i64", 2)), 62);
  const value = m.bits(m.select(odd, cos, sin), "i64");
  const quick = m.bits(m.same("xor", value, signBit), "f64");
  // sin(-0) is -0, which the reduction turns into +0.
  const result = name === "sin" ? m.select(m.compare("eq", x, f.c(0)), x, quick) : quick;
  const large = m.compare("gt", m.same("abs", x), f.c(QUICK_SINE_LIMIT));
  return m.patch(name, x, result, large);
}

function tanh(f: Floats, x: number): number {
  const { m } = f;
  const size = m.same("abs", x);
  const z = f.mul(x, x);
  const top = f.poly(z, [-1614.6876844170845, -99.28772310019185, -0.9643991794250523]);
  const bottom = f.poly(z, [4844.063053251255, 2235.4883906010045, 112.81167849163293, 1]);
  const near = f.add(x, f.mul(f.mul(x, z), f.div(top, bottom)));
  // Above 22 the result is 1.
  const power = exp(f, m.same("pmin", f.mul(f.c(2), size), f.c(44)));
  const far = f.sub(f.c(1), f.div(f.c(2), f.add(power, f.c(1))));
  const signed = m.select(m.compare("lt", x, f.c(0)), m.same("neg", far), far);
  return m.select(m.compare("lt", size, f.c(0.625)), near, signed);
}

/** The host's power, which differs from C's in that 1 to the power of NaN is NaN. */
export function power(m: Machine, x: number, y: number): number {
  const one = m.const("f64", 1);
  const infinity = m.const("f64", Number.POSITIVE_INFINITY);
  const unit = m.compare("eq", m.same("abs", x), one);
  const endless = m.compare("eq", m.same("abs", y), infinity);
  const isOne = m.same("or", m.compare("eq", x, one), m.same("and", unit, endless));
  return m.select(isOne, one, m.call("pow", x, y));
}
