/**
 * @file From the kernel IR to the machine graph. Kernels that hold a complex dtype are not lowered;
 * dates and time spans are their ticks.
 */
import { type DType, isInteger } from "../../../core/dtype.ts";
import type { Kernel, KernelNode } from "../ir.ts";
import { neededNodes } from "../js-source.ts";
import type { BinaryOp, UnaryOp } from "../rules.ts";
import { isFloat, type Lane, laneBytes, laneOf, Machine } from "./machine.ts";
import { floatFunction, floatPair, floatPower } from "./math.ts";

/** A kernel's expression as a machine graph. */
export interface Lowered {
  readonly machine: Machine;
  readonly output: number;
  /** Nodes of the kernel that are parameters, in order. */
  readonly params: readonly number[];
}

/** Lowers what is stored or reduced; undefined when some part is not available. */
export function lowerKernel(kernel: Kernel): Lowered | undefined {
  const machine = new Machine();
  const values: number[] = [];
  const params: number[] = [];
  const needed = neededNodes(kernel);
  for (const [i, node] of kernel.nodes.entries()) {
    if (!needed.has(i)) continue;
    const lane = laneOf(node.dtype);
    if (lane === undefined) return undefined;
    if (node.kind === "scalar") params.push(i);
    const value = lowerNode(machine, kernel, node, lane, values);
    if (value === undefined) return undefined;
    values[i] = value;
  }
  return { machine, output: values[kernel.output] as number, params };
}

function lowerNode(
  m: Machine,
  kernel: Kernel,
  node: KernelNode,
  lane: Lane,
  values: readonly number[],
): number | undefined {
  const value = (i: number): number => values[i] as number;
  switch (node.kind) {
    case "input":
      return m.load(lane, node.index);
    case "scalar":
      return m.param(lane);
    case "cast":
      return lowerCast(m, value(node.arg), lane);
    case "where":
      return m.select(value(node.condition), value(node.left), value(node.right));
    case "unary": {
      const dtype = (kernel.nodes[node.arg] as KernelNode).dtype;
      return lowerUnary(m, node.op, value(node.arg), dtype);
    }
    case "binary":
      return lowerBinary(m, node.op, value(node.left), value(node.right));
  }
}

/**
 * A cast with NumPy's meaning: to bool is "not zero", float to integer truncates (what does not fit
 * as on x86), integers wrap.
 */
export function lowerCast(m: Machine, x: number, lane: Lane): number {
  const from = m.laneOf(x);
  if (from === lane) return x;
  if (lane === "b") return m.compare("ne", x, m.const(from, 0));
  if (from === "b" || !isFloat(from)) {
    // Small integers reach floats by way of 32 bits, which vectors can convert.
    if (isFloat(lane) && from !== "b" && laneBytes(from) < 4)
      return m.convert(m.convert(x, "i32"), lane);
    return m.convert(x, lane);
  }
  if (isFloat(lane)) return m.convert(x, lane);
  const wide = m.convert(x, "f64");
  if (lane === "i32" || lane === "i64") return bounded(m, wide, lane);
  if (lane === "u32") return m.convert(bounded(m, wide, "i64"), "u32");
  if (lane !== "u64") return m.convert(bounded(m, wide, "i32"), lane);
  const fits = m.compare("lt", wide, m.const("f64", 2 ** 64));
  const positive = m.select(fits, m.convert(wide, "u64"), m.const("u64", 0));
  const other = m.convert(bounded(m, wide, "i64"), "u64");
  return m.select(m.compare("gt", wide, m.const("f64", 0)), positive, other);
}

/**
 * Truncation of what fits; the smallest integer for the rest and for NaN, as the conversions of x86
 * give, and so NumPy there. (WebAssembly's go to the nearest integer, and to 0 for NaN.)
 */
function bounded(m: Machine, wide: number, lane: "i32" | "i64"): number {
  const bits = laneBytes(lane) * 8 - 1;
  const fits = m.compare("lt", wide, m.const("f64", 2 ** bits));
  return m.select(fits, m.convert(wide, lane), m.const(lane, -(2n ** BigInt(bits))));
}

function lowerUnary(m: Machine, op: UnaryOp, x: number, dtype: DType): number | undefined {
  const lane = m.laneOf(x);
  if (lane === "b") return lowerBoolUnary(m, op, x);
  if (isFloat(lane)) return lowerFloatUnary(m, op, x, lane);
  return isInteger(dtype) ? lowerIntUnary(m, op, x, lane) : undefined;
}

