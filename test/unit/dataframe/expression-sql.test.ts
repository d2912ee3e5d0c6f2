/** @file Expressions where SQL and pandas differ on nulls and text without a match; pandas 3.1. */
import { expect, test } from "vitest";
import { type Expr, fromRecords, type Row } from "../../../src/dataframe/index.ts";

interface Line {
  x: number | null;
  s: string | null;
}

const lines = fromRecords<Line>([
  { x: 1.5, s: "x1y22" },
  { x: -2, s: "none" },
  { x: null, s: null },
  { x: 4, s: "" },
]);

test.each<[string, (r: Row<Line>) => Expr<unknown>, unknown[]]>([
  ["clip", (r) => r.x.clip(0, 3), [1.5, 0, null, 3]],
  ["extract", (r) => r.s.str.extract(/([0-9]+)y/, 1), ["1", null, null, null]],
  ["extract of an empty group", (r) => r.s.str.extract(/([0-9]*)/, 1), ["", "", null, ""]],
  ["isin", (r) => r.x.isin(new Set([4, 1.5])), [true, false, null, true]],
  ["isna", (r) => r.x.isna(), [false, false, true, false]],
  ["notna", (r) => r.s.notna(), [true, true, false, true]],
])("%s", async (_, of, values) => {
  const made = lines.select((r) => ({ v: of(r) }));
  expect(await made.col("v").toArray({ scheduler: "sync" })).toEqual(values);
});

test("several quantiles are a row each, corr takes a column", async () => {
  const sync = { scheduler: "sync" } as const;
  const frame = fromRecords(
    [1.5, -2, 4, 0.5, 2.5, 7].map((x, i) => ({ x, n: (i * 5) % 7, s: "" })),
  );
  // pandas: df[["x", "n"]].quantile([0.1, 0.5]), df.x.corr(df.n)
  expect(await frame.quantile([0.1, 0.5]).toRecords(sync)).toEqual([
    { quantile: 0.1, x: -0.75, n: 0.5 },
    { quantile: 0.5, x: 2, n: 3.5 },
  ]);
  expect(await frame.col("x").quantile([0.9]).toRecords(sync)).toEqual([{ quantile: 0.9, x: 5.5 }]);
  const [one, two] = [frame.col("x").corr(frame.col("n")), frame.col("x").corr("n")];
  expect(await one.compute(sync)).toBeCloseTo(0.0771295450219, 12);
  expect(await two.compute(sync)).toBeCloseTo(0.0771295450219, 12);
});
