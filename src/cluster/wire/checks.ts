/**
 * @file What the scheduler makes sure of before it believes a message: the schema gives the types
 * of fields, these checks what the machines rely on beyond that. A peer that says what makes no
 * sense gets a `ProtocolError` and is disconnected; the machines never see it.
 */
import { HeddleError } from "../../core/errors.ts";

/** Throws `ProtocolError`; `what` says which field of which message is wrong. */
export function nonsense(what: string): never {
  throw new HeddleError("ProtocolError", `A message makes no sense: ${what}`);
}

/** Ids of tasks: from 0 on, and below `end` where that is known. */
export function checkIds(
  what: string,
  ids: ArrayLike<number>,
  end: number = Number.POSITIVE_INFINITY,
): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (id < 0 || id >= end) nonsense(`${what} names task ${id}, which never was`);
  }
}

/** A column that belongs to others has their length. */
export function checkLength(
  what: string,
  column: ArrayLike<unknown> | undefined,
  length: number,
): void {
  if (column === undefined || column.length === length) return;
  nonsense(`${what} has ${column.length} entries for ${length}`);
}

/** Sizes, times and the like: finite and not negative. */
export function checkAmounts(what: string, amounts: ArrayLike<number>): void {
  for (let i = 0; i < amounts.length; i++) {
    const amount = amounts[i] as number;
    if (!(amount >= 0 && amount < Number.POSITIVE_INFINITY)) nonsense(`${what} is ${amount}`);
  }
}

/** Whether a value that came as plain data has a form. */
export type Form = (value: unknown) => boolean;

export const isText: Form = (value) => typeof value === "string";
export const isFlag: Form = (value) => typeof value === "boolean";
export const isNumber: Form = (value) => typeof value === "number" && !Number.isNaN(value);
export const isCount: Form = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const isBytes: Form = (value) => value instanceof Uint8Array;
export const isTexts: Form = (value) => Array.isArray(value) && value.every(isText);

export function isOneOf(...choices: readonly unknown[]): Form {
  return (value) => choices.includes(value);
}

export function maybe(form: Form): Form {
  return (value) => value === undefined || form(value);
}

/** Whether all fields of an object have their forms; others are of no matter. */
export function hasForm(value: unknown, forms: Readonly<Record<string, Form>>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(forms).every(([name, form]) => form(fields[name]));
}
