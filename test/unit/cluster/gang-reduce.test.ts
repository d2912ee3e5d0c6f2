import { expect, test } from "vitest";
import {
  checkOut,
  checkSubject,
  NO_SUBJECT,
  partEnds,
  reduceArrays,
  subjectOf,
} from "../../../src/cluster/gang-reduce.ts";

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

test("members must agree on type, length and reduction, and hear what was given", () => {
  const own = subjectOf(new Float64Array(2), "sum");
  expect(() => checkSubject(own, subjectOf(Float64Array.of(3, 4), "sum"), [0, 1])).not.toThrow();
  const others = [
    [subjectOf(new Float64Array(1), "sum"), 'Float64Array(1) for "sum"'],
    [subjectOf(new Float32Array(2), "sum"), 'Float32Array(2) for "sum"'],
    [subjectOf(new Float64Array(2), "max"), 'Float64Array(2) for "max"'],
    [subjectOf(new Uint32Array(10 ** 6), "product"), 'Uint32Array(1000000) for "product"'],
    [NO_SUBJECT, "something else than an allReduce"],
  ] as const;
  for (const [other, text] of others) {
    const message = `member 0 gave Float64Array(2) for "sum", member 3 ${text}`;
    expect(() => checkSubject(own, other, [0, 3])).toThrow(message);
  }
});

test("what cannot be reduced is refused", () => {
  for (const array of [[1, 2], "ab", undefined, null, Buffer.from("ab"), 7, Symbol("x")]) {
    expect(() => subjectOf(array, "sum")).toThrow(/allReduce takes an array \(Float64Array/);
  }
  expect(() => subjectOf(Float64Array.of(1), "maxx")).toThrow(/Did you mean "max"/);
  expect(() => subjectOf(Float64Array.of(1), Symbol("sum"))).toThrow(/not by the symbol/);
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
