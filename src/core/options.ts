/** @file Options by name: a misspelt one is an error rather than something that has no effect. */
import { HeddleError, nearestName } from "./errors.ts";

/** Throws `InvalidArgument` unless `options` is an object that has only the `known` names. */
export function checkOptionNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    const bare = options === null || options === undefined;
    const given = bare ? String(options) : `${typeof options} ${String(options)}`;
    throw new HeddleError("InvalidArgument", `${what} takes an object of options, not ${given}`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearestName(unknown, known);
  throw new HeddleError(
    "InvalidArgument",
    `${what} has no option "${unknown}"${near === undefined ? "." : `; did you mean "${near}"?`} ` +
      `Options: ${known.join(", ")}`,
    { fields: { option: unknown } },
  );
}

/** Text of a class, which cannot be called. */
const CLASS = /^class\b/;

/** Throws `InvalidArgument` unless `value` can be called; `example` shows what is meant. */
export function checkFunction(what: string, value: unknown, example: string): void {
  const isFunction = typeof value === "function";
  const isClass = isFunction && CLASS.test(Function.prototype.toString.call(value));
  if (isFunction && !isClass) return;
  const isNothing = value === null || value === undefined;
  const given = isClass ? "a class" : isNothing ? String(value) : typeof value;
  throw new HeddleError(
    "InvalidArgument",
    `${what} takes a function, as in ${example}, not ${given}`,
  );
}
