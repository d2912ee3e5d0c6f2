/**
 * @file Names of the classes of values, as small numbers: so a client can say of what type a result
 * is without fetching it. Other classes count as the nearest of these that they extend.
 */

/** Numbers are places in this list; they stay below 32. Nothing is at 0. */
const NAMES = [
  "",
  "Object",
  "Array",
  "string",
  "bigint",
  "symbol",
  "Function",
  "NDArray",
  "Table",
  "DistArray",
  "DataFrame",
  "Bag",
  "Delayed",
  "Map",
  "Set",
  "Date",
  "RegExp",
  "Error",
  "ArrayBuffer",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Run",
] as const;

const numbers = new Map<string, number>(NAMES.map((name, i) => [name, i]));
const OBJECT = 1;

/** The number of a value's class; 0 for those that are no objects and lie in no heap. */
export function kindNumber(value: unknown): number {
  if (typeof value === "function") return numbers.get("Function") ?? OBJECT;
  if (typeof value !== "object" || value === null) return numbers.get(typeof value) ?? 0;
  let up: unknown = Object.getPrototypeOf(value);
  for (; typeof up === "object" && up !== null; up = Object.getPrototypeOf(up)) {
    const make: unknown = Object.getOwnPropertyDescriptor(up, "constructor")?.value;
    const number = typeof make === "function" ? numbers.get(make.name) : undefined;
    if (number !== undefined) return number;
  }
  return OBJECT;
}

/** What a source of an exchange gives: its worker keeps a file for it. */
export const RUN_NUMBER: number = numbers.get("Run") ?? OBJECT;

/** The name of a kind; undefined for 0. */
export function kindName(number: number): string | undefined {
  return NAMES[number] || undefined;
}

/** What a value is called: its class, or for plain values what `typeof` says, and "null". */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return kindName(kindNumber(value)) ?? typeof value;
}
