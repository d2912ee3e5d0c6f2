/**
 * @file Discrete distributions in NumPy's order of draws (after numpy/random/src/distributions,
 * BSD-3-Clause). Each is a number in `drawDiscrete`; the order of the numbers is that of `DISCRETE`
 * in `random/distributions.ts`. Parameters that are integers arrive as float64.
 */
import { binomial } from "./binomial";
import { standardGamma } from "./continuous";
import { hypergeometric } from "./hypergeometric";
import { nextDouble } from "./pcg64";
import { standardExponential } from "./ziggurat";

const LOG_GAMMA_SERIES: usize = memory.data<f64>([
  8.333333333333333e-2, -2.777777777777778e-3, 7.936507936507937e-4, -5.952380952380952e-4,
  8.417508417508418e-4, -1.917526917526918e-3, 6.41025641025641e-3, -2.955065359477124e-2,
  1.796443723688307e-1, -1.39243221690590,
]);

/** log(gamma(x)), by the algorithm of SPECFUN that NumPy uses (not the most exact one). */
function logGamma(x: f64): f64 {
  if (x == 1 || x == 2) return 0;
  const n: i64 = x < 7 ? <i64>(7.0 - x) : 0;
  let x0 = x + <f64>n;
  const x2 = (1 / x0) * (1 / x0);
  let series = load<f64>(LOG_GAMMA_SERIES + 72);
  for (let k = 8; k >= 0; k--) {
    series *= x2;
    series += load<f64>(LOG_GAMMA_SERIES + (<usize>k << 3));
  }
  const logTwoPi: f64 = 1.8378770664093453;
  let result = series / x0 + 0.5 * logTwoPi + (x0 - 0.5) * Math.log(x0) - x0;
  for (let k: i64 = 1; k <= n; k++) {
    result -= Math.log(x0 - 1);
    x0 -= 1;
  }
  return result;
}

function poissonByProducts(lambda: f64): i64 {
  const limit = Math.exp(-lambda);
  let count: i64 = 0;
  let product: f64 = 1;
  while (true) {
    product *= nextDouble();
    if (product <= limit) return count;
    count++;
  }
}

/** Transformed rejection (Hoermann 1993). */
function poissonByRejection(lambda: f64): i64 {
  const root = Math.sqrt(lambda);
  const logLambda = Math.log(lambda);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const vr = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const u = nextDouble() - 0.5;
    const v = nextDouble();
    const us = 0.5 - Math.abs(u);
    const k = <i64>Math.floor(((2 * a) / us + b) * u + lambda + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const left = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (left <= -lambda + <f64>k * logLambda - logGamma(<f64>k + 1)) return k;
  }
}

export function poisson(lambda: f64): i64 {
  if (lambda >= 10) return poissonByRejection(lambda);
  return lambda == 0 ? 0 : poissonByProducts(lambda);
}

function geometric(p: f64): i64 {
  if (p < 0.333333333333333333333333) {
    const z = Math.ceil(-standardExponential() / Math.log1p(-p));
    return z >= 9.223372036854776e18 ? i64.MAX_VALUE : <i64>z;
  }
  let count: i64 = 1;
  let sum = p;
  let product = p;
  const u = nextDouble();
  while (u > sum) {
    product *= 1 - p;
    sum += product;
    count++;
  }
  return count;
}

function logseries(p: f64): i64 {
  const r = Math.log1p(-p);
  while (true) {
    const v = nextDouble();
    if (v >= p) return 1;
    const q = -Math.expm1(r * nextDouble());
    if (v <= q * q) {
      const result = <i64>Math.floor(1 + Math.log(v) / Math.log(q));
      if (result < 1 || v == 0) continue;
      return result;
    }
    return v >= q ? 1 : 2;
  }
}

function zipf(a: f64): i64 {
  if (a >= 1025) return 1;
  const am1 = a - 1;
  const b = Math.pow(2, am1);
  const maximum: f64 = 9.223372036854775807e18;
  const least = Math.pow(maximum, -am1);
  while (true) {
    const u01 = nextDouble();
    const u = u01 * least + (1 - u01);
    const v = nextDouble();
    const x = Math.floor(Math.pow(u, -1 / am1));
    if (x > maximum || x < 1) continue;
    const t = Math.pow(1 + 1 / x, am1);
    if ((v * x * (t - 1)) / (b - 1) <= t / b) return <i64>x;
  }
}

/** One value of distribution `which` with up to three parameters. */
export function drawDiscrete(which: i32, a: f64, b: f64, c: f64): i64 {
  switch (which) {
    case 0:
      return poisson(a);
    case 1:
      return binomial(<i64>a, b);
    case 2:
      return poisson(((1 - b) / b) * standardGamma(a));
    case 3:
      return geometric(a);
    case 4:
      return logseries(a);
    case 5:
      return zipf(a);
    case 6:
      return hypergeometric(<i64>a, <i64>b, <i64>c);
    default:
      return 0;
  }
}
