/**
 * @file Complex functions for generated JavaScript, over `[re, im]` pairs. Definitions and branch
 * cuts are C99's as NumPy uses them; the inverse functions are by Kahan's formulas ("Branch cuts
 * for complex elementary functions"), which keep the sign of zeros on the cuts.
 */

/** Real and imaginary part. */
export type Pair = readonly [number, number];

export function divide([a, b]: Pair, [c, d]: Pair): Pair {
  // Smith's method, as NumPy: scales by the larger part so that nothing overflows early.
  if (Math.abs(c) >= Math.abs(d)) {
    if (c === 0 && d === 0) return [a / Math.abs(c), b / Math.abs(c)];
    const ratio = d / c;
    const scale = 1 / (c + d * ratio);
    return [(a + b * ratio) * scale, (b - a * ratio) * scale];
  }
  const ratio = c / d;
  const scale = 1 / (c * ratio + d);
  return [(a * ratio + b) * scale, (b * ratio - a) * scale];
}

export function multiply([a, b]: Pair, [c, d]: Pair): Pair {
  return [a * c - b * d, a * d + b * c];
}

export function scale([a, b]: Pair, factor: number): Pair {
  return [a * factor, b * factor];
}

export function reciprocal([a, b]: Pair): Pair {
  if (Math.abs(a) <= Math.abs(b)) {
    const ratio = a / b;
    const scale = b + a * ratio;
    return [ratio / scale, -1 / scale];
  }
  const ratio = b / a;
  const scale = a + b * ratio;
  return [1 / scale, -ratio / scale];
}

export function exp([a, b]: Pair): Pair {
  const size = Math.exp(a);
  return b === 0 ? [size, b] : [size * Math.cos(b), size * Math.sin(b)];
}

export function log([a, b]: Pair): Pair {
  return [logOfSize(Math.abs(a), Math.abs(b)), Math.atan2(b, a)];
}

/** log of |z|, which near 1 is half of log1p(|z|² - 1). */
function logOfSize(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  const excess = (large - 1) * (large + 1) + small * small;
  return Math.abs(excess) < 0.5 ? Math.log1p(excess) / 2 : Math.log(Math.hypot(a, b));
}

/** Of small numbers too: the real part has no difference of nearly equal numbers. */
export function expm1([a, b]: Pair): Pair {
  const half = Math.sin(b / 2);
  return [Math.expm1(a) * Math.cos(b) - 2 * half * half, Math.exp(a) * Math.sin(b)];
}

export function log1p([a, b]: Pair): Pair {
  // |1 + z|² - 1, which is small where z is.
  const excess = a * (2 + a) + b * b;
  const size = Math.abs(excess) < 0.5 ? Math.log1p(excess) / 2 : Math.log(Math.hypot(1 + a, b));
  return [size, Math.atan2(b, 1 + a)];
}

export function sqrt([a, b]: Pair): Pair {
  if (a === 0 && b === 0) return [0, b];
  if (!Number.isFinite(b) && !Number.isNaN(b)) return [Number.POSITIVE_INFINITY, b];
  const half = Math.sqrt((Math.abs(a) + Math.hypot(a, b)) / 2);
  if (a >= 0) return [half, b / (2 * half)];
  return [Math.abs(b) / (2 * half), b < 0 || Object.is(b, -0) ? -half : half];
}

export function power(base: Pair, exponent: Pair): Pair {
  const [c, d] = exponent;
  if (c === 0 && d === 0) return [1, 0];
  if (base[0] === 0 && base[1] === 0) {
    return c > 0 && d === 0 ? [0, 0] : [Number.NaN, Number.NaN];
  }
  if (d === 0 && Number.isInteger(c) && Math.abs(c) < 100) return integerPower(base, c);
  return exp(multiply(exponent, log(base)));
}

