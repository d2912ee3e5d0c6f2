/**
 * @file Frames in partitions give what one query gives, on random data: nulls, keys that nearly all
 * rows share, keys of text, and partitions that are empty, a single row, or all there is.
 */
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { config } from "../../src/config/config.ts";
import { concat, type DataFrame, fromRecords, type Table } from "../../src/dataframe/index.ts";
import { inTier } from "../support/tier.ts";

const sync = { scheduler: "sync" } as const;
const numRuns = inTier(2, 10);
afterEach(() => config.set({ "dataframe.fragment": "auto" }));

interface Row {
  i: number;
  k: number | null;
  s: string | null;
  x: number | null;
  n: number;
}
type Frame = DataFrame<Row>;

const schema = { i: "int64", k: "int64", s: "string", x: "float64", n: "int32" };
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 5 });
/** Mostly one key, so that one destination has nearly all rows. */
const skewed = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 3 }));

const row = fc.record({
  k: orNull(skewed),
  s: orNull(fc.constantFrom("", "a", "b", "ä", "a much longer text than twelve bytes")),
  // Quarters, so that sums do not depend on their order.
  x: orNull(fc.integer({ min: -40, max: 40 }).map((n) => n / 4)),
  n: fc.integer({ min: 0, max: 3 }),
});

/** Rows in parts, some of them empty: each part becomes a partition. */
const parts: fc.Arbitrary<Row[][]> = fc
  .array(fc.array(row, { maxLength: 25 }), { minLength: 1, maxLength: 5 })
  .map((lists) => {
    let i = 0;
    return lists.map((list) => list.map((one) => ({ i: i++, ...one })));
  });

/** A frame of several inputs, each of which is cut into partitions. */
function frameOf(lists: readonly Row[][]): Frame {
  return concat(lists.map((list) => fromRecords<Row>(list, { schema })));
}

type Made = { compute(options: object): Promise<unknown> };
type Make = (frame: Frame, other: Frame) => Made;

function lines(value: unknown, sorted: boolean): string[] {
  const table = value as Table;
  const found = table.toRecords().map((one) => JSON.stringify(one, rounded));
  return sorted ? found.sort() : found;
}

/** Ten digits: spreads and correlations are joined from those of partitions. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(10)) + 0 : value;
}

async function both(made: () => Made, sorted: boolean): Promise<void> {
  const results: unknown[] = [];
  for (const mode of ["single", "partitioned"] as const) {
    config.set({ "dataframe.fragment": mode });
    results.push(await made().compute(sync));
  }
  const [one, many] = results as [Table, Table];
  expect(many.fields).toEqual(one.fields);
  expect(lines(many, sorted)).toEqual(lines(one, sorted));
}

const HOW = ["inner", "left", "right", "outer", "semi", "anti"] as const;

/** Whose rows come in any order. */
const unordered: Record<string, Make> = {
  ...Object.fromEntries(
    HOW.flatMap((how) => [
      [`${how} join by a number`, (a, b) => a.merge(b, { on: "k", how }) as Made],
      [`${how} join by text and number`, (a, b) => a.merge(b, { on: ["s", "n"], how }) as Made],
    ]) as [string, Make][],
  ),
  "groups without an order": (a) => a.groupby("s", { sort: false }).agg({ n: ["i", "count"] }),
};

