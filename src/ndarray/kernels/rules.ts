/**
 * @file The elementwise operations and reductions that kernels know, and which dtype each computes
 * in and returns: NumPy's rules, with weak JavaScript scalars (NEP 50). There is no float16: where
 * NumPy would use it (the sine of an int8), float32 is used.
 */
import {
  type DType,
  dtypeOfScalar,
  isInteger,
  isScalar,
  kindOf,
  promote,
  promoteScalar,
  realOf,
  type Scalar,
} from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";

const FLOAT_UNARY = [
  "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
  "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
  "degrees", "radians", "rint",
] as const; // biome-ignore format: a table
const SAME_UNARY = [
  "positive",
  "negative",
  "absolute",
  "sign",
  "square",
  "reciprocal",
  "floor",
  "ceil",
  "trunc",
  "conjugate",
  "invert",
  "real",
  "imag",
  "angle",
] as const;
const TEST_UNARY = ["isnan", "isinf", "isfinite", "signbit", "logicalNot"] as const;

const ARITHMETIC = [
  "add",
  "subtract",
  "multiply",
  "divide",
  "floorDivide",
  "remainder",
  "fmod",
  "power",
  "maximum",
  "minimum",
  "fmax",
  "fmin",
] as const;
const FLOAT_BINARY = ["arctan2", "hypot", "copysign", "logaddexp"] as const;
const BITWISE = ["bitwiseAnd", "bitwiseOr", "bitwiseXor", "leftShift", "rightShift"] as const;
/** Comparing operations. */
export const COMPARISONS = [
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
] as const;
const LOGICAL = ["logicalAnd", "logicalOr", "logicalXor"] as const;

/** Elementwise functions of one array. */
export type UnaryOp =
  | (typeof FLOAT_UNARY)[number]
  | (typeof SAME_UNARY)[number]
  | (typeof TEST_UNARY)[number];

/** Elementwise functions of two arrays. */
export type BinaryOp =
  | (typeof ARITHMETIC)[number]
  | (typeof FLOAT_BINARY)[number]
  | (typeof BITWISE)[number]
  | (typeof COMPARISONS)[number]
  | (typeof LOGICAL)[number];

/** Reductions over axes. */
export type ReduceOp = "sum" | "prod" | "min" | "max" | "any" | "all" | "argmin" | "argmax";

/** All unary operations. */
export const UNARY_OPS: readonly UnaryOp[] = [...FLOAT_UNARY, ...SAME_UNARY, ...TEST_UNARY];
/** All binary operations. */
export const BINARY_OPS: readonly BinaryOp[] = [
  ...ARITHMETIC,
  ...FLOAT_BINARY,
  ...BITWISE,
  ...COMPARISONS,
  ...LOGICAL,
];
/** In which dtype an operation takes its operands, and which it returns. */
export interface Signature {
  readonly operand: DType;
  readonly result: DType;
}

function has<T extends string>(list: readonly T[], op: string): op is T {
  return (list as readonly string[]).includes(op);
}

/** The float or complex dtype in which functions such as `sin` treat a dtype. */
export function floatOf(dtype: DType): DType {
  const kind = kindOf(dtype);
  if (kind === "f" || kind === "c") return dtype;
  return promote(dtype, "float32");
}

/** The signature of a unary operation. */
export function unarySignature(op: UnaryOp, dtype: DType): Signature {
  const kind = kindOf(dtype);
  if ("mM".includes(kind)) throw unsupported(op, dtype);
  if (has(TEST_UNARY, op)) {
    if (op === "logicalNot") return { operand: "bool", result: "bool" };
    if (op === "signbit" && kind === "c") throw unsupported(op, dtype);
    return { operand: dtype, result: "bool" };
  }
  if (has(FLOAT_UNARY, op)) {
    if (kind === "c" && ["cbrt", "degrees", "radians"].includes(op)) throw unsupported(op, dtype);
    const operand = floatOf(dtype);
    return { operand, result: operand };
  }
  if (op === "angle") return { operand: floatOf(dtype), result: realOf(floatOf(dtype)) };
  if (op === "absolute" || op === "real" || op === "imag") {
    return { operand: dtype, result: realOf(dtype) };
  }
  if (kind === "b" && (op === "negative" || op === "sign")) {
    throw unsupported(op, dtype, 'Use logicalNot, or astype("int8") first.');
  }
  if (op === "invert" && kind !== "b" && !isInteger(dtype)) throw unsupported(op, dtype);
  if (kind === "c" && (op === "floor" || op === "ceil" || op === "trunc")) {
    throw unsupported(op, dtype);
  }
  const widened =
    kind === "b" && ["square", "reciprocal", "conjugate"].includes(op) ? "int8" : dtype;
  return { operand: widened, result: widened };
}