function integerPower(base: Pair, exponent: number): Pair {
  let result: Pair = [1, 0];
  let square = base;
  for (let e = Math.abs(exponent); e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return exponent < 0 ? reciprocal(result) : result;
}

export function sin([a, b]: Pair): Pair {
  return [Math.sin(a) * Math.cosh(b), Math.cos(a) * Math.sinh(b)];
}

export function cos([a, b]: Pair): Pair {
  return [Math.cos(a) * Math.cosh(b), -Math.sin(a) * Math.sinh(b)];
}

export function sinh([a, b]: Pair): Pair {
  return [Math.sinh(a) * Math.cos(b), Math.cosh(a) * Math.sin(b)];
}

export function cosh([a, b]: Pair): Pair {
  return [Math.cosh(a) * Math.cos(b), Math.sinh(a) * Math.sin(b)];
}

export function tanh([a, b]: Pair): Pair {
  // Kahan: no overflow for large real parts.
  if (Math.abs(a) > 22)
    return [Math.sign(a), 4 * Math.sin(b) * Math.cos(b) * Math.exp(-2 * Math.abs(a))];
  const t = Math.tan(b);
  const beta = 1 + t * t;
  const s = Math.sinh(a);
  const rho = Math.sqrt(1 + s * s);
  const scale = 1 / (1 + beta * s * s);
  return [beta * rho * s * scale, t * scale];
}

export function tan([a, b]: Pair): Pair {
  const [re, im] = tanh([-b, a]);
  return [im, -re];
}

const conjugate = ([a, b]: Pair): Pair => [a, -b];

export function arcsin([a, b]: Pair): Pair {
  const minus = sqrt([1 - a, -b]);
  const plus = sqrt([1 + a, b]);
  const re = Math.atan2(a, multiply(minus, plus)[0]);
  return [re, Math.asinh(multiply(conjugate(minus), plus)[1])];
}

export function arccos([a, b]: Pair): Pair {
  const minus = sqrt([1 - a, -b]);
  const plus = sqrt([1 + a, b]);
  const re = 2 * Math.atan2(minus[0], plus[0]);
  return [re, Math.asinh(multiply(conjugate(plus), minus)[1])];
}

export function arccosh([a, b]: Pair): Pair {
  const minus = sqrt([a - 1, b]);
  const plus = sqrt([a + 1, b]);
  const re = Math.asinh(multiply(conjugate(minus), plus)[0]);
  return [re, 2 * Math.atan2(minus[1], plus[0])];
}

/** Beyond this squares overflow. */
const SQUARE_LIMIT = 1e150;

export function arctanh([given, b]: Pair): Pair {
  // Odd in both parts: computed where the real part is positive.
  const a = Math.abs(given);
  const signed = (x: number): number => (given < 0 || Object.is(given, -0) ? -x : x);
  if (a > SQUARE_LIMIT || Math.abs(b) > SQUARE_LIMIT) {
    const size = Math.hypot(a, b);
    const quarter = b < 0 || Object.is(b, -0) ? -Math.PI / 2 : Math.PI / 2;
    return [signed(size === Number.POSITIVE_INFINITY ? 0 : a / size / size), quarter];
  }
  const away = (1 - a) * (1 - a) + b * b;
  const re = Math.log1p((4 * a) / away) / 4;
  return [signed(re), Math.atan2(2 * b, (1 - a) * (1 + a) - b * b) / 2];
}

/** -i f(i z), for f arcsin or arctan's hyperbolic sisters and back. */
function turned(f: (z: Pair) => Pair, [a, b]: Pair): Pair {
  const [re, im] = f([-b, a]);
  return [im, -re];
}

export function arctan(z: Pair): Pair {
  return turned(arctanh, z);
}

export function arcsinh(z: Pair): Pair {
  return turned(arcsin, z);
}

/** -1, 0 or 1 by real parts, then imaginary ones; NaN when either holds NaN. */
export function compare([a, b]: Pair, [c, d]: Pair): number {
  if ([a, b, c, d].some(Number.isNaN)) return Number.NaN;
  if (a !== c) return a < c ? -1 : 1;
  return b === d ? 0 : b < d ? -1 : 1;
}

export function maximum(x: Pair, y: Pair): Pair {
  if (x.some(Number.isNaN)) return x;
  return compare(x, y) >= 0 ? x : y;
}

export function minimum(x: Pair, y: Pair): Pair {
  if (x.some(Number.isNaN)) return x;
  return compare(x, y) <= 0 ? x : y;
}

/** The larger of two, ignoring what holds NaN. */
export function fmax(x: Pair, y: Pair): Pair {
  return y.some(Number.isNaN) || compare(x, y) >= 0 ? x : y;
}

/** The smaller of two, ignoring what holds NaN. */
export function fmin(x: Pair, y: Pair): Pair {
  return y.some(Number.isNaN) || compare(x, y) <= 0 ? x : y;
}

export function sign([a, b]: Pair): Pair {
  const size = Math.hypot(a, b);
  if (size === 0) return [0, 0];
  return [a / size, b / size];
}
