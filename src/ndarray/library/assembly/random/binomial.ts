/**
 * @file Binomial variates: inversion for small n p, the BTPE algorithm (Kachitvichyanukul &
 * Schmeiser 1988, with NumPy's 2.5 correction of its error terms) otherwise, in NumPy's order of
 * draws.
 */
import { nextDouble } from "./pcg64";

// What BTPE derives from (n, p); kept because most fills repeat one pair.
let setupN: i64 = -1;
let setupP: f64 = -1;
let r: f64, q: f64, p1: f64, p2: f64, p3: f64, p4: f64;
let xm: f64, xl: f64, xr: f64, c: f64, laml: f64, lamr: f64;
let m: i64;

export function binomial(n: i64, p: f64): i64 {
  if (n == 0 || p == 0) return 0;
  const flipped = p > 0.5;
  const less = flipped ? 1 - p : p;
  const count = less * <f64>n <= 30 ? byInversion(n, less) : byRejection(n, less);
  return flipped ? n - count : count;
}

function byInversion(n: i64, p: f64): i64 {
  const failure = 1 - p;
  const start = Math.exp(<f64>n * Math.log1p(-p));
  const mean = <f64>n * p;
  const bound = <i64>Math.min(<f64>n, mean + 10 * Math.sqrt(mean * failure + 1));
  let x: i64 = 0;
  let px = start;
  let u = nextDouble();
  while (u > px) {
    x++;
    if (x > bound) {
      x = 0;
      px = start;
      u = nextDouble();
    } else {
      u -= px;
      px = (<f64>(n - x + 1) * p * px) / (<f64>x * failure);
    }
  }
  return x;
}

function setup(n: i64, p: f64): void {
  setupN = n;
  setupP = p;
  r = Math.min(p, 1 - p);
  q = 1 - r;
  const fm = <f64>n * r + r;
  m = <i64>Math.floor(fm);
  p1 = Math.floor(2.195 * Math.sqrt(<f64>n * r * q) - 4.6 * q) + 0.5;
  xm = <f64>m + 0.5;
  xl = xm - p1;
  xr = xm + p1;
  c = 0.134 + 20.5 / (15.3 + <f64>m);
  let a = (fm - xl) / (fm - xl * r);
  laml = a * (1 + a / 2);
  a = (xr - fm) / (xr * q);
  lamr = a * (1 + a / 2);
  p2 = p1 * (1 + 2 * c);
  p3 = p2 + c / laml;
  p4 = p3 + c / lamr;
}

function byRejection(n: i64, p: f64): i64 {
  if (n != setupN || p != setupP) setup(n, p);
  while (true) {
    const u = nextDouble() * p4;
    let v = nextDouble();
    let y: i64;
    if (u <= p1) return <i64>Math.floor(xm - p1 * v + u);
    if (u <= p2) {
      const x = xl + (u - p1) / c;
      v = v * c + 1 - Math.abs(<f64>m - x + 0.5) / p1;
      if (v > 1) continue;
      y = <i64>Math.floor(x);
    } else if (u <= p3) {
      y = <i64>Math.floor(xl + Math.log(v) / laml);
      if (y < 0 || v == 0) continue;
      v = v * (u - p2) * laml;
    } else {
      y = <i64>Math.floor(xr - Math.log(v) / lamr);
      if (y > n || v == 0) continue;
      v = v * (u - p3) * lamr;
    }
    if (accepts(n, y, v)) return y;
  }
}

/** Whether a candidate under the dominating curve lies under the binomial one too. */
function accepts(n: i64, y: i64, v: f64): bool {
  const nrq = <f64>n * r * q;
  const distance = y > m ? y - m : m - y;
  const k = <f64>distance;
  if (!(distance > 20 && k < nrq / 2 - 1)) {
    const s = r / q;
    const a = s * <f64>(n + 1);
    let f: f64 = 1;
    for (let i = m + 1; i <= y; i++) f *= a / <f64>i - s;
    for (let i = y + 1; i <= m; i++) f /= a / <f64>i - s;
    return v <= f;
  }
  const rho = (k / nrq) * ((k * (k / 3 + 0.625) + 0.16666666666666666) / nrq + 0.5);
  const t = <f64>(-distance * distance) / (2 * nrq);
  const logV = Math.log(v);
  if (logV < t - rho) return true;
  if (logV > t + rho) return false;
  const x1 = <f64>y + 1;
  const f1 = <f64>m + 1;
  const z = <f64>n + 1 - <f64>m;
  const w = <f64>n - <f64>y + 1;
  const bound =
    xm * Math.log(f1 / x1) +
    (<f64>(n - m) + 0.5) * Math.log(z / w) +
    <f64>(y - m) * Math.log((w * r) / (x1 * q)) +
    stirling(f1) +
    stirling(z) -
    stirling(x1) -
    stirling(w);
  return logV <= bound;
}

/** Error term of Stirling's formula. */
function stirling(x: f64): f64 {
  const xx = x * x;
  return (13860 - (462 - (132 - (99 - 140 / xx) / xx) / xx) / xx) / x / 166320;
}
