/** @file Expressions where SQL and pandas differ on nulls and text without a match; pandas 3.1. */
import { expect, test } from "vitest";
import { type Expr, fromRecords, type Row } from "../../../src/dataframe/index.ts";

const sync = { scheduler: "sync" } as const;

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
  ["isin with null", (r) => r.x.isin([4, null as never]), [false, false, true, true]],
  ["isin of null", (r) => r.x.isin([null as never]), [false, false, true, false]],
  ["cumsum", (r) => r.x.cumsum(), [1.5, -0.5, null, 3.5]],
  ["cummax", (r) => r.x.cummax(), [1.5, 1.5, null, 4]],
  ["sqrt", (r) => r.x.sqrt(), [Math.sqrt(1.5), Number.NaN, null, 2]],
  ["log2", (r) => r.x.add(2).log2(), [Math.log2(3.5), -Infinity, null, Math.log2(6)]],
  ["log", (r) => r.x.log(), [Math.log(1.5), Number.NaN, null, Math.log(4)]],
  ["astype of floats", (r) => r.x.sub(0.2).astype("int32"), [1, -2, null, 3]],
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

test("text may hold a NUL", async () => {
  const frame = fromRecords([{ s: "a\0b" }, { s: "ab" }]);
  const found = frame.filter((r) => r.s.eq("a\0b"));
  expect(await found.toRecords(sync)).toEqual([{ s: "a\0b" }]);
});

test("sums and means of whole frames count truth", async () => {
  const frame = fromRecords([{ a: 1 }, { a: null }, { a: 3 }]).isna();
  expect(await frame.sum().toRecords(sync)).toEqual([{ a: 1 }]);
  expect(await frame.mean().toRecords(sync)).toEqual([{ a: 1 / 3 }]);
});

test("truth counts as 1 and 0", async () => {
  const frame = fromRecords([true, false, true, true, null].map((ok, n) => ({ ok, n })));
  const made = frame.agg((r) => ({
    mean: r.ok.mean(),
    share: r.n.gt(2).mean(),
    std: r.ok.std(),
    middle: r.ok.median(),
  }));
  expect(await made.toRecords(sync)).toEqual([{ mean: 0.75, share: 0.4, std: 0.5, middle: 1 }]);
  expect(await frame.col("ok").mean().compute(sync)).toBe(0.75);
  expect(await frame.astype({ ok: "int32" }).col("ok").sum().compute(sync)).toBe(3);
});

test("floats lose their fraction as integers", async () => {
  const frame = fromRecords([{ x: 1.7 }, { x: -1.7 }]);
  expect(await frame.astype("int64").toRecords(sync)).toEqual([{ x: 1 }, { x: -1 }]);
});

test("the spread of what is not finite is NaN", async () => {
  const frame = fromRecords([1, Number.POSITIVE_INFINITY, 3].map((x) => ({ x, y: 1.5 })));
  expect(await frame.col("x").std().compute(sync)).toBeNaN();
  expect(await frame.col("x").var({ ddof: 0 }).compute(sync)).toBeNaN();
  expect(await frame.col("y").std().compute(sync)).toBe(0);
  expect(await frame.col("x").corr("y").compute(sync)).toBeNaN();
  expect(await frame.col("x").cov("y").compute(sync)).toBeNaN();
  const [, , std] = await frame.describe().toRecords(sync);
  expect(std).toEqual({ statistic: "std", x: Number.NaN, y: 0 });
  const within = frame.select((r) => ({ s: r.x.std().over("y") }));
  expect(await within.head(1).toRecords(sync)).toEqual([{ s: Number.NaN }]);
  expect(await frame.head(0).col("x").std().compute(sync)).toBeNull();
});

test("a difference of times is seconds", async () => {
  const frame = fromRecords([{ a: new Date("2024-01-01"), b: new Date("2024-01-02T00:00:01.5Z") }]);
  const made = frame.select((r) => ({
    span: r.b.sub(r.a as never),
    days: r.b.dt.date.sub(r.a as never).div(86_400),
    since: r.b.sub(new Date("2024-01-01") as never),
  }));
  expect(await made.toRecords(sync)).toEqual([{ span: 86_401.5, days: 1, since: 86_401.5 }]);
});
