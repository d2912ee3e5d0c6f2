import { expect, test } from "vitest";
import {
  BARRIER,
  checkSubject,
  rootedSubject,
  subjectOf,
} from "../../../src/cluster/gang-subjects.ts";

test("members must agree on type, length and reduction, and hear what was given", () => {
  const own = subjectOf(new Float64Array(2), "sum");
  expect(() => checkSubject(own, subjectOf(Float64Array.of(3, 4), "sum"), [0, 1])).not.toThrow();
  const others = [
    [subjectOf(new Float64Array(1), "sum"), 'Float64Array(1) for "sum"'],
    [subjectOf(new Float32Array(2), "sum"), 'Float32Array(2) for "sum"'],
    [subjectOf(new Float64Array(2), "max"), 'Float64Array(2) for "max"'],
    [subjectOf(new Uint32Array(10 ** 6), "product"), 'Uint32Array(1000000) for "product"'],
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
});

test("members in different collectives hear in which", () => {
  const sum = subjectOf(new Float64Array(2), "sum");
  const calls = [
    [BARRIER, "barrier()"],
    [rootedSubject("broadcast", 0), "broadcast(value, 0)"],
    [rootedSubject("broadcast", 7), "broadcast(value, 7)"],
    [rootedSubject("gather", 0), "gather(value, 0)"],
    [rootedSubject("gather", 7), "gather(value, 7)"],
    [sum, 'allReduce of Float64Array(2) for "sum"'],
  ] as const;
  for (const [own, text] of calls) {
    for (const [other, otherText] of calls) {
      const check = (): void => checkSubject(own, other, [2, 5]);
      if (own === other) expect(check).not.toThrow();
      else expect(check).toThrow(`member 2 is in ${text}, member 5 in ${otherText}`);
    }
  }
});
