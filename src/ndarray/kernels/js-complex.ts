/**
 * @file Complex functions for generated JavaScript, over `[re, im]` pairs. Definitions and branch
 * cuts are C99's as NumPy uses them.
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

export function reciprocal(z: Pair): Pair {
  return divide([1, 0], z);
}

export function exp([a, b]: Pair): Pair {
  const size = Math.exp(a);
  return b === 0 ? [size, b] : [size * Math.cos(b), size * Math.sin(b)];
}

export function log([a, b]: Pair): Pair {
  return [Math.log(Math.hypot(a, b)), Math.atan2(b, a)];
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

export function sign([a, b]: Pair): Pair {
  const size = Math.hypot(a, b);
  if (size === 0) return [0, 0];
  return [a / size, b / size];
}
