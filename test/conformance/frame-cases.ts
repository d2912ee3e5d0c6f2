/**
 * @file What frames in partitions are compared by: verbs that bring rows together, over rows with
 * nulls, ties and odd keys, and how results are compared with those of one query.
 */
import { join } from "node:path";
import { expect } from "vitest";
import {
  type AnyRow,
  concat,
  type DataFrame,
  fromRecords,
  readParquet,
} from "../../dist/dataframe/index.js";
import { config } from "../../dist/index.js";

export interface Sale {
  id: number;
  team: string | null;
  day: Date | null;
  price: number | null;
  count: number;
  large: bigint | number;
}

interface Team {
  team: string | null;
  city: string;
  rank: number;
}

/** Rows without a generator: every column has its own period, some values are null. */
export const sales = fromRecords<Sale>(
  Array.from({ length: 997 }, (_, i) => ({
    id: (i * 389) % 997,
    team: i % 11 === 0 ? null : `team ${(i * i) % 23}`,
    day: i % 17 === 0 ? null : new Date(Date.UTC(2024, 0, 1 + (i % 40))),
    price: i % 13 === 0 ? null : ((i * 7919) % 1000) / 8,
    count: (i * 31) % 7,
    large: (i % 2 === 0 ? 1 : -1) * (9_007_199_254_740_991 - i),
  })),
  { schema: { price: "float64", large: "int64" } },
);
const teams = fromRecords<Team>(
  Array.from({ length: 40 }, (_, i) => ({
    team: i === 7 ? null : `team ${(i * 3) % 29}`,
    city: `city ${i % 5}`,
    rank: i / 2,
  })),
  { schema: { rank: "float64" } },
);

/** The sales as five files of Parquet in a folder. */
export async function salesFiles(folder: string): Promise<DataFrame<Sale>> {
  const path = join(folder, "sales-*.parquet");
  const parts = sales.mapPartitions((part) => part, { npartitions: 5 });
  await parts.toParquet(path, { scheduler: "sync" });
  return readParquet<Sale>(path);
}

export type Make = (sales: DataFrame<Sale>) => { compute(options: object): Promise<unknown> };

const JOINS = ["inner", "left", "right", "outer", "semi", "anti"] as const;

/** Neither side is much smaller than the other: both are exchanged. Each has rows of its own. */
function likeSides(s: DataFrame<Sale>, how: (typeof JOINS)[number]): DataFrame<Sale> {
  const other = s.filter((r) => r.count.ne(3)).rename({ price: "other" });
  return s.filter((r) => r.count.ne(5)).merge(other, { on: ["id", "team"], how }) as never;
}

