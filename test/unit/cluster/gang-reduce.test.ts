import { expect, test } from "vitest";
import { checkOut, partEnds, reduceArrays } from "../../../src/cluster/gang-reduce.ts";

test("arrays are put together in their order, into a new one", () => {
  const all = [Float64Array.of(0.1, 5), Float64Array.of(0.2, -1), Float64Array.of(0.3, 2)];
  expect(reduceArrays(all, "sum")).toEqual(Float64Array.of(0.1 + 0.2 + 0.3, 6));
  expect(reduceArrays([...all].reverse(), "sum")[0]).toBe(0.3 + 0.2 + 0.1);
  expect(reduceArrays(all, "product")).toEqual(Float64Array.of(0.1 * 0.2 * 0.3, -10));
  expect(reduceArrays(all, "min")).toEqual(Float64Array.of(0.1, -1));
  expect(reduceArrays(all, "max")).toEqual(Float64Array.of(0.3, 5));
  expect(all[0]).toEqual(Float64Array.of(0.1, 5));
  expect(reduceArrays([Uint8Array.of(200), Uint8Array.of(100)], "sum")).toEqual(Uint8Array.of(44));
});

test("an array for the result must be like the arrays", () => {
  const array = Float64Array.of(1, 2);
  expect(() => checkOut(array, array)).not.toThrow();
  for (const out of [new Float64Array(3), new Float32Array(2), [0, 0], null]) {
    expect(() => checkOut(array, out)).toThrow(/out of the array's type and length, Float64/);
  }
});

test("parts cover all elements, as evenly as can be", () => {
  expect(partEnds(10, 4)).toEqual([2, 5, 7, 10]);
  expect(partEnds(2, 3)).toEqual([0, 1, 2]);
});
