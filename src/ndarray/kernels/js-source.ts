/**
 * @file The reference back end: a kernel's expression as the source of one JavaScript loop. Numbers
 * of up to 32 bits and floats are JavaScript numbers wrapped or rounded after every step, 64-bit
 * integers are bigints, complex values are `[re, im]` pairs.
 */
import { type DType, isBig, itemsizeOf, kindOf, realOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import type { Kernel, KernelNode } from "./ir.ts";
import type { BinaryOp, UnaryOp } from "./rules.ts";

/** How values of a dtype are represented in generated code. */
type Family = "float" | "int" | "big" | "complex" | "bool";

function familyOf(dtype: DType): Family {
  if (dtype === "bool") return "bool";
  const kind = kindOf(dtype);
  if (kind === "f") return "float";
  if (kind === "c") return "complex";
  return isBig(dtype) ? "big" : "int";
}

/** Source that brings a raw result back into the dtype: wraps integers, rounds float32. */
function settle(dtype: DType, x: string): string {
  switch (dtype) {
    case "float32":
      return `Math.fround(${x})`;
    case "int8":
      return `((${x}) << 24 >> 24)`;
    case "int16":
      return `((${x}) << 16 >> 16)`;
    case "int32":
      return `((${x}) | 0)`;
    case "uint8":
      return `((${x}) & 255)`;
    case "uint16":
      return `((${x}) & 65535)`;
    case "uint32":
      return `((${x}) >>> 0)`;
    case "uint64":
      return `BigInt.asUintN(64, ${x})`;
    case "complex64":
      return `h.froundPair(${x})`;
    default:
      return isBig(dtype) ? `BigInt.asIntN(64, ${x})` : x;
  }
}

const FLOAT_UNARY: Partial<Record<UnaryOp, string>> = {
  sqrt: "Math.sqrt(x)",
  cbrt: "Math.cbrt(x)",
  exp: "Math.exp(x)",
  exp2: "h.power(2, x)",
  expm1: "Math.expm1(x)",
  log: "Math.log(x)",
  log2: "Math.log2(x)",
  log10: "Math.log10(x)",
  log1p: "Math.log1p(x)",
  sin: "Math.sin(x)",
  cos: "Math.cos(x)",
  tan: "Math.tan(x)",
  arcsin: "Math.asin(x)",
  arccos: "Math.acos(x)",
  arctan: "Math.atan(x)",
  sinh: "Math.sinh(x)",
  cosh: "Math.cosh(x)",
  tanh: "Math.tanh(x)",
  arcsinh: "Math.asinh(x)",
  arccosh: "Math.acosh(x)",
  arctanh: "Math.atanh(x)",
  degrees: "(x * (180 / Math.PI))",
  radians: "(x * (Math.PI / 180))",
  rint: "h.rint(x)",
  floor: "Math.floor(x)",
  ceil: "Math.ceil(x)",
  trunc: "Math.trunc(x)",
  negative: "(-x)",
  absolute: "Math.abs(x)",
  sign: "h.sign(x)",
  square: "(x * x)",
  reciprocal: "(1 / x)",
  conjugate: "x",
  real: "x",
  imag: "0",
  angle: "(x < 0 ? Math.PI : x >= 0 ? 0 : NaN)",
  isnan: "(x !== x ? 1 : 0)",
  isinf: "(x === Infinity || x === -Infinity ? 1 : 0)",
  isfinite: "(x - x === 0 ? 1 : 0)",
  signbit: "(x < 0 || Object.is(x, -0) ? 1 : 0)",
};

const INT_UNARY: Partial<Record<UnaryOp, string>> = {
  negative: "(-x)",
  absolute: "(x < 0 ? -x : x)",
  sign: "(x > 0 ? 1 : x < 0 ? -1 : 0)",
  square: "Math.imul(x, x)",
  reciprocal: "(x === 1 || x === -1 ? x : 0)",
  invert: "(~x)",
  imag: "0",
  isnan: "0",
  isinf: "0",
  isfinite: "1",
  signbit: "(x < 0 ? 1 : 0)",
};

const BIG_UNARY: Partial<Record<UnaryOp, string>> = {
  negative: "(-x)",
  absolute: "(x < 0n ? -x : x)",
  sign: "(x > 0n ? 1n : x < 0n ? -1n : 0n)",
  square: "(x * x)",
  reciprocal: "(x === 1n || x === -1n ? x : 0n)",
  invert: "(~x)",
  imag: "0n",
  isnan: "0",
  isinf: "0",
  isfinite: "1",
  signbit: "(x < 0n ? 1 : 0)",
};

const BOOL_UNARY: Partial<Record<UnaryOp, string>> = {
  invert: "(x ^ 1)",
  logicalNot: "(x ^ 1)",
  absolute: "x",
  imag: "0",
  isnan: "0",
  isinf: "0",
  isfinite: "1",
  signbit: "0",
};

const COMPLEX_UNARY: Partial<Record<UnaryOp, string>> = {
  sqrt: "h.complex.sqrt(x)",
  exp: "h.complex.exp(x)",
  log: "h.complex.log(x)",
  log2: "h.complex.scale(h.complex.log(x), Math.LOG2E)",
  log10: "h.complex.scale(h.complex.log(x), Math.LOG10E)",
  exp2: "h.complex.exp(h.complex.scale(x, Math.LN2))",
  expm1: "h.complex.expm1(x)",
  log1p: "h.complex.log1p(x)",
  arcsin: "h.complex.arcsin(x)",
  arccos: "h.complex.arccos(x)",
  arctan: "h.complex.arctan(x)",
  arcsinh: "h.complex.arcsinh(x)",
  arccosh: "h.complex.arccosh(x)",
  arctanh: "h.complex.arctanh(x)",
  sin: "h.complex.sin(x)",
  cos: "h.complex.cos(x)",
  tan: "h.complex.tan(x)",
  sinh: "h.complex.sinh(x)",
  cosh: "h.complex.cosh(x)",
  tanh: "h.complex.tanh(x)",
  rint: "[h.rint(x[0]), h.rint(x[1])]",
  negative: "[-x[0], -x[1]]",
  absolute: "Math.hypot(x[0], x[1])",
  sign: "h.complex.sign(x)",
  square: "h.complex.multiply(x, x)",
  reciprocal: "h.complex.reciprocal(x)",
  conjugate: "[x[0], -x[1]]",
  real: "x[0]",
  imag: "x[1]",
  angle: "Math.atan2(x[1], x[0])",
  isnan: "(x[0] !== x[0] || x[1] !== x[1] ? 1 : 0)",
  isinf: "(Math.abs(x[0]) === Infinity || Math.abs(x[1]) === Infinity ? 1 : 0)",
  isfinite: "(x[0] - x[0] === 0 && x[1] - x[1] === 0 ? 1 : 0)",
};

const FLOAT_BINARY: Partial<Record<BinaryOp, string>> = {
  add: "(x + y)",
  subtract: "(x - y)",
  multiply: "(x * y)",
  divide: "(x / y)",
  floorDivide: "h.floorDivide(x, y)",
  remainder: "h.remainder(x, y)",
  fmod: "(x % y)",
  power: "h.power(x, y)",
  maximum: "Math.max(x, y)",
  minimum: "Math.min(x, y)",
  fmax: "(x !== x ? y : y !== y ? x : Math.max(x, y))",
  fmin: "(x !== x ? y : y !== y ? x : Math.min(x, y))",
  arctan2: "Math.atan2(x, y)",
  hypot: "Math.hypot(x, y)",
  copysign: "h.copysign(x, y)",
  logaddexp: "h.logaddexp(x, y)",
};

const INT_BINARY: Partial<Record<BinaryOp, string>> = {
  add: "(x + y)",
  subtract: "(x - y)",
  multiply: "Math.imul(x, y)",
  floorDivide: "h.intFloorDivide(x, y)",
  remainder: "h.intRemainder(x, y)",
  fmod: "h.intFmod(x, y)",
  power: "h.intPower(x, y)",
  maximum: "(x > y ? x : y)",
  minimum: "(x < y ? x : y)",
  fmax: "(x > y ? x : y)",
  fmin: "(x < y ? x : y)",
  bitwiseAnd: "(x & y)",
  bitwiseOr: "(x | y)",
  bitwiseXor: "(x ^ y)",
  leftShift: "h.shiftLeft(x, y, BITS)",
  rightShift: "h.shiftRight(x, y, BITS)",
};

const BIG_BINARY: Partial<Record<BinaryOp, string>> = {
  ...INT_BINARY,
  multiply: "(x * y)",
  floorDivide: "h.bigFloorDivide(x, y)",
  remainder: "h.bigRemainder(x, y)",
  fmod: "h.bigFmod(x, y)",
  power: "h.bigPower(x, y)",
  leftShift: "h.bigShiftLeft(x, y)",
  rightShift: "h.bigShiftRight(x, y)",
};

const BOOL_BINARY: Partial<Record<BinaryOp, string>> = {
  add: "(x | y)",
  multiply: "(x & y)",
  maximum: "(x | y)",
  minimum: "(x & y)",
  fmax: "(x | y)",
  fmin: "(x & y)",
  bitwiseAnd: "(x & y)",
  bitwiseOr: "(x | y)",
  bitwiseXor: "(x ^ y)",
  logicalAnd: "(x & y)",
  logicalOr: "(x | y)",
  logicalXor: "(x ^ y)",
};

const COMPLEX_BINARY: Partial<Record<BinaryOp, string>> = {
  add: "[x[0] + y[0], x[1] + y[1]]",
  subtract: "[x[0] - y[0], x[1] - y[1]]",
  multiply: "h.complex.multiply(x, y)",
  divide: "h.complex.divide(x, y)",
  power: "h.complex.power(x, y)",
  maximum: "h.complex.maximum(x, y)",
  minimum: "h.complex.minimum(x, y)",
  fmax: "h.complex.fmax(x, y)",
  fmin: "h.complex.fmin(x, y)",
};

const COMPARE: Partial<Record<BinaryOp, string>> = {
  equal: "===",
  notEqual: "!==",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
};

const UNARY: Readonly<Record<Family, Partial<Record<UnaryOp, string>>>> = {
  float: FLOAT_UNARY,
  int: INT_UNARY,
  big: BIG_UNARY,
  bool: BOOL_UNARY,
  complex: COMPLEX_UNARY,
};

const BINARY: Readonly<Record<Family, Partial<Record<BinaryOp, string>>>> = {
  float: FLOAT_BINARY,
  int: INT_BINARY,
  big: BIG_BINARY,
  bool: BOOL_BINARY,
  complex: COMPLEX_BINARY,
};

/** Source of a cast; `x` is the value's name. */
function castSource(from: DType, to: DType, x: string): string {
  const [source, target] = [familyOf(from), familyOf(to)];
  if (source === "complex") {
    if (target === "complex") return settle(to, x);
    if (target === "bool") return `(${x}[0] !== 0 || ${x}[1] !== 0 ? 1 : 0)`;
    return castSource(realOf(from), to, `${x}[0]`);
  }
  if (target === "bool") return source === "big" ? `(${x} !== 0n ? 1 : 0)` : `(${x} !== 0 ? 1 : 0)`;
  if (target === "complex") return `[${castSource(from, realOf(to), x)}, 0]`;
  if (target === "float") {
    if (source !== "big") return settle(to, x);
    return to === "float32" ? `h.bigToFloat32(${x})` : `Number(${x})`;
  }
  if (target === "big") {
    if (source === "big") return settle(to, x);
    if (source !== "float") return settle(to, `BigInt(${x})`);
    const helper = to === "uint64" ? "floatToUnsignedBig" : "floatToBig";
    return settle(to, `h.${helper}(${x})`);
  }
  if (source === "big") return settle(to, `Number(BigInt.asIntN(32, ${x}))`);
  const helper = to === "uint32" ? "floatToUint32" : "floatToInt";
  return settle(to, source === "float" ? `h.${helper}(${x})` : x);
}

function unarySource(op: UnaryOp, of: DType, result: DType): string {
  const source = UNARY[familyOf(of)][op];
  if (source === undefined) throw noSource(op, of);
  return settle(result, source);
}

function binarySource(op: BinaryOp, of: DType, result: DType): string {
  const family = familyOf(of);
  const operator = COMPARE[op];
  if (operator !== undefined) {
    if (family !== "complex") return `(x ${operator} y ? 1 : 0)`;
    if (op === "notEqual") return "(h.complex.compare(x, y) !== 0 ? 1 : 0)";
    return `(h.complex.compare(x, y) ${operator} 0 ? 1 : 0)`;
  }
  const source = BINARY[family][op];
  if (source === undefined) throw noSource(op, of);
  return settle(result, source.replace("BITS", String(itemsizeOf(of) * 8)));
}

function noSource(op: string, dtype: DType): HeddleError {
  return new HeddleError("NotSupported", `${op} is not available for ${dtype}.`, {
    fields: { op, dtype },
  });
}

/** The value of one node, from names `v<i>` of earlier ones. */
function nodeSource(kernel: Kernel, node: KernelNode, index: number): string {
  const dtypeOf = (i: number): DType => (kernel.nodes[i] as KernelNode).dtype;
  switch (node.kind) {
    case "input":
      if (kindOf(node.dtype) === "c")
        return `[a${node.index}[2*p${node.index}], a${node.index}[2*p${node.index}+1]]`;
      return `a${node.index}[p${node.index}]`;
    case "scalar":
      return `s[${index}]`;
    case "cast":
      return castSource(dtypeOf(node.arg), node.dtype, `v${node.arg}`);
    case "unary": {
      const source = unarySource(node.op, dtypeOf(node.arg), node.dtype);
      return source.replace(/\bx\b/g, `v${node.arg}`);
    }
    case "binary": {
      const source = binarySource(node.op, dtypeOf(node.left), node.dtype);
      return source.replace(/\bx\b/g, `v${node.left}`).replace(/\by\b/g, `v${node.right}`);
    }
    case "where":
      return `(v${node.condition} ? v${node.left} : v${node.right})`;
  }
}

/**
 * The loop as source of a function `(h, s, n, out, p, t, a0, p0, t0, a1, …)`: helpers, scalars by
 * node, count, then for the result and every input its typed array, first position and stride.
 * Reads only nodes that the output needs.
 */
export function loopSource(kernel: Kernel): { parameters: string[]; body: string } {
  const needed = neededNodes(kernel);
  const inputs = kernel.inputs.map((_, i) => i);
  const lines: string[] = [];
  kernel.nodes.forEach((node, i) => {
    if (needed.has(i)) lines.push(`const v${i} = ${nodeSource(kernel, node, i)};`);
  });
  const output = kernel.nodes[kernel.output] as KernelNode;
  const value = `v${kernel.output}`;
  const store =
    kindOf(output.dtype) === "c"
      ? `out[2*p] = ${value}[0]; out[2*p+1] = ${value}[1];`
      : `out[p] = ${value};`;
  const advance = ["p += t;", ...inputs.map((i) => `p${i} += t${i};`)].join(" ");
  const body = `for (let i = 0; i < n; i++) {\n${lines.join("\n")}\n${store}\n${advance}\n}`;
  const parameters = [
    "h",
    "s",
    "n",
    "out",
    "p",
    "t",
    ...inputs.flatMap((i) => [`a${i}`, `p${i}`, `t${i}`]),
  ];
  return { parameters, body };
}

/** Indices of the nodes on which the output depends. */
export function neededNodes(kernel: Kernel): Set<number> {
  const needed = new Set<number>();
  const visit = (i: number): void => {
    if (needed.has(i)) return;
    needed.add(i);
    const node = kernel.nodes[i] as KernelNode;
    if (node.kind === "cast" || node.kind === "unary") visit(node.arg);
    if (node.kind === "where") visit(node.condition);
    if (node.kind === "where" || node.kind === "binary") {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(kernel.output);
  return needed;
}
