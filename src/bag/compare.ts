/**
 * @file The order of values, for `min`, `max`, `topk` and sorted results: numbers (NaN last),
 * strings by code unit, dates, booleans, bigints; arrays item by item, as Python orders tuples.
 * Values of different kinds have no order.
 */
import { HeddleError } from "../core/errors.ts";

/**
 * Negative, zero or positive as `a` comes before, with or after `b`. Throws `InvalidArgument` when
 * there is no order.
 */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") {
    if (a < b) return -1;
    if (a > b) return 1;
    return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  }
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : Number(a > b);
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : Number(a > b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Date && b instanceof Date) return compareValues(a.getTime(), b.getTime());
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b);
  if (a === b) return 0;
  throw new HeddleError(
    "InvalidArgument",
    `${kindOf(a)} and ${kindOf(b)} have no order; numbers, strings, dates, booleans and arrays of ` +
      "those do: give a key function that returns one",
  );
}

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return Array.isArray(value) ? "an array" : (value.constructor?.name ?? "an object");
}
