/**
 * @file Reductions of one line of elements in JavaScript. Sums and products of floats are pairwise:
 * contiguous lines by NumPy's algorithm (eight accumulators over blocks of at most 128, halves
 * added), lines across rows in runs of 128 whose results are added like a binary counter. Both back
 * ends follow exactly these orders.
 */
import { type AnyTypedArray, type DType, isBig, kindOf } from "../../core/dtype.ts";
import type { ReduceOp } from "./rules.ts";

/** Elements added one after the other before results are combined pairwise. */
export const PAIRWISE_BLOCK = 128;

/** Combines two accumulated values, or an accumulated value and an element. */
type Combine = (a: never, b: never) => unknown;

/** Whether lines run along the innermost axis (`inner`) or across rows (`outer`). */
export type LineMode = "inner" | "outer";

/** Reduces one line of `count` >= 1 elements, `step` apart. */
export type LineReducer = (
  values: AnyTypedArray,
  at: number,
  step: number,
  count: number,
) => unknown;

/** The reducer of lines of `dtype`. */
export function lineReducer(op: ReduceOp, dtype: DType, mode: LineMode): LineReducer {
  const kind = kindOf(dtype);
  if (kind === "c") return complexReducer(op, dtype, mode);
  const combine = combineOf(op, dtype) as (a: unknown, b: unknown) => unknown;
  if (kind !== "f" || (op !== "sum" && op !== "prod")) {
    return (values, at, step, count) => {
      let result: unknown = values[at];
      for (let i = 1; i < count; i++) result = combine(result, values[at + i * step]);
      return result;
    };
  }
  const line = combine as (a: number, b: number) => number;
  const pairwise = mode === "inner" ? innerPairwise : outerPairwise;
  return (values, at, step, count) => pairwise(values as Float64Array, at, step, count, line);
}

/** How two values of `dtype` are combined; wraps integers and rounds float32. */
function combineOf(op: ReduceOp, dtype: DType): Combine {
  if (op === "min" || op === "max") return extremumOf(op, dtype);
  if (op === "any") return (a: number, b: number) => a | b;
  if (op === "all") return (a: number, b: number) => a & b;
  const sum = op === "sum";
  if (kindOf(dtype) === "f") {
    if (dtype === "float32") {
      return sum
        ? (a: number, b: number) => Math.fround(a + b)
        : (a: number, b: number) => Math.fround(a * b);
    }
    return sum ? (a: number, b: number) => a + b : (a: number, b: number) => a * b;
  }
  if (isBig(dtype)) {
    const wrap = dtype === "uint64" ? BigInt.asUintN : BigInt.asIntN;
    return sum
      ? (a: bigint, b: bigint) => wrap(64, a + b)
      : (a: bigint, b: bigint) => wrap(64, a * b);
  }
  return sum
    ? (a: number, b: number) => wrapInt(dtype, a + b)
    : (a: number, b: number) => wrapInt(dtype, Math.imul(a, b));
}

function extremumOf(op: "min" | "max", dtype: DType): Combine {
  if (kindOf(dtype) === "f") return op === "min" ? Math.min : Math.max;
  const sign = op === "min" ? 1 : -1;
  // Numbers or bigints, which Math does not take.
  return (a: number, b: number) => (sign > 0 === a < b ? a : b);
}

function wrapInt(dtype: DType, x: number): number {
  if (dtype === "int8") return (x << 24) >> 24;
  if (dtype === "int16") return (x << 16) >> 16;
  if (dtype === "uint8" || dtype === "bool") return x & 255;
  if (dtype === "uint16") return x & 65535;
  return dtype === "uint32" ? x >>> 0 : x | 0;
}