function lowerBoolUnary(m: Machine, op: UnaryOp, x: number): number | undefined {
  if (op === "invert" || op === "logicalNot") return m.same("not", x);
  if (op === "absolute") return x;
  if (op === "isfinite") return m.const("b", 1);
  return op === "isnan" || op === "isinf" || op === "signbit" || op === "imag"
    ? m.const("b", 0)
    : undefined;
}

function lowerIntUnary(m: Machine, op: UnaryOp, x: number, lane: Lane): number | undefined {
  const zero = m.const(lane, 0);
  const one = m.const(lane, 1);
  switch (op) {
    case "negative":
      return m.same("neg", x);
    case "absolute":
      return lane.startsWith("u") ? x : m.same("abs", x);
    case "square":
      return multiply(m, x, x);
    case "invert":
      return m.same("not", x);
    case "sign": {
      const positive = m.compare("gt", x, zero);
      if (lane.startsWith("u")) return m.select(positive, one, zero);
      return m.select(positive, one, m.select(m.compare("lt", x, zero), m.const(lane, -1), zero));
    }
    case "reciprocal": {
      const unit = m.compare("eq", x, one);
      if (lane.startsWith("u")) return m.select(unit, one, zero);
      return m.select(m.same("or", unit, m.compare("eq", x, m.const(lane, -1))), x, zero);
    }
    case "signbit":
      return m.compare("lt", x, zero);
    case "isfinite":
      return m.const("b", 1);
    case "isnan":
    case "isinf":
      return m.const("b", 0);
    case "imag":
      return zero;
    default:
      return undefined;
  }
}

function lowerFloatUnary(
  m: Machine,
  op: UnaryOp,
  x: number,
  lane: "f32" | "f64",
): number | undefined {
  const zero = m.const(lane, 0);
  const one = m.const(lane, 1);
  const infinity = m.const(lane, Number.POSITIVE_INFINITY);
  switch (op) {
    case "negative":
      return m.same("neg", x);
    case "absolute":
      return m.same("abs", x);
    case "sqrt":
    case "floor":
    case "ceil":
    case "trunc":
      return m.same(op, x);
    case "rint":
      return m.same("nearest", x);
    case "square":
      return m.same("mul", x, x);
    case "reciprocal":
      return m.same("div", one, x);
    case "conjugate":
    case "real":
      return x;
    case "imag":
      return zero;
    case "sign": {
      const negative = m.select(
        m.compare("lt", x, zero),
        m.const(lane, -1),
        m.same("mul", x, zero),
      );
      return m.select(m.compare("gt", x, zero), one, m.same("add", negative, zero));
    }
    case "isnan":
      return m.compare("ne", x, x);
    case "isinf":
      return m.compare("eq", m.same("abs", x), infinity);
    case "isfinite":
      return m.compare("lt", m.same("abs", x), infinity);
    case "signbit": {
      const integer = lane === "f32" ? "i32" : "i64";
      return m.compare("lt", m.bits(x, integer), m.const(integer, 0));
    }
    case "angle":
    case "invert":
    case "logicalNot":
    case "positive":
      return undefined;
    default:
      return floatFunction(m, op, x);
  }
}

const COMPARISONS = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
} as const;

function lowerBinary(m: Machine, op: BinaryOp, x: number, y: number): number | undefined {
  const lane = m.laneOf(x);
  if (op in COMPARISONS) {
    const compare = COMPARISONS[op as keyof typeof COMPARISONS];
    // Booleans are compared as the numbers 0 and 1.
    if (lane !== "b") return m.compare(compare, x, y);
    return m.compare(compare, m.convert(x, "i8"), m.convert(y, "i8"));
  }
  if (lane === "b") return lowerBoolBinary(m, op, x, y);
  return isFloat(lane) ? lowerFloatBinary(m, op, x, y, lane) : lowerIntBinary(m, op, x, y, lane);
}

function lowerBoolBinary(m: Machine, op: BinaryOp, x: number, y: number): number | undefined {
  if (["add", "maximum", "fmax", "bitwiseOr", "logicalOr"].includes(op)) return m.same("or", x, y);
  if (["multiply", "minimum", "fmin", "bitwiseAnd", "logicalAnd"].includes(op)) {
    return m.same("and", x, y);
  }
  return op === "bitwiseXor" || op === "logicalXor" ? m.same("xor", x, y) : undefined;
}

