/**
 * @file Elementary functions as machine operations, so that they are inlined and run in vectors.
 * `functions/` has the formulas. Arguments for which a formula does not hold (too large for the
 * quick reduction, near the ends of the range) call the host's function, element by element.
 */
import type { UnaryOp } from "../rules.ts";
import * as exponential from "./functions/exponential.ts";
import { Floats } from "./functions/floats.ts";
import * as logarithm from "./functions/logarithm.ts";
import { cubeRoot, hypotenuse, power, singlePower } from "./functions/power.ts";
import { singleExp, singleLog, singleSine, singleTanh } from "./functions/single.ts";
import * as trigonometric from "./functions/trigonometric.ts";
import type { Machine } from "./machine.ts";

type Write = (f: Floats, x: number) => number;

const DOUBLE: Readonly<Partial<Record<UnaryOp, Write>>> = {
  exp: exponential.exp,
  exp2: exponential.exp2,
  expm1: exponential.expm1,
  sinh: exponential.sinh,
  cosh: exponential.cosh,
  tanh: exponential.tanh,
  log: logarithm.log,
  log2: logarithm.log2,
  log10: logarithm.log10,
  log1p: logarithm.log1p,
  arcsinh: logarithm.arcsinh,
  arccosh: logarithm.arccosh,
  arctanh: logarithm.arctanh,
  sin: (f, x) => trigonometric.sine(f, x, "sin"),
  cos: (f, x) => trigonometric.sine(f, x, "cos"),
  tan: trigonometric.tangent,
  arcsin: trigonometric.arcsin,
  arccos: trigonometric.arccos,
  arctan: trigonometric.arctan,
  cbrt: cubeRoot,
  degrees: (f, x) => f.mul(x, f.c(180 / Math.PI)),
  radians: (f, x) => f.mul(x, f.c(Math.PI / 180)),
};

const SINGLE: Readonly<Partial<Record<UnaryOp, Write>>> = {
  exp: singleExp,
  log: singleLog,
  sin: (f, x) => singleSine(f, x, "sin"),
  cos: (f, x) => singleSine(f, x, "cos"),
  tanh: singleTanh,
};

/** A function of a float; undefined when there is none of that name. */
export function floatFunction(m: Machine, op: UnaryOp, x: number): number | undefined {
  const single = SINGLE[op];
  if (m.laneOf(x) === "f32" && single !== undefined) return single(new Floats(m, "f32"), x);
  const double = DOUBLE[op];
  if (double === undefined) return undefined;
  return inDouble(m, [x], (f, [a]) => double(f, a as number));
}

/** The power of C: 1 to any power is 1. */
export function floatPower(m: Machine, x: number, y: number): number {
  const write = m.laneOf(x) === "f32" ? singlePower : power;
  return inDouble(m, [x, y], (f, [a, b]) => write(f, a as number, b as number));
}

/** The functions of two floats that machine graphs have, by name; others call the host. */
export function floatPair(m: Machine, op: string, x: number, y: number): number {
  const write = { arctan2: trigonometric.arctan2, hypot: hypotenuse }[op];
  return inDouble(m, [x, y], (f, [a, b]) =>
    write === undefined ? m.call(op, a as number, b as number) : write(f, a as number, b as number),
  );
}

/** Computes in float64; of float32 operands the result is rounded once. */
function inDouble(
  m: Machine,
  args: readonly number[],
  write: (f: Floats, args: readonly number[]) => number,
): number {
  const lane = m.laneOf(args[0] as number);
  const wide = args.map((x) => m.convert(x, "f64"));
  return m.convert(write(new Floats(m, "f64"), wide), lane);
}
