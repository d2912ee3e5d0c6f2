/**
 * @file `da.expr`: formulas as text, made into the same lazy arrays that methods make.
 */
import { type DType, isScalar, type Scalar } from "../core/dtype.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import { BINARY_OPS, type BinaryOp, UNARY_OPS, type UnaryOp } from "../ndarray/kernels/rules.ts";
import { toExpr } from "./arguments.ts";
import type { Operand, Rank } from "./array-types.ts";
import { binary, unary, where } from "./build/elementwise.ts";
import { matmul } from "./build/matmul.ts";
import { mean, nanmean, nansum, type ReduceParameters, reduce } from "./build/reduce.ts";
import { transpose } from "./build/shape.ts";
import { DistArray } from "./dist-array.ts";
import type { Expr, ReductionOp } from "./expression.ts";
import { type Formula, parseFormula } from "./formula.ts";

/**
 * A lazy array from a formula in NumPy's notation: operators `+ - * / // % ** @ < <= > >= == != & |
 * ^ ~`, functions such as `sin`, `where`, `maximum`, and reductions with `axis=` and `keepdims=`.
 * The text says nothing to the type checker: without types `compute` may give an array or a plain
 * value, with a dtype alone it gives a plain value, and arrays are `da.expr<"float64", "array">`.
 *
 * Errors: `InvalidArgument` with the place in the formula; those of the operations.
 *
 * @example
 * import * as da from "heddle/array";
 * const x = da.linspace(0, 1, { num: 101, chunks: 20 });
 * console.log(await da.expr<"bool">`mean(${x}**2) < 0.34`.compute()); // true
 */
export function expr<D extends DType = DType, K extends Rank = DType extends D ? Rank : "scalar">(
  strings: TemplateStringsArray,
  ...values: readonly Operand[]
): DistArray<D, K> {
  const gaps = values.map((value): Value => (isScalar(value) ? value : toExpr(value)));
  const result = evaluate(parseFormula(strings), gaps);
  return new DistArray<D, K>(isScalar(result) ? toExpr(result) : result);
}

type Value = Expr | Scalar;

const OPERATORS: Readonly<Record<string, BinaryOp>> = {
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "//": "floorDivide",
  "%": "remainder",
  "**": "power",
  "<": "less",
  "<=": "lessEqual",
  ">": "greater",
  ">=": "greaterEqual",
  "==": "equal",
  "!=": "notEqual",
  "&": "bitwiseAnd",
  "|": "bitwiseOr",
  "^": "bitwiseXor",
  "<<": "leftShift",
  ">>": "rightShift",
};

const REDUCTIONS: Readonly<Record<string, ReductionOp>> = {
  sum: "sum",
  prod: "prod",
  min: "min",
  max: "max",
  any: "any",
  all: "all",
  var: "var",
  std: "std",
  argmin: "argmin",
  argmax: "argmax",
  nanmin: "nanmin",
  nanmax: "nanmax",
  nanvar: "nanvar",
  nanstd: "nanstd",
};

const MEANS: Readonly<Record<string, (x: Expr, options: ReduceParameters) => Expr>> = {
  mean,
  nanmean,
  nansum,
};

/** Names as NumPy writes them, for functions whose names differ here. */
const ALIASES: Readonly<Record<string, string>> = {
  abs: "absolute",
  conj: "conjugate",
  mod: "remainder",
  pow: "power",
};

function evaluate(formula: Formula, gaps: readonly Value[]): Value {
  switch (formula.kind) {
    case "gap":
      return gaps[formula.index] as Value;
    case "number":
    case "boolean":
      return formula.value;
    case "none":
      throw new HeddleError("InvalidArgument", "None stands only for an axis: sum(x, axis=None)");
    case "transpose":
      return transpose(arrayOf(evaluate(formula.of, gaps)));
    case "unary":
      return applyUnary(formula.op === "-" ? "negative" : "invert", evaluate(formula.of, gaps));
    case "binary":
      return applyBinary(formula.op, evaluate(formula.left, gaps), evaluate(formula.right, gaps));
    case "call":
      return applyCall(formula, gaps);
  }
}

function arrayOf(value: Value): Expr {
  return isScalar(value) ? toExpr(value) : value;
}

