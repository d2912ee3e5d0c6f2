/**
 * @file One element outside of its array and back: booleans, numbers, `Complex`, `Date`; 64-bit
 * integers as numbers unless they would lose digits, which is an error that names the option `{
 * int64: "bigint" }`.
 */
import { Complex, isComplex } from "../core/complex.ts";
import { type AnyTypedArray, type DType, integerRange, isBig, kindOf } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";

/**
 * How 64-bit integers leave an array: as numbers (default, `UnsafeInteger` beyond 2^53) or as
 * bigints.
 */
export interface Int64Options {
  readonly int64?: "number" | "bigint";
}

/** The ticks of NaT, "not a time". */
export const NAT: bigint = -(2n ** 63n);

/** An element as user code sees it. */
export type Element = number | bigint | boolean | Complex | Date;

/** Reads elements of a dtype at positions (in elements) of `values`. */
export function elementReader(
  dtype: DType,
  values: AnyTypedArray,
  options: Int64Options = {},
): (at: number) => Element {
  if (dtype === "bool") return (at) => values[at] !== 0;
  if (kindOf(dtype) === "c") {
    return (at) => new Complex(values[2 * at] as number, values[2 * at + 1] as number);
  }
  if (dtype === "datetime64") {
    return (at) => dateOf(values[at] as bigint);
  }
  if (!isBig(dtype) || options.int64 === "bigint") return (at) => values[at] as number | bigint;
  return (at) => safeNumber(values[at] as bigint);
}

/** NaT is an invalid date. */
function dateOf(ticks: bigint): Date {
  return new Date(ticks === NAT ? Number.NaN : Number(ticks / 1_000_000n));
}

function safeNumber(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new HeddleError(
    "UnsafeInteger",
    `The integer ${value} is beyond 2^53 and would lose digits as a number. ` +
      'Pass { int64: "bigint" } to get bigints.',
    { fields: { value: String(value) } },
  );
}

/** Writes elements of a dtype; integers out of range and fractions are errors, as in NumPy 2. */
export function elementWriter(
  dtype: DType,
  values: AnyTypedArray,
): (at: number, value: unknown) => void {
  if (kindOf(dtype) === "c") {
    return (at, value) => {
      values[2 * at] = isComplex(value) ? value.re : toNumber(value, dtype);
      values[2 * at + 1] = isComplex(value) ? value.im : 0;
    };
  }
  const convert = elementConverter(dtype);
  return (at, value) => {
    values[at] = convert(value) as never;
  };
}

function elementConverter(dtype: DType): (value: unknown) => number | bigint {
  if (dtype === "bool") return (value) => (value ? 1 : 0);
  if (dtype === "datetime64") return toTicks;
  if (kindOf(dtype) === "f") return (value) => toNumber(value, dtype);
  return (value) => toInteger(value, dtype);
}

function toNumber(value: unknown, dtype: DType): number {
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
    return Number(value);
  }
  throw notAnElement(value, dtype);
}

function toTicks(value: unknown): bigint {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? NAT : BigInt(value.getTime()) * 1_000_000n;
  }
  if (typeof value === "bigint") return value;
  throw notAnElement(value, "datetime64");
}

function toInteger(value: unknown, dtype: DType): number | bigint {
  if (typeof value !== "bigint") {
    const number = toNumber(value, dtype);
    if (!Number.isInteger(number)) throw notAnElement(value, dtype);
    if (!isBig(dtype)) return inRange(BigInt(number), dtype) ? number : outOfRange(value, dtype);
  }
  const integer = BigInt(value as bigint | number | boolean);
  if (!inRange(integer, dtype)) return outOfRange(value, dtype);
  return isBig(dtype) ? integer : Number(integer);
}

function inRange(integer: bigint, dtype: DType): boolean {
  const [low, high] = integerRange(dtype === "timedelta64" ? "int64" : dtype);
  return integer >= low && integer <= high;
}

function outOfRange(value: unknown, dtype: DType): never {
  const [low, high] = integerRange(dtype === "timedelta64" ? "int64" : dtype);
  throw new HeddleError(
    "DTypeMismatch",
    `${String(value)} is out of bounds for ${dtype} (${low} to ${high}). Use a wider dtype.`,
    { fields: { value: String(value), dtype } },
  );
}

function notAnElement(value: unknown, dtype: DType): HeddleError {
  return new HeddleError(
    "DTypeMismatch",
    `${String(value)} (${typeof value}) cannot be an element of ${dtype}.`,
    { fields: { value: String(value), dtype } },
  );
}
