import { expect, test } from "vitest";
import { partEnds, reduceArrays } from "../../../src/cluster/gang-reduce.ts";

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

test("arrays that are not alike are refused, by name", () => {
  const one = Float64Array.of(1, 2);
  for (const other of [Float64Array.of(1), Float32Array.of(1, 2), "no array" as never]) {
    expect(() => reduceArrays([one, one, other] as Float64Array[], "sum")).toThrow(
      /member 0 gave Float64Array\(2\), member 2 (Float64Array\(1\)|Float32Array\(2\)|string)/,
    );
  }
});

test("parts cover all elements, as evenly as can be", () => {
  expect(partEnds(10, 4)).toEqual([2, 5, 7, 10]);
  expect(partEnds(2, 3)).toEqual([0, 1, 2]);
});
