/**
 * @file Lazy values in JavaScript's own operators. `x > 1`, `x + 1` and `x == 1` cannot be
 * overloaded; without this they would give `false`, "[object Object]1" and `false` in silence.
 */
import { HeddleError } from "./errors.ts";

/**
 * Makes operators on instances of a class throw `InvalidArgument`; template strings still work.
 * `what` names an instance, `instead` says what to write; classes call it once, below their
 * definition.
 */
export function refuseArithmetic(
  prototype: { toString(): string },
  what: string,
  instead: string,
): void {
  Object.defineProperty(prototype, Symbol.toPrimitive, {
    value(this: { toString(): string }, hint: string): string {
      if (hint === "string") return this.toString();
      throw new HeddleError(
        "InvalidArgument",
        `${what} cannot be used with JavaScript's operators: ${instead}`,
      );
    },
  });
}
