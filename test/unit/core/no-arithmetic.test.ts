/** @file JavaScript's operators on lazy values say what to write instead of giving nonsense. */
import { describe, expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";
import { col, fromRecords, lit } from "../../../src/dataframe/index.ts";

const frame = fromRecords([{ a: 1 }, { a: 5 }]);
const sync = { scheduler: "sync" } as const;

/** What plain JavaScript may pass where the types allow less. */
const unchecked = (value: unknown): never => value as never;

describe.each([
  ["an expression", col("a"), /r\.a\.gt\(1\)/],
  ["a column", frame.col("a"), /assign/],
  ["a scalar", frame.col("a").sum(), /await/],
  ["an array", da.ones([3]), /x\.gt\(1\)/],
])("%s", (_what, lazy, advice) => {
  test.each<[string, (x: number) => unknown]>([
    ["x + 1", (x) => x + 1],
    ["x > 1", (x) => x > 1],
    ["-x", (x) => -x],
  ])("%s throws and says what to write", (_operation, apply) => {
    expect(() => apply(unchecked(lazy))).toThrow(advice);
  });

  test("is text in a template string", () => {
    expect(`${lazy}`).toBe(String(lazy));
  });
});

test("a filter refuses what === and ! give", async () => {
  for (const plain of [true, false]) {
    expect(() => frame.filter(unchecked(() => plain))).toThrow(/r\.a\.eq\(1\)/);
  }
  const all = await frame.filter(lit(true)).toRecords(sync);
  expect(all).toEqual([{ a: 1 }, { a: 5 }]);
});
