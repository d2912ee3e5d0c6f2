/** @file Says in a few words what a caller has given, for messages about what was wanted. */
import { inspect } from "node:util";

/** Longest text of a value in a message. */
const TEXT_MAX = 200;

/** A value as text, short however large it is. */
export function textOf(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 2,
      maxArrayLength: 10,
      maxStringLength: TEXT_MAX,
      breakLength: Number.POSITIVE_INFINITY,
    });
    return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
  } catch {
    return `a value of type ${typeof value} that cannot be shown`;
  }
}

/** Whether `value` is a class: what can be constructed and was not written as a function. */
export function isClass(value: unknown): value is new (...args: never[]) => object {
  return (
    typeof value === "function" &&
    Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false
  );
}

/** What was given: its kind, and the value where that helps. */
export function describeGiven(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (isClass(value)) return `the class ${value.name || "(no name)"}`;
  if (typeof value === "function") return `the function ${value.name || "(no name)"}`;
  if (value instanceof Promise) return "a Promise (await it first)";
  if (typeof value !== "object") return `the ${typeof value} ${textOf(value)}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name as string | undefined;
  return name === undefined || name === "Object" ? "a plain object" : `an instance of ${name}`;
}