/** The signature of a binary operation on arrays (given by dtype) and weak scalars. */
export function binarySignature(op: BinaryOp, a: DType | Scalar, b: DType | Scalar): Signature {
  if (has(LOGICAL, op)) return { operand: "bool", result: "bool" };
  if (has(COMPARISONS, op)) return { operand: comparable(a, b), result: "bool" };
  const common = commonDType(a, b);
  const kind = kindOf(common);
  if (kind === "m" || kind === "M") throw unsupported(op, common);
  if (has(BITWISE, op)) {
    if (kind !== "b" && !isInteger(common)) throw unsupported(op, common);
    const shifts = op === "leftShift" || op === "rightShift";
    return same(shifts && kind === "b" ? "int8" : common);
  }
  if (has(FLOAT_BINARY, op)) {
    if (kind === "c") throw unsupported(op, common);
    return same(floatOf(common));
  }
  if (op === "divide") return same(kind === "f" || kind === "c" ? common : "float64");
  if (op === "subtract" && kind === "b") {
    throw unsupported(op, common, 'Use bitwiseXor, or astype("int8") first.');
  }
  if (op === "floorDivide" || op === "remainder" || op === "fmod" || op === "power") {
    if (kind === "c" && op !== "power") throw unsupported(op, common);
    return same(kind === "b" ? "int8" : common);
  }
  return same(common);
}

function same(dtype: DType): Signature {
  return { operand: dtype, result: dtype };
}

/** The dtype of an array meeting another array or a weak scalar. */
export function commonDType(a: DType | Scalar, b: DType | Scalar): DType {
  if (isScalar(a)) {
    if (!isScalar(b)) return promoteScalar(b, a);
    return promote(dtypeOfScalar(a, "int64"), dtypeOfScalar(b, "int64"));
  }
  return isScalar(b) ? promoteScalar(a, b) : promote(a, b);
}

/**
 * Comparing makes no new number, so here a scalar need not fit the array's dtype: `int32 < 1.5` is
 * fine.
 */
function comparable(a: DType | Scalar, b: DType | Scalar): DType {
  try {
    return commonDType(a, b);
  } catch (error) {
    const scalar = isScalar(a) ? a : b;
    if (typeof scalar === "number" || typeof scalar === "bigint") return "float64";
    throw error;
  }
}

/**
 * The dtype of a reduction's result and accumulator; `dtype`, when given, overrides that of sums
 * and products.
 */
export function reduceSignature(op: ReduceOp, of: DType, dtype?: DType): Signature {
  const kind = kindOf(of);
  if (op === "any" || op === "all") return { operand: "bool", result: "bool" };
  if (op === "argmin" || op === "argmax") return { operand: of, result: "int64" };
  if (op === "min" || op === "max") return same(of);
  if (kind === "M" || (kind === "m" && op === "prod")) throw unsupported(op, of);
  if (dtype !== undefined) return same(dtype);
  if (kind === "b" || kind === "i") return same("int64");
  return same(kind === "u" ? "uint64" : of);
}

function unsupported(op: string, dtype: DType, advice = ""): HeddleError {
  return new HeddleError(
    "DTypeMismatch",
    `${op} is not defined for ${dtype}. ${advice || "Use astype to cast to a dtype that has it."}`,
    { fields: { op, dtype } },
  );
}