/** Whose rows come in an order that users may rely on. */
const ordered: Record<string, Make> = {
  "groups in two steps": (a) =>
    a.groupby("k").agg({
      rows: ["x", "size"],
      count: ["x", "count"],
      sum: ["x", "sum"],
      mean: ["x", "mean"],
      min: ["x", "min"],
      max: ["s", "max"],
      std: ["x", "std"],
      var: ["x", "var"],
      any: ["n", "any"],
      all: ["n", "all"],
      first: ["x", "first"],
      last: ["s", "last"],
    }),
  "groups whose rows meet": (a) =>
    a.groupby(["s", "n"], { dropna: false }).agg({
      median: ["x", "median"],
      q: ["x", "quantile", 0.3],
      distinct: ["k", "nunique"],
      first: ["i", "first"],
      last: ["x", "last"],
    }),
  "correlations of groups": (a) =>
    a.groupby("n").agg((r) => ({ c: r.x.corr(r.i), v: r.x.cov(r.k) })),
  "aggregates of all rows": (a) =>
    a.agg((r) => ({
      sum: r.x.sum(),
      std: r.x.std(),
      first: r.s.first(),
      last: r.k.last(),
      distinct: r.s.nunique(),
      numbers: r.x.nunique(),
      middle: r.x.median(),
      low: r.k.quantile(0.2),
      related: r.x.corr(r.n),
    })),
  "orders of several keys": (a) =>
    a.sortValues(["k", "s", "x"], { ascending: [false, true, false], naPosition: "first" }),
  "an order with nulls last": (a) => a.sortValues(["s", "k"]),
  "first and last in an order": (a) =>
    concat([a.sortValues("x", { ascending: false }).head(3), a.sortValues("s").tail(4)]),
  "distinct rows, the first": (a) => a.dropDuplicates({ subset: ["k", "s"] }),
  "distinct rows, the last": (a) => a.dropDuplicates({ subset: ["n"], keep: "last" }),
  "distinct whole rows": (a) => concat([a, a]).select("k", "s", "n").dropDuplicates(),
  nunique: (a) => a.nunique(),
  "values and their counts": (a) => a.col("s").valueCounts({ dropna: false }),
  "shares of values": (a) => a.col("k").valueCounts({ normalize: true }),
  "cumulative functions": (a) =>
    a.assign((r) => ({
      sum: r.x.cumsum(),
      max: r.x.cummax(),
      min: r.n.cummin(),
      prod: r.n.cumprod(),
    })) as Made,
  "cumulative functions of groups": (a) =>
    a.assign((r) => ({ sum: r.x.cumsum().over("k"), least: r.n.cummin().over("k") })) as Made,
  // Rows that have been through an exchange come in no order of their own.
  "cumulative functions of groups of distinct rows": (a) =>
    a
      .dropDuplicates({ subset: ["k", "n"] })
      .assign((r) => ({ sum: r.i.cumsum().over("s"), before: r.n.shift(1).over("s") })) as Made,
  "shifts and differences": (a) =>
    a.assign((r) => ({
      before: r.x.shift(2),
      after: r.s.shift(-1),
      step: r.x.diff(),
      own: r.x.shift(1).over("s"),
    })) as Made,
  "the first rows": (a) => a.head(7),
  "the last rows": (a) => a.tail(7),
  "the first rows of some": (a) => a.filter((r) => r.n.gt(1)).head(5),
  "aggregates beside rows": (a) => a.assign((r) => ({ m: r.x.max().over("s") })) as Made,
  ...Object.fromEntries(
    HOW.map((how): [string, Make] => [
      `the order of ${how} joins`,
      (a, b) =>
        a
          .rename({ i: "p" })
          .merge(b.rename({ n: "m", x: "y", s: "t" }), { on: "k", how })
          .assign((r) => ({ sum: r.p.cumsum() })) as unknown as Made,
    ]),
  ),
  "a join in an order": (a, b) =>
    a
      .sortValues(["k", "i"])
      .merge(b, { on: "s", how: "left" })
      .sortValues(["i_x", "i_y"]) as unknown as Made,
};

test.each(Object.entries(ordered))("%s", async (_, make) => {
  await fc.assert(
    fc.asyncProperty(parts, parts, (a, b) => both(() => make(frameOf(a), frameOf(b)), false)),
    { numRuns },
  );
});

test.each(Object.entries(unordered))("%s", async (_, make) => {
  await fc.assert(
    fc.asyncProperty(parts, parts, (a, b) => both(() => make(frameOf(a), frameOf(b)), true)),
    { numRuns },
  );
});
