/**
 * @file Logarithms in float64 (log, log2, log10, log1p) after FreeBSD's msun, and the inverse
 * hyperbolic functions made of log1p.
 */
import type { Floats } from "./floats.ts";

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;

/** x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). */
interface Split {
  readonly k: number;
  readonly fraction: number;
}

/** Splits a normal number. */
function splitNormal(f: Floats, x: number): Split {
  const { m } = f;
  const offset = (0x3ff00000n - 0x3fe6a09en) << 32n;
  const bits = m.same("add", m.bits(x, "u64"), m.const("u64", offset));
  // The exponent as a float64: put below 2^52's bits, then taken off.
  const raised = m.same("or", m.shr(bits, 52), m.const("u64", 0x4330000000000000n));
  const k = f.sub(m.bits(raised, "f64"), f.c(2 ** 52 + 1023));
  const mantissa = m.same("and", bits, m.const("u64", 0xfffffffffffffn));
  const reduced = m.same("add", mantissa, m.const("u64", 0x3fe6a09en << 32n));
  return { k, fraction: f.sub(m.bits(reduced, "f64"), f.c(1)) };
}

/** Splits subnormal numbers too: they are scaled first. */
function split(f: Floats, given: number): Split {
  const { m } = f;
  const small = m.compare("lt", given, f.c(2.2250738585072014e-308));
  const { k, fraction } = splitNormal(f, m.select(small, f.mul(given, f.c(2 ** 54)), given));
  return { k: f.sub(k, m.select(small, f.c(54), f.c(0))), fraction };
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
export function logEnds(f: Floats, x: number, result: number): number {
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

/** k ln 2 + log(1 + fraction) + extra. */
function assemble(f: Floats, { k, fraction }: Split, extra?: number): number {
  const { s, half, series } = logSeries(f, fraction);
  const tail = f.mul(k, f.c(LN2_LO));
  const low = extra === undefined ? tail : f.add(tail, extra);
  const inner = f.add(f.mul(s, f.add(half, series)), low);
  return f.sub(f.mul(k, f.c(LN2_HI)), f.sub(f.sub(half, inner), fraction));
}

export function log(f: Floats, x: number): number {
  return logEnds(f, x, assemble(f, split(f, x)));
}

/** log(1 + f) as a sum of two numbers, the first with 32 low bits zero. */
function logPair(f: Floats, fraction: number): { high: number; low: number } {
  const { s, half, series } = logSeries(f, fraction);
  const high = f.high(f.sub(fraction, half));
  const rest = f.sub(f.sub(fraction, high), half);
  return { high, low: f.add(rest, f.mul(s, f.add(half, series))) };
}

export function log2(f: Floats, x: number): number {
  const { k, fraction } = split(f, x);
  const { high, low } = logPair(f, fraction);
  const inverseHigh = 1.4426950407214463;
  const inverseLow = 1.6751713164886512e-10;
  const top = f.mul(high, f.c(inverseHigh));
  const bottom = f.add(f.mul(f.add(low, high), f.c(inverseLow)), f.mul(low, f.c(inverseHigh)));
  const sum = f.add(k, top);
  const rest = f.add(bottom, f.add(f.sub(k, sum), top));
  return logEnds(f, x, f.add(rest, sum));
}

export function log10(f: Floats, x: number): number {
  const { k, fraction } = split(f, x);
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

/** log(1 + x): of the rounded sum, and the logarithm's slope times what the rounding lost. */
export function log1p(f: Floats, x: number): number {
  const { m } = f;
  const one = f.c(1);
  const sum = f.add(one, x);
  const { k, fraction } = splitNormal(f, sum);
  const large = m.compare("gt", sum, f.c(2));
  const lost = m.select(large, f.sub(one, f.sub(sum, x)), f.sub(x, f.sub(sum, one)));
  const near = m.compare("eq", k, f.c(0));
  const zero = f.c(0);
  const exact = { k, fraction: m.select(near, x, fraction) };
  const result = assemble(f, exact, m.select(near, zero, f.div(lost, sum)));
  return m.select(m.compare("eq", x, zero), x, logEnds(f, sum, result));
}

/** Beyond this squares may overflow. */
const SQUARE_LIMIT = 1e150;

export function arcsinh(f: Floats, x: number): number {
  const a = f.abs(x);
  const square = f.mul(a, a);
  const root = f.m.same("sqrt", f.add(square, f.c(1)));
  const quick = log1p(f, f.add(a, f.div(square, f.add(root, f.c(1)))));
  return f.unless(f.within(x, SQUARE_LIMIT), f.signed(quick, x), "arcsinh", x);
}

export function arccosh(f: Floats, x: number): number {
  const { m } = f;
  const t = f.sub(x, f.c(1));
  const root = m.same("sqrt", f.add(f.add(t, t), f.mul(t, t)));
  const quick = m.select(m.compare("lt", x, f.c(1)), f.c(Number.NaN), log1p(f, f.add(t, root)));
  return f.unless(f.within(x, SQUARE_LIMIT), quick, "arccosh", x);
}

export function arctanh(f: Floats, x: number): number {
  const { m } = f;
  const a = f.abs(x);
  const rest = f.sub(f.c(1), a);
  const twice = f.add(a, a);
  const small = f.add(twice, f.div(f.mul(twice, a), rest));
  const t = m.select(m.compare("lt", a, f.c(0.5)), small, f.div(twice, rest));
  const size = f.mul(f.c(0.5), log1p(f, t));
  return m.select(m.compare("le", a, f.c(1)), f.signed(size, x), f.c(Number.NaN));
}
