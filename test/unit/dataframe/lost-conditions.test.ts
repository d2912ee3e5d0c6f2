/** @file Conditions that JavaScript would drop without a word are errors, and nothing else is. */
import { expect, test } from "vitest";
import { fromRecords, lit } from "../../../src/dataframe/index.ts";
import { checkConditions } from "../../../src/dataframe/lost-conditions.ts";

type Fn = (r: never, ...more: never[]) => unknown;
const frame = fromRecords([
  { a: 1, b: 1 },
  { a: 2, b: -1 },
]);

test.each<[string, string]>([
  ["r => r.a.gt(1) && r.b.lt(0)", ".and("],
  ["(r) => r.a.gt(1) || r.b.lt(0)", ".or("],
  ["(r) => ({ x: !r.a.gt(1) })", ".not("],
  ["(r) => { if (r.a.gt(1)) return r.a; return r.b }", "when("],
  ["(r) => (r['a'] ? 1 : 2)", "when("],
  ["({ a, b }) => a.gt(1) && b.lt(0)", ".and("],
  ["function (r) { const x = r.a.gt(1); return x && r.b.gt(1) }", ".and("],
])("%s is refused", (text, instead) => {
  const callback = new Function(`return ${text}`)() as Fn;
  expect(() => checkConditions(callback)).toThrow(
    expect.objectContaining({ code: "InvalidArgument" }),
  );
  expect(() => checkConditions(callback)).toThrow(instead);
});

test.each([
  "(r) => flag && r.a.gt(1)",
  "(r) => flag ? r.a.gt(1) : r.b.gt(1)",
  "(r) => r && r.a.gt(1)",
  "(r) => r.a.gt(other || 1)",
  "(r) => r.s.str.contains('a && b')",
  "(r) => names.filter((r) => r.a && r.b).map((n) => r[n])",
  "(r) => { const one = r.a.gt(1); const two = r.b.gt(1); return flag ? one.and(two) : one }",
  "(r) => { if (limits.a) return r.a.gt(limits.a); return r.b.gt(1) }",
  "(r) => r.a?.gt(1)",
  "Math.max",
])("%s is taken", (text) => {
  const callback = new Function(`return ${text}`)() as Fn;
  expect(() => checkConditions(callback)).not.toThrow();
});

test("verbs look", async () => {
  expect(() => frame.filter((r) => r.a.gt(1) && r.b.lt(0))).toThrow(/&&/);
  expect(() => frame.assign((r) => ({ c: r.a.gt(1) || lit(true) }))).toThrow(/\|\|/);
});