function lowerFloatBinary(
  m: Machine,
  op: BinaryOp,
  x: number,
  y: number,
  lane: "f32" | "f64",
): number | undefined {
  const ignoreNaN = (extreme: "min" | "max"): number =>
    m.select(m.compare("ne", x, x), y, m.select(m.compare("ne", y, y), x, m.same(extreme, x, y)));
  switch (op) {
    case "add":
      return m.same("add", x, y);
    case "subtract":
      return m.same("sub", x, y);
    case "multiply":
      return m.same("mul", x, y);
    case "divide":
      return m.same("div", x, y);
    case "maximum":
      return m.same("max", x, y);
    case "minimum":
      return m.same("min", x, y);
    case "fmax":
      return ignoreNaN("max");
    case "fmin":
      return ignoreNaN("min");
    case "copysign":
      return copysign(m, x, y, lane);
    case "power":
      return floatPower(m, x, y);
    case "arctan2":
    case "hypot":
    case "logaddexp":
    case "fmod":
    case "remainder":
    case "floorDivide":
      return floatPair(m, op, x, y);
    default:
      return undefined;
  }
}

function copysign(m: Machine, x: number, y: number, lane: "f32" | "f64"): number {
  const integer = lane === "f32" ? "u32" : "u64";
  const sign = m.const(integer, lane === "f32" ? 2n ** 31n : 2n ** 63n);
  const size = m.bits(m.same("abs", x), integer);
  return m.bits(m.same("or", size, m.same("and", m.bits(y, integer), sign)), lane);
}

function lowerIntBinary(
  m: Machine,
  op: BinaryOp,
  x: number,
  y: number,
  lane: Lane,
): number | undefined {
  switch (op) {
    case "add":
      return m.same("add", x, y);
    case "subtract":
      return m.same("sub", x, y);
    case "multiply":
      return multiply(m, x, y);
    case "maximum":
    case "fmax":
      return m.same("max", x, y);
    case "minimum":
    case "fmin":
      return m.same("min", x, y);
    case "bitwiseAnd":
      return m.same("and", x, y);
    case "bitwiseOr":
      return m.same("or", x, y);
    case "bitwiseXor":
      return m.same("xor", x, y);
    case "floorDivide":
    case "remainder":
    case "fmod":
      return integerDivision(m, op, x, y, lane);
    case "leftShift":
    case "rightShift":
      return shift(m, op, x, y, lane);
    default:
      return undefined;
  }
}

/** Vectors have no 8-bit multiplication; 16 bits wrap to the same 8. */
function multiply(m: Machine, x: number, y: number): number {
  const lane = m.laneOf(x);
  if (laneBytes(lane) > 1) return m.same("mul", x, y);
  return m.convert(m.same("mul", m.convert(x, "i16"), m.convert(y, "i16")), lane);
}

/** Division that never traps: by 0 gives 0, the smallest integer by -1 wraps. */
function integerDivision(
  m: Machine,
  op: "floorDivide" | "remainder" | "fmod",
  x: number,
  y: number,
  lane: Lane,
): number {
  const [zero, one] = [m.const(lane, 0), m.const(lane, 1)];
  const byZero = m.compare("eq", y, zero);
  if (lane.startsWith("u")) {
    const divisor = m.select(byZero, one, y);
    return m.select(byZero, zero, m.same(op === "floorDivide" ? "div" : "rem", x, divisor));
  }
  const byMinusOne = m.compare("eq", y, m.const(lane, -1));
  const divisor = m.select(m.same("or", byZero, byMinusOne), one, y);
  const rest = m.same("rem", x, divisor);
  if (op === "fmod") return rest;
  const signsDiffer = m.compare("lt", m.same("xor", rest, y), zero);
  const adjust = m.same("and", m.compare("ne", rest, zero), signsDiffer);
  if (op === "remainder") return m.select(adjust, m.same("add", rest, y), rest);
  const quotient = m.same("div", x, divisor);
  const floored = m.select(adjust, m.same("sub", quotient, one), quotient);
  return m.select(byZero, zero, m.select(byMinusOne, m.same("neg", x), floored));
}

/** Shifts by counts that differ between lanes; counts out of range shift all bits out. */
function shift(
  m: Machine,
  op: "leftShift" | "rightShift",
  x: number,
  y: number,
  lane: Lane,
): number {
  const zero = m.const(lane, 0);
  const bits = laneBytes(lane) * 8;
  const inRange = m.same("and", m.compare("ge", y, zero), m.compare("lt", y, m.const(lane, bits)));
  const count = m.select(inRange, y, zero);
  const shifted = m.same(op === "leftShift" ? "shl" : "shr", x, count);
  if (op === "leftShift" || lane.startsWith("u")) return m.select(inRange, shifted, zero);
  const signs = m.shr(x, bits - 1);
  return m.select(inRange, shifted, signs);
}