function applyUnary(op: UnaryOp, value: Value): Expr | Scalar {
  if (typeof value === "number" && op === "negative") return -value;
  return unary(op, arrayOf(value));
}

/** Arithmetic of plain numbers is done here, so that `2 * pi` is a weak scalar like any other. */
const PLAIN: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "**": (a, b) => a ** b,
};

function applyBinary(op: string, left: Value, right: Value): Value {
  if (op === "@") return matmul(arrayOf(left), arrayOf(right));
  const plain = PLAIN[op];
  if (plain !== undefined && typeof left === "number" && typeof right === "number")
    return plain(left, right);
  const bothPlain = isScalar(left) && isScalar(right);
  return binary(OPERATORS[op] as BinaryOp, bothPlain ? arrayOf(left) : left, right);
}

function applyCall(formula: Extract<Formula, { kind: "call" }>, gaps: readonly Value[]): Value {
  const name = ALIASES[formula.name] ?? camelCase(formula.name);
  const reduction = REDUCTIONS[name];
  const average = MEANS[name];
  if (reduction !== undefined || average !== undefined) {
    const [of, axis] = formula.args;
    const array = arrayOf(evaluate(required(of, name), gaps));
    const options = reduceOptions(formula, axis, gaps);
    return reduction === undefined
      ? (average as typeof mean)(array, options)
      : reduce(array, reduction, options);
  }
  const values = formula.args.map((arg) => evaluate(arg, gaps));
  if (formula.named.size > 0) {
    throw new HeddleError("InvalidArgument", `${name} takes no named arguments in a formula`);
  }
  return applyFunction(name, values);
}

function applyFunction(name: string, values: readonly Value[]): Value {
  const [a, b, c] = values;
  const arity = (wanted: number): void => {
    if (values.length === wanted) return;
    throw new HeddleError(
      "InvalidArgument",
      `${name} takes ${wanted} arguments, but the formula gives ${values.length}`,
    );
  };
  if (name === "where") {
    arity(3);
    return where(a as Value, b as Value, c as Value);
  }
  if (name === "clip") {
    arity(3);
    return binary("minimum", binary("maximum", a as Value, b as Value), c as Value);
  }
  if ((UNARY_OPS as readonly string[]).includes(name)) {
    arity(1);
    return applyUnary(name as UnaryOp, a as Value);
  }
  if ((BINARY_OPS as readonly string[]).includes(name)) {
    arity(2);
    return binary(
      name as BinaryOp,
      isScalar(a) && isScalar(b) ? arrayOf(a) : (a as Value),
      b as Value,
    );
  }
  const known = [
    ...UNARY_OPS,
    ...BINARY_OPS,
    ...Object.keys(REDUCTIONS),
    ...Object.keys(MEANS),
    "where",
    "clip",
  ];
  const near = nearestName(name, [...known, ...Object.keys(ALIASES)]);
  throw new HeddleError(
    "InvalidArgument",
    `the formula calls ${name}, which is not known${near === undefined ? "" : `; did you mean ${near}?`}`,
    { fields: { name } },
  );
}

function required(value: Formula | undefined, name: string): Formula {
  if (value !== undefined) return value;
  throw new HeddleError("InvalidArgument", `${name} needs an array`);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function reduceOptions(
  formula: Extract<Formula, { kind: "call" }>,
  second: Formula | undefined,
  gaps: readonly Value[],
): ReduceParameters {
  const plain = (value: Formula | undefined): number | boolean | null | undefined => {
    if (value === undefined || value.kind === "none") return null;
    const result = evaluate(value, gaps);
    if (typeof result === "number" || typeof result === "boolean") return result;
    throw new HeddleError("InvalidArgument", `options of ${formula.name} must be plain numbers`);
  };
  for (const key of formula.named.keys()) {
    if (["axis", "keepdims", "ddof"].includes(key)) continue;
    throw new HeddleError(
      "InvalidArgument",
      `${formula.name} knows axis, keepdims and ddof, not ${key}`,
    );
  }
  const axis = plain(formula.named.get("axis") ?? second);
  return {
    axis: typeof axis === "number" ? axis : null,
    keepdims: plain(formula.named.get("keepdims")) === true,
    ddof: Number(plain(formula.named.get("ddof")) ?? 0),
  };
}
