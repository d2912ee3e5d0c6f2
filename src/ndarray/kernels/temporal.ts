/**
 * @file Dates and time spans in kernels: both are int64 ticks of which the smallest is NaT, "not a
 * time". Arithmetic is integer arithmetic that keeps NaT; NaT equals nothing and is in no order
 * with anything, as NaN.
 */
import { type DType, isInteger, kindOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { NAT } from "../elements.ts";
import type { KernelBuilder, Ref } from "./ir.ts";
import { type BinaryOp, COMPARISONS } from "./rules.ts";

export function isTemporal(dtype: DType): boolean {
  return kindOf(dtype) === "M" || kindOf(dtype) === "m";
}

/** What an operation gives, by operation and kinds. */
const RESULTS: Readonly<Record<string, DType>> = {
  "add Mm": "datetime64",
  "add mM": "datetime64",
  "add mm": "timedelta64",
  "subtract MM": "timedelta64",
  "subtract Mm": "datetime64",
  "subtract mm": "timedelta64",
  "multiply mi": "timedelta64",
  "multiply im": "timedelta64",
  "maximum MM": "datetime64",
  "maximum mm": "timedelta64",
  "minimum MM": "datetime64",
  "minimum mm": "timedelta64",
};

/** An operation on two values of which at least one is a date or a time span. */
export function temporalBinary(k: KernelBuilder, op: BinaryOp, a: Ref, b: Ref): Ref {
  const compares = (COMPARISONS as readonly string[]).includes(op);
  const [x, y] = [ticks(k, a), ticks(k, b)];
  const nothing = k.binary("logicalOr", isNothing(k, a, x), isNothing(k, b, y));
  if (compares && kindOf(a.dtype) === kindOf(b.dtype)) {
    return k.where(nothing, op === "notEqual", k.binary(op, x, y));
  }
  const kinds = [a, b].map((v) => (isInteger(v.dtype) ? "i" : kindOf(v.dtype))).join("");
  const result = RESULTS[`${op} ${kinds}`];
  if (result === undefined) throw undefinedFor(op, a.dtype, b.dtype);
  const value = k.where(nothing, k.scalar(NAT, "int64"), k.binary(op, x, y));
  return k.cast(value, result);
}

/** Whether a date or time span is NaT. */
export function isNaT(k: KernelBuilder, value: Ref): Ref {
  return isNothing(k, value, ticks(k, value));
}

function ticks(k: KernelBuilder, value: Ref): Ref {
  return isTemporal(value.dtype) || isInteger(value.dtype) ? k.cast(value, "int64") : value;
}

function isNothing(k: KernelBuilder, value: Ref, ticks: Ref): Ref {
  if (!isTemporal(value.dtype)) return k.scalar(false, "bool");
  return k.binary("equal", ticks, k.scalar(NAT, "int64"));
}

function undefinedFor(op: BinaryOp, a: DType, b: DType): HeddleError {
  const known = Object.keys(RESULTS).some((key) => key.startsWith(`${op} `));
  return new HeddleError(
    "DTypeMismatch",
    `${op} is not defined for ${a} and ${b}. ` +
      (known
        ? "Dates differ by time spans: date - date, date + span, span * integer."
        : 'Use astype("int64") to compute with the ticks, nanoseconds.'),
    { fields: { op, left: a, right: b } },
  );
}
