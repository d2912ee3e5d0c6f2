/** @file What plots take as numbers, and checks that say at once which input does not fit. */
import { HeddleError } from "../../core/errors.ts";

/** Numbers in any list form; dates count as their milliseconds. */
export type NumberList = ArrayLike<number> | ArrayLike<bigint> | ArrayLike<Date>;

/** The list as plain numbers; missing values become NaN. */
export function toNumbers(list: NumberList, name: string): Float64Array {
  if (typeof list !== "object" || list === null || typeof list.length !== "number") {
    throw new HeddleError(
      "InvalidArgument",
      `${name} must be a list of numbers, but is ${list === null ? "null" : typeof list}`,
    );
  }
  const numbers = new Float64Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const value: unknown = list[i];
    numbers[i] = value === null || value === undefined ? Number.NaN : Number(value);
  }
  return numbers;
}

/** Whether a list holds dates. */
export function isDates(list: NumberList): boolean {
  return list.length > 0 && list[0] instanceof Date;
}

/** Errors: `InvalidArgument` when two lists that belong together differ in length. */
export function checkSameLength(
  name: string,
  length: number,
  other: string,
  expected: number,
): void {
  if (length === expected) return;
  throw new HeddleError(
    "InvalidArgument",
    `${name} has ${length} values, but ${other} asks for ${expected}`,
    { fields: { length, expected } },
  );
}

/** Errors: `InvalidArgument` when a list has no values. */
export function checkSome(name: string, length: number): void {
  if (length > 0) return;
  throw new HeddleError("InvalidArgument", `${name} is empty: there is nothing to plot`);
}
