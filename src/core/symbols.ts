/** @file Well-known symbols under which our classes say how they are shown. */

/** How Node prints an object. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** How notebooks show an object: a method that returns a bundle of MIME types. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/**
 * Makes Node print instances of a class as their `toString()`; classes call it once, below their
 * definition.
 */
export function inspectAsText(prototype: { toString(): string }): void {
  Object.defineProperty(prototype, INSPECT, {
    value(this: { toString(): string }): string {
      return this.toString();
    },
  });
}
