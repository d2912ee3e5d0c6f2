/**
 * @file What users pass where an array is meant: lazy arrays, local ones, nested lists, typed
 * arrays.
 */
import { type DType, isInteger, isScalar } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { type ArrayInput, isNDArray, NDArray } from "../ndarray/ndarray.ts";
import { fromLocal } from "./build/create.ts";
import type { IndexArray } from "./build/indexing.ts";
import type { Expr } from "./expression.ts";

/** The expression of anything that can be an array; local data becomes one with chunks "auto". */
export function toExpr(value: unknown): Expr {
  const own = exprOf(value);
  if (own !== undefined) return own;
  if (isNDArray(value)) return fromLocal(value, "auto");
  if (isScalar(value) || Array.isArray(value) || ArrayBuffer.isView(value)) {
    return fromLocal(new NDArray<DType>(value as ArrayInput), "auto");
  }
  throw new HeddleError(
    "InvalidArgument",
    `expected an array (lazy or local), a nested list or a typed array, but was given ${describe(value)}`,
  );
}

/** The expression of a lazy array, whichever copy of the package made it. */
export function exprOf(value: unknown): Expr | undefined {
  if (typeof value !== "object" || value === null || !("expr" in value)) return undefined;
  const { expr } = value as { expr: unknown };
  return typeof expr === "object" && expr !== null && "operands" in expr
    ? (expr as Expr)
    : undefined;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  return "then" in value ? "a promise: await it first" : `a ${value.constructor?.name ?? "object"}`;
}

/** What an index array is: a lazy mask or lazy positions, booleans, or integers. */
export function readIndexArray(value: unknown): IndexArray {
  const lazy = exprOf(value);
  if (lazy !== undefined) {
    return isInteger(lazy.dtype) ? { kind: "lazy", indices: lazy } : { kind: "mask", mask: lazy };
  }
  const array = isNDArray(value) ? value : new NDArray<DType>(value as ArrayInput);
  if (array.dtype === "bool" && array.ndim > 1) return { kind: "mask", mask: fromLocal(array, -1) };
  if (array.ndim !== 1) {
    throw new HeddleError(
      "NotSupported",
      `an index array has ${array.ndim} axes; give a list of integers, or a mask`,
    );
  }
  const values = array.toArray() as (number | boolean)[];
  return array.dtype === "bool"
    ? { kind: "bools", values }
    : { kind: "integers", values: values as number[] };
}
