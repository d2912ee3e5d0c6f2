import { describe, expect, test } from "vitest";
import { col, fromRecords, lit, readParquet } from "../../../src/dataframe/index.ts";

const DATA = new URL("../../../node_modules/vega-datasets/data/", import.meta.url).pathname;
const sync = { scheduler: "sync" } as const;

interface Flight {
  date: Date;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}
const flights = readParquet<Flight>(`${DATA}flights-3m.parquet`);

/** The lines of the optimised plan. */
function optimized(frame: { explain(): string }): string[] {
  const [, plan = ""] = frame.explain().split("== Optimised plan\n");
  return (plan.split("\n\n")[0] ?? "").split("\n").map((line) => line.replace(DATA, ""));
}

describe("the optimiser", () => {
  test("reads only the columns that are used", () => {
    expect(optimized(flights.groupby("origin").agg({ mean: ["delay", "mean"] }))).toEqual([
      "aggregate by origin: mean = avg(delay)",
      "  read parquet flights-3m.parquet [delay, origin]",
    ]);
    expect(optimized(flights.agg((r) => ({ n: r.delay.size() })))).toEqual([
      "aggregate all rows: n = count(*)",
      "  read parquet flights-3m.parquet [date]",
    ]);
  });

  test("moves filters below projections and merges them", () => {
    const late = flights
      .assign((r) => ({ hours: r.delay.div(60) }))
      .filter((r) => r.hours.gt(1))
      .select("origin", "hours")
      .filter((r) => r.origin.eq("SFO"));
    expect(optimized(late)).toEqual([
      "select origin, hours = (delay / 60)",
      "  filter (((delay / 60) > 1) AND (origin = 'SFO'))",
      "    read parquet flights-3m.parquet [delay, origin]",
    ]);
  });

  test("moves conditions on keys below a grouping, and keeps those on aggregates", () => {
    const busy = flights
      .groupby("origin")
      .agg({ n: ["delay", "count"] })
      .filter((r) => r.origin.ne("SFO").and(r.n.gt(10)));
    expect(optimized(busy)).toEqual([
      "filter (n > 10)",
      "  aggregate by origin: n = count(delay)",
      "    filter (origin <> 'SFO')",
      "      read parquet flights-3m.parquet [delay, origin]",
    ]);
  });

  test("moves conditions to the side of a join that they read, where the join allows", () => {
    const left = fromRecords([{ k: 1, a: 1 }]);
    const right = fromRecords([{ k: 1, b: 1 }]);
    const both = (how: "inner" | "left"): string[] =>
      optimized(left.merge(right, { on: "k", how }).filter(col("a").gt(0).and(col("b").gt(0))));
    expect(both("inner")).toEqual([
      "inner join on k",
      "  filter (a > 0)",
      "    local table [k, a]",
      "  filter (b > 0)",
      "    local table [k, b]",
    ]);
    expect(both("left")).toEqual([
      "filter (b > 0)",
      "  left join on k",
      "    filter (a > 0)",
      "      local table [k, a]",
      "    local table [k, b]",
    ]);
  });

  test("does not move a filter below a window or a limit", () => {
    const first = flights
      .head(10)
      .filter((r) => r.delay.gt(0))
      .select("delay");
    expect(optimized(first)).toEqual([
      "filter (delay > 0)",
      "  first 10 rows",
      "    read parquet flights-3m.parquet [delay]",
    ]);
    const running = fromRecords([{ a: 1 }, { a: 2 }])
      .assign((r) => ({ before: r.a.shift() }))
      .filter((r) => r.a.gt(1));
    expect(optimized(running)[0]).toBe("filter (a > 1)");
  });

  test("computes constants", () => {
    const always = flights.filter(lit(1).add(1).eq(2)).select("origin");
    expect(optimized(always)).toEqual(["read parquet flights-3m.parquet [origin]"]);
    const some = flights.filter((r) => r.delay.gt(lit(5).mul(3)).and(true)).select("delay");
    expect(optimized(some)[0]).toBe("filter (delay > 15)");
  });

  test("finds the quantiles of a column together", () => {
    const spread = flights.agg((r) => ({
      low: r.delay.quantile(0.1),
      high: r.delay.quantile(0.9),
    }));
    expect(optimized(spread)[0]).toBe(
      "aggregate all rows: low = quantile_cont(delay, [0.1, 0.9])[1], high = quantile_cont(delay, [0.1, 0.9])[2]",
    );
  });

  test("explain shows the plan as written and the query", () => {
    const text = flights
      .filter((r) => r.delay.gt(15))
      .head(3)
      .explain();
    expect(text).toContain("== Plan as written\nfirst 3 rows\n  filter (delay > 15)");
    expect(text).toMatch(/== Query\nSELECT .* WHERE \("delay" > 15\) LIMIT 3$/);
  });
});

test("a filter after a grouping and before it give the same", async () => {
  const frame = fromRecords([
    { k: "a", v: 1 },
    { k: "b", v: 2 },
    { k: "b", v: 3 },
  ]);
  const after = frame
    .groupby("k")
    .agg({ s: ["v", "sum"] })
    .filter((r) => r.k.eq("b"));
  expect(await after.toRecords(sync)).toEqual([{ k: "b", s: 5 }]);
});
