/** Goal: complex numbers are plain values that look as in Python and survive JSON. */
import { expect, test } from "vitest";
import { Complex, complex, isComplex } from "../../../src/core/complex.ts";

test.each([
  [1, 2, "(1+2j)"],
  [1.5, -2, "(1.5-2j)"],
  [0, -0, "(0-0j)"],
  [Number.NaN, Number.POSITIVE_INFINITY, "(NaN+Infinityj)"],
])("%d and %d are written %s", (re, im, text) => {
  expect(String(complex(re, im))).toBe(text);
});

test("the imaginary part is 0 where none is given", () => {
  expect(complex(3)).toEqual(new Complex(3, 0));
});

test("what comes back from JSON is still complex; other things are not", () => {
  expect(isComplex(complex(1, 2))).toBe(true);
  expect(isComplex(JSON.parse(JSON.stringify(complex(1, 2))))).toBe(true);
  for (const other of [1, null, undefined, {}, { re: 1 }, { re: "1", im: "2" }, [1, 2]]) {
    expect(isComplex(other)).toBe(false);
  }
});
