/** @file Tokens of arbitrary values: equal for equal values, different for different ones. */
import { inspect, isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { tokenize, tokenizeCall } from "../../src/core/token.ts";

const value = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: false,
  withSparseArray: true,
  maxDepth: 3,
});

test("a deep copy has the same token", () => {
  fc.assert(fc.property(value, (given) => tokenize(structuredClone(given)) === tokenize(given)));
});

test("different values have different tokens", () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      // Equal up to order of keys is what Node calls deeply equal, except that -0 is 0 nowhere
      // here.
      expect(tokenize(a) === tokenize(b)).toBe(isDeepStrictEqual(a, b));
    }),
    { numRuns: 1000 },
  );
});

test("calls with what can be told apart have different tokens", () => {
  const seen = (given: unknown): string => inspect(given, { depth: null, maxArrayLength: null });
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(tokenizeCall(structuredClone(a))).toBe(tokenizeCall(structuredClone(a)));
      if (seen(a) !== seen(b)) expect(tokenizeCall(a)).not.toBe(tokenizeCall(b));
    }),
  );
});

test("order of keys, entries and members counts for calls alone", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.string(), value), { selector: ([key]) => key }),
      (pairs) => {
        const turned = pairs.toReversed();
        if (pairs.length > 1) {
          expect(tokenizeCall(new Map(turned))).not.toBe(tokenizeCall(new Map(pairs)));
        }
        expect(tokenize(new Map(turned))).toBe(tokenize(new Map(pairs)));
        expect(tokenize(new Set(turned.map(([key]) => key)))).toBe(
          tokenize(new Set(pairs.map(([key]) => key))),
        );
        const safe = pairs.filter(([key]) => key !== "__proto__");
        expect(tokenize(Object.fromEntries(safe.toReversed()))).toBe(
          tokenize(Object.fromEntries(safe)),
        );
      },
    ),
  );
});

test("the boundary between values counts", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      const same = a.length === b.length && a.every((text, i) => text === b[i]);
      expect(tokenize(...a) === tokenize(...b)).toBe(same);
      expect(tokenize(a, b) === tokenize(b, a)).toBe(same);
    }),
  );
});