/** Whose rows come in an order that users may rely on. */
export const ordered: Record<string, Make> = {
  "rows as they are": (s) =>
    s.filter((r) => r.count.gt(2)).assign((r) => ({ twice: r.price.mul(2) })),
  "groups, in two steps": (s) =>
    s.groupby("team").agg({
      n: ["id", "count"],
      total: ["price", "sum"],
      mean: ["price", "mean"],
      least: ["price", "min"],
      most: ["day", "max"],
      std: ["price", "std"],
      var: ["large", "var"],
      sem: ["price", "sem"],
      any: ["count", "any"],
      size: ["id", "size"],
      wide: ["large", "sum"],
      wideMean: ["large", "mean"],
      first: ["price", "first"],
      last: ["id", "last"],
    }),
  "groups whose rows come together": (s) =>
    s.groupby(["team", "count"], { dropna: false }).agg({
      median: ["price", "median"],
      q: ["price", "quantile", 0.3],
      distinct: ["day", "nunique"],
      first: ["price", "first"],
    }),
  "groups of floats and dates": (s) => s.groupby(["price", "day"]).agg({ n: ["id", "count"] }),
  "formulas of aggregates": (s) =>
    s
      .groupby("count")
      .agg((r) => ({ ratio: r.price.sum().div(r.id.count()), spread: r.id.max().sub(r.id.min()) })),
  "aggregates of all rows": (s) =>
    s.agg((r) => ({
      n: r.id.count(),
      sum: r.large.sum(),
      std: r.price.std(),
      first: r.team.first(),
      last: r.day.last(),
    })),
  "first and last of all rows in an order": (s) =>
    s
      .sortValues(["count", "id"], { ascending: [false, true] })
      .agg((r) => ({ first: r.id.first(), last: r.price.last(), n: r.id.count() })),
  "first and last of groups in an order": (s) =>
    s
      .sortValues("price", { naPosition: "first" })
      .groupby("team")
      .agg({ first: ["id", "first"], last: ["id", "last"] }),
  "first and last of groups": (s) => {
    const groups = s.groupby("team").agg({ n: ["id", "count"], days: ["day", "nunique"] });
    return groups.agg((r) => ({ first: r.team.first(), last: r.n.last(), days: r.days.sum() }));
  },
  describe: (s) => s.describe(),
  "quantiles of all rows": (s) => s.quantile([0.1, 0.5, 0.9]),
  "quantiles, distinct values and sums in formulas": (s) =>
    s.agg((r) => ({
      spread: r.price.quantile(0.75).sub(r.price.quantile(0.25)),
      middle: r.price.median(),
      whole: r.id.quantile(0.5),
      large: r.large.median(),
      low: r.count.quantile(0),
      high: r.price.mul(2).quantile(1),
      days: r.day.nunique().add(r.team.nunique()),
      mean: r.price.mean(),
      middleDay: r.day.max(),
      related: r.price.corr(r.id),
      together: r.price.cov(r.count),
    })),
  "quantiles and distinct values of no rows": (s) =>
    s
      .filter((r) => r.id.lt(0))
      .agg((r) => ({
        q: r.price.quantile(0.3),
        m: r.id.median(),
        n: r.team.nunique(),
        c: r.price.corr(r.id),
      })),
  "quantiles of one row": (s) =>
    s
      .filter((r) => r.id.eq(17))
      .agg((r) => ({ q: r.price.quantile(0.3), c: r.price.cov(r.id), d: r.price.corr(r.id) })),
  "quantiles of groups": (s) =>
    s
      .groupby("team")
      .agg({ most: ["price", "max"] })
      .agg((r) => ({ m: r.most.median(), n: r.team.nunique() })),
  "correlations within groups": (s) =>
    s.groupby("team").agg((r) => ({ c: r.price.corr(r.id), v: r.price.cov(r.count) })),
  covariances: (s) => s.select("id", "price", "large").cov(),
  nunique: (s) => s.nunique(),
  correlations: (s) => s.select("id", "price", "count").corr(),
  "an order with ties": (s) => s.sortValues(["count", "team"], { ascending: [false, true] }),
  "an order with nulls first": (s) => s.sortValues("day", { naPosition: "first" }),
  "largest and smallest": (s) =>
    concat([s.nlargest(12, "count"), s.nsmallest(12, ["price", "id"])]),
  "first and last rows": (s) => concat([s.head(17), s.tail(23)]),
  "distinct rows, first and last": (s) =>
    concat([
      s.dropDuplicates({ subset: ["team", "count"] }),
      s.dropDuplicates({ subset: ["team", "count"], keep: "last" }),
    ]),
  "distinct values in order of appearance": (s) => s.col("team").unique(),
  "distinct whole rows": (s) => concat([s, s]).dropDuplicates(),
  "values and their counts": (s) => s.col("team").valueCounts({ dropna: false }),
  shares: (s) => s.col("team").valueCounts({ normalize: true }),
  "functions of groups in row order": (s) =>
    s.assign((r) => ({
      before: r.price.shift(1).over("team"),
      sum: r.count.cumsum().over("team"),
    })),
  "aggregates beside rows": (s) =>
    s.assign((r) => ({ share: r.price.div(r.price.sum().over("team")) })),
  "functions of all rows in row order": (s) => s.assign((r) => ({ sum: r.count.cumsum() })),
  "a join of ordered rows": (s) => s.sortValues("id").merge(teams, { on: "team" }),
  "first rows of a join": (s) => s.merge(teams, { on: "team" }).head(40) as never,
  ...Object.fromEntries(
    JOINS.map((how): [string, Make] => [
      `${how} join of like sides, in its order`,
      (s) => likeSides(s, how).assign((r) => ({ sum: r.id.cumsum() })) as never,
    ]),
  ),
  "an order of a join": (s) =>
    s.merge(teams, { on: "team", how: "outer" }).sortValues(["id", "rank"]),
  "a join of groups with their rows": (s) => {
    const means = s.groupby("team").agg({ mean: ["price", "mean"] });
    return s.merge(means, { on: "team", how: "left" }).sortValues("id");
  },
  "SQL over all rows": (s) =>
    s.sql("SELECT count, sum(price) AS p FROM self GROUP BY count ORDER BY count"),
  "a sample": (s) =>
    s.sample({ frac: 0.3, seed: 5 }).agg((r) => ({ n: r.id.count(), sum: r.id.sum() })),
};

/** Whose rows come in any order. */
export const unordered: Record<string, Make> = {
  ...Object.fromEntries(
    JOINS.map((how): [string, Make] => [
      `${how} join`,
      (s) => s.merge(teams, { on: "team", how }) as never,
    ]),
  ),
  ...Object.fromEntries(
    JOINS.map((how): [string, Make] => [
      `${how} join of like sides`,
      (s) => likeSides(s, how) as never,
    ]),
  ),
  "a join of whole numbers with floats": (s) =>
    s.merge(teams, { leftOn: "count", rightOn: "rank" }) as never,
  "cross join": (s) => s.select("id").merge(teams.select("rank"), { how: "cross" }) as never,
  "groups in any order": (s) => s.groupby("day", { sort: false }).agg({ n: ["id", "count"] }),
  shuffle: (s) => s.shuffle("team", { npartitions: 3 }),
};

function records(value: unknown): AnyRow[] {
  return (value as { toRecords(options: object): AnyRow[] }).toRecords({ int64: "bigint" });
}

/** Floats to 12 digits, for sums made in another order. */
function plain(rows: readonly AnyRow[], sorted: boolean): string[] {
  const lines = rows.map((row) =>
    JSON.stringify(row, (_, value) => {
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "number" ? Number(value.toPrecision(12)) : value;
    }),
  );
  return sorted ? lines.sort() : lines;
}

async function under<T>(mode: "single" | "partitioned", work: () => Promise<T>): Promise<T> {
  config.set({ "dataframe.fragment": mode });
  try {
    return await work();
  } finally {
    config.set({ "dataframe.fragment": "auto" });
  }
}

/** Computes both ways; `sorted` where the order of rows is free. */
export async function compare(make: Make, from: DataFrame<Sale>, runner: object, sorted: boolean) {
  const one = await under("single", () => make(from).compute({ scheduler: "sync" }));
  const many = await under("partitioned", () => make(from).compute(runner));
  const [a, b] = [one, many] as { readonly fields: unknown }[];
  expect(b?.fields).toEqual(a?.fields);
  expect(plain(records(many), sorted)).toEqual(plain(records(one), sorted));
}