/** NumPy's `pairwise_sum`. */
function innerPairwise(
  v: Float64Array,
  at: number,
  step: number,
  n: number,
  line: (a: number, b: number) => number,
): number {
  const get = (i: number): number => v[at + i * step] as number;
  if (n < 8) {
    let result = get(0);
    for (let i = 1; i < n; i++) result = line(result, get(i));
    return result;
  }
  if (n <= PAIRWISE_BLOCK) {
    const r = [0, 1, 2, 3, 4, 5, 6, 7].map(get) as number[];
    let i = 8;
    for (; i < n - (n % 8); i += 8) {
      for (let k = 0; k < 8; k++) r[k] = line(r[k] as number, get(i + k));
    }
    const [a, b, c, d, e, f, g, h] = r as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    let result = line(line(line(a, b), line(c, d)), line(line(e, f), line(g, h)));
    for (; i < n; i++) result = line(result, get(i));
    return result;
  }
  let half = Math.floor(n / 2);
  half -= half % 8;
  const left = innerPairwise(v, at, step, half, line);
  return line(left, innerPairwise(v, at + half * step, step, n - half, line));
}

function outerPairwise(
  v: Float64Array,
  at: number,
  step: number,
  n: number,
  line: (a: number, b: number) => number,
): number {
  const stack: number[] = [];
  for (let start = 0, block = 1; start < n; start += PAIRWISE_BLOCK, block++) {
    const end = Math.min(n, start + PAIRWISE_BLOCK);
    let result = v[at + start * step] as number;
    for (let i = start + 1; i < end; i++) result = line(result, v[at + i * step] as number);
    for (let b = block; b % 2 === 0; b /= 2) result = line(stack.pop() as number, result);
    stack.push(result);
  }
  return stack.reduceRight((later, earlier) => line(earlier, later));
}

function complexReducer(op: ReduceOp, dtype: DType, mode: LineMode): LineReducer {
  if (op === "sum") {
    const part = lineReducer("sum", dtype === "complex64" ? "float32" : "float64", mode);
    return (values, at, step, count) => [
      part(values, 2 * at, 2 * step, count),
      part(values, 2 * at + 1, 2 * step, count),
    ];
  }
  return (values, at, step, count) => {
    const get = (i: number): [number, number] => [
      values[2 * (at + i * step)] as number,
      values[2 * (at + i * step) + 1] as number,
    ];
    let result = get(0);
    for (let i = 1; i < count; i++) result = combineComplex(op, result, get(i));
    return dtype === "complex64" ? result.map(Math.fround) : result;
  };
}

function combineComplex(
  op: ReduceOp,
  a: readonly [number, number],
  b: readonly [number, number],
): [number, number] {
  if (op === "prod") return [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
  if (a.some(Number.isNaN)) return [a[0], a[1]];
  if (b.some(Number.isNaN)) return [b[0], b[1]];
  const order = a[0] === b[0] ? a[1] - b[1] : a[0] - b[0];
  const first = op === "min" ? order <= 0 : order >= 0;
  return first ? [a[0], a[1]] : [b[0], b[1]];
}

/**
 * Index of the first smallest or largest of `count` >= 1 elements; NaN beats every number, as in
 * NumPy.
 */
export function argLine(
  op: "argmin" | "argmax",
  dtype: DType,
  values: AnyTypedArray,
  offsets: { next(): number },
  count: number,
): number {
  const complex = kindOf(dtype) === "c";
  const get = (at: number): unknown =>
    complex ? [values[2 * at], values[2 * at + 1]] : values[at];
  const better = complex ? complexBetter(op) : realBetter(op);
  let best = get(offsets.next());
  let index = 0;
  if (isNaNValue(best)) return 0;
  for (let i = 1; i < count; i++) {
    const value = get(offsets.next());
    if (isNaNValue(value)) return i;
    if (better(value as never, best as never)) {
      best = value;
      index = i;
    }
  }
  return index;
}

function realBetter(op: "argmin" | "argmax"): (a: number, b: number) => boolean {
  return op === "argmin" ? (a, b) => a < b : (a, b) => a > b;
}

function complexBetter(op: "argmin" | "argmax"): (a: number[], b: number[]) => boolean {
  const better = realBetter(op);
  return (a, b) => {
    const part = a[0] === b[0] ? 1 : 0;
    return better(a[part] as number, b[part] as number);
  };
}

function isNaNValue(x: unknown): boolean {
  return Array.isArray(x) ? x.some(Number.isNaN) : Number.isNaN(x);
}
