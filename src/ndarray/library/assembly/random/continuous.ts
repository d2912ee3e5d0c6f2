/**
 * @file Continuous distributions in NumPy's order of draws (after
 * numpy/random/src/distributions/distributions.c, BSD-3-Clause). Each is a number in
 * `drawContinuous`; the order of the numbers is that of `CONTINUOUS` in `random/distributions.ts`.
 */
import { poisson } from "./discrete";
import { nextDouble } from "./pcg64";
import { standardExponential, standardNormal } from "./ziggurat";

export function standardGamma(shape: f64): f64 {
  if (shape == 1) return standardExponential();
  if (shape == 0) return 0;
  if (shape < 1) {
    while (true) {
      const u = nextDouble();
      const v = standardExponential();
      if (u <= 1 - shape) {
        const x = Math.pow(u, 1 / shape);
        if (x <= v) return x;
      } else {
        const y = -Math.log((1 - u) / shape);
        const x = Math.pow(1 - shape + shape * y, 1 / shape);
        if (x <= v + y) return x;
      }
    }
  }
  const b = shape - 1.0 / 3.0;
  const c = 1 / Math.sqrt(9 * b);
  while (true) {
    let x: f64;
    let v: f64;
    do {
      x = standardNormal();
      v = 1 + c * x;
    } while (v <= 0);
    v = v * v * v;
    const u = nextDouble();
    if (u < 1 - 0.0331 * (x * x) * (x * x)) return b * v;
    // log(0) is fine here.
    if (Math.log(u) < 0.5 * x * x + b * (1 - v + Math.log(v))) return b * v;
  }
}

function beta(a: f64, b: f64): f64 {
  if (a > 1 || b > 1) {
    const x = standardGamma(a);
    return x / (x + standardGamma(b));
  }
  if (a < 3e-103 && b < 3e-103) return (a + b) * nextDouble() < a ? 1 : 0;
  while (true) {
    const u = nextDouble();
    const v = nextDouble();
    const x = Math.pow(u, 1 / a);
    const y = Math.pow(v, 1 / b);
    const sum = x + y;
    if (!(sum <= 1 && u + v > 0)) continue;
    if (x > 0 && y > 0) return x / sum;
    // A power underflowed: work with logarithms as far as possible.
    const delta = Math.log(u) / a - Math.log(v) / b;
    if (delta > 0) return Math.exp(-Math.log1p(Math.exp(-delta)));
    return Math.exp(delta - Math.log1p(Math.exp(delta)));
  }
}

function chisquare(df: f64): f64 {
  return 2 * standardGamma(df / 2);
}

function noncentralChisquare(df: f64, nonc: f64): f64 {
  if (nonc != nonc) return NaN;
  if (nonc == 0) return chisquare(df);
  if (df > 1) {
    const chi = chisquare(df - 1);
    const n = standardNormal() + Math.sqrt(nonc);
    return chi + n * n;
  }
  return chisquare(df + 2 * <f64>poisson(nonc / 2));
}

function laplace(loc: f64, scale: f64): f64 {
  while (true) {
    const u = nextDouble();
    if (u >= 0.5) return loc - scale * Math.log(2 - u - u);
    if (u > 0) return loc + scale * Math.log(u + u);
  }
}

function gumbel(loc: f64, scale: f64): f64 {
  while (true) {
    const u = 1 - nextDouble();
    if (u < 1) return loc - scale * Math.log(-Math.log(u));
  }
}

function logistic(loc: f64, scale: f64): f64 {
  while (true) {
    const u = nextDouble();
    if (u > 0) return loc + scale * Math.log(u / (1 - u));
  }
}

function standardT(df: f64): f64 {
  const numerator = standardNormal();
  const denominator = standardGamma(df / 2);
  return (Math.sqrt(df / 2) * numerator) / Math.sqrt(denominator);
}

function triangular(left: f64, mode: f64, right: f64): f64 {
  const base = right - left;
  const leftBase = mode - left;
  const u = nextDouble();
  if (u <= leftBase / base) return left + Math.sqrt(u * (leftBase * base));
  return right - Math.sqrt((1 - u) * ((right - mode) * base));
}

function wald(mean: f64, scale: f64): f64 {
  let y = standardNormal();
  y = mean * y * y;
  const d = 1 + Math.sqrt(1 + (4 * scale) / y);
  const x = mean * (1 - 2 / d);
  return nextDouble() <= mean / (mean + x) ? x : (mean * mean) / x;
}

function vonmisesScale(kappa: f64): f64 {
  if (kappa < 1e-5) return 1 / kappa + kappa;
  const r = 1 + Math.sqrt(1 + 4 * kappa * kappa);
  const rho = (r - Math.sqrt(2 * r)) / (2 * kappa);
  return (1 + rho * rho) / (2 * rho);
}

function vonmises(mu: f64, kappa: f64): f64 {
  if (kappa != kappa) return NaN;
  if (kappa < 1e-8) return Math.PI * (2 * nextDouble() - 1);
  if (kappa > 1e6) {
    const near = mu + Math.sqrt(1 / kappa) * standardNormal();
    if (near < -Math.PI) return near + 2 * Math.PI;
    return near > Math.PI ? near - 2 * Math.PI : near;
  }
  const s = vonmisesScale(kappa);
  let w: f64;
  while (true) {
    const z = Math.cos(Math.PI * nextDouble());
    w = (1 + s * z) / (s + z);
    const y = kappa * (s - w);
    const v = nextDouble();
    if (y * (2 - y) - v >= 0 || Math.log(y / v) + 1 - y >= 0) break;
  }
  const u = nextDouble();
  let result = Math.acos(w);
  if (u < 0.5) result = -result;
  result += mu;
  const wrapped = ((Math.abs(result) + Math.PI) % (2 * Math.PI)) - Math.PI;
  return result < 0 ? -wrapped : wrapped;
}

/** One value of distribution `which` with up to three parameters. */
export function drawContinuous(which: i32, a: f64, b: f64, c: f64): f64 {
  switch (which) {
    case 0:
      return a + b * nextDouble();
    case 1:
      return a + b * standardNormal();
    case 2:
      return a * standardExponential();
    case 3:
      return b * standardGamma(a);
    case 4:
      return beta(a, b);
    case 5:
      return chisquare(a);
    case 6: {
      const numerator = chisquare(a) * b;
      return numerator / (chisquare(b) * a);
    }
    case 7: {
      const numerator = standardNormal();
      return numerator / standardNormal();
    }
    case 8:
      return Math.expm1(standardExponential() / a);
    case 9:
      return a == 0 ? 0 : Math.pow(standardExponential(), 1 / a);
    case 10:
      return Math.pow(-Math.expm1(-standardExponential()), 1 / a);
    case 11:
      return laplace(a, b);
    case 12:
      return gumbel(a, b);
    case 13:
      return logistic(a, b);
    case 14:
      return Math.exp(a + b * standardNormal());
    case 15:
      return a * Math.sqrt(2 * standardExponential());
    case 16:
      return standardT(a);
    case 17:
      return triangular(a, b, c);
    case 18:
      return wald(a, b);
    case 19:
      return vonmises(a, b);
    case 20:
      return noncentralChisquare(a, b);
    case 21: {
      const t = noncentralChisquare(a, c) * b;
      return t / (chisquare(b) * a);
    }
    default:
      return NaN;
  }
}
