/**
 * @file Lazy values in JavaScript's own operators. `x > 1`, `x + 1` and `x == 1` cannot be
 * overloaded; without this they would give `false`, "[object Object]1" and `false` in silence.
 */
import { HeddleError } from "./errors.ts";

/**
 * Makes operators on instances of a class throw `InvalidArgument`; template strings still work.
 * `what` names an instance, `instead` says what to write; `plainOf` gives the value of an instance
 * that stands for a plain one (default: none does). Classes call it once, below their definition.
 */
export function refuseArithmetic<T extends { toString(): string }>(
  prototype: T,
  what: string,
  instead: string,
  plainOf: (value: T) => number | bigint | boolean | undefined = () => undefined,
): void {
  Object.defineProperty(prototype, Symbol.toPrimitive, {
    value(this: T, hint: string): string | number | bigint | boolean {
      if (hint === "string") return this.toString();
      const plain = plainOf(this);
      if (plain !== undefined) return plain;
      throw new HeddleError(
        "InvalidArgument",
        `${what} cannot be used with JavaScript's operators: ${instead}`,
      );
    },
  });
}
