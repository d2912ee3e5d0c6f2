/**
 * @file Frames against pandas: expressions, groupings, joins, orders and summaries on a small frame
 * with nulls, and the main job's questions on three million flights. The goldens are made by
 * `generate/frames.py`.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type DataFrame,
  type Expr,
  fromRecords,
  type Row,
  readCsv,
  readParquet,
} from "../../src/dataframe/index.ts";

type Golden = Record<string, unknown>;
const goldens = JSON.parse(
  readFileSync(new URL("./goldens/frames.json", import.meta.url), "utf8"),
) as { people: Record<string, unknown[]>; small: Golden; weather: Golden; flights: Golden };

interface Person {
  id: number;
  team: string | null;
  score: number | null;
  count: number;
  name: string | null;
  at: Date | null;
}

const sync = { scheduler: "sync" } as const;
const DATA = new URL("../../node_modules/vega-datasets/data/", import.meta.url).pathname;

const people = fromRecords<Person>(
  (goldens.people["id"] as number[]).map((_, i) => {
    const row = Object.fromEntries(Object.entries(goldens.people).map(([k, v]) => [k, v[i]]));
    return { ...row, at: row["at"] === null ? null : new Date(`${String(row["at"])}Z`) } as Person;
  }),
  { schema: { score: "float64" } },
);

/** Values as JSON has them. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Equal up to rounding: floats within 12 digits, everything else exactly. */
function expectClose(actual: unknown, golden: unknown, path = "value"): void {
  if (typeof golden === "number" && typeof actual === "number") {
    const scale = Math.max(1e-9, Math.abs(golden));
    expect(Math.abs(actual - golden) / scale, `${path}: ${actual} against ${golden}`).toBeLessThan(
      1e-12,
    );
  } else if (typeof golden === "object" && golden !== null) {
    const keys = Object.keys(golden);
    expect(Object.keys(actual as object).sort(), path).toEqual([...keys].sort());
    for (const key of keys) {
      expectClose((actual as Golden)[key], (golden as Golden)[key], `${path}.${key}`);
    }
  } else expect(actual, path).toEqual(golden);
}

async function values(expr: (r: Row<Person>) => Expr<unknown>, frame = people): Promise<unknown> {
  const table = await frame.select((r) => ({ v: expr(r) })).compute(sync);
  return plain(table.column("v").toArray());
}

describe("expressions equal pandas", () => {
  const cases: Record<string, (r: Row<Person>) => Expr<unknown>> = {
    add: (r) => r.count.add(r.score),
    div: (r) => r.count.div(2),
    floordiv: (r) => r.count.floordiv(2),
    mod: (r) => r.count.mod(3),
    modNegative: (r) => r.count.mod(-3),
    pow: (r) => r.count.pow(2),
    neg: (r) => r.score.neg(),
    abs: (r) => r.count.abs(),
    round: (r) => r.score.round(),
    clip: (r) => r.count.clip(-1, 4),
    clipNulls: (r) => r.score.clip(0, 3),
    isna: (r) => r.score.isna(),
    notna: (r) => r.score.notna(),
    extract: (r) => r.name.str.extract(/([a-m])n/, 1),
    between: (r) => r.count.between(0, 3),
    isIn: (r) => r.count.isIn([3, 9]),
    year: (r) => r.at.dt.year,
    month: (r) => r.at.dt.month,
    day: (r) => r.at.dt.day,
    hour: (r) => r.at.dt.hour,
    second: (r) => r.at.dt.second,
    dayofweek: (r) => r.at.dt.dayofweek,
    dayofyear: (r) => r.at.dt.dayofyear,
    quarter: (r) => r.at.dt.quarter,
    week: (r) => r.at.dt.week,
    shift: (r) => r.count.shift(2),
    shiftBack: (r) => r.count.shift(-1),
    diff: (r) => r.count.diff(),
    cumsum: (r) => r.count.cumsum(),
    cummax: (r) => r.count.cummax(),
    cummin: (r) => r.count.cummin(),
    transform: (r) => r.count.sub(r.count.mean().over("team")).where(r.team.notNull()),
  };
  test.each(Object.entries(cases))("%s", async (name, expr) => {
    expectClose(await values(expr), goldens.small[name]);
  });

  const texts: Record<string, (r: Row<Person>) => Expr<unknown>> = {
    lower: (r) => r.name.str.lower(),
    upper: (r) => r.name.str.upper(),
    len: (r) => r.name.str.len(),
    slice: (r) => r.name.str.slice(1, 3),
    sliceEnd: (r) => r.name.str.slice(-2),
    sliceNegative: (r) => r.name.str.slice(0, -1),
    contains: (r) => r.name.str.contains("n"),
    startsWith: (r) => r.name.str.startsWith("A"),
    find: (r) => r.name.str.find("n"),
    replace: (r) => r.name.str.replace("n", "_"),
    capitalize: (r) => r.name.str.capitalize(),
    zfill: (r) => r.name.str.zfill(4),
  };
  test.each(Object.entries(texts))("str.%s", async (name, expr) => {
    const named = people.filter((r) => r.name.notNull());
    expectClose(await values(expr, named), goldens.small[name]);
  });
});

async function ids(frame: DataFrame<Person>): Promise<number[]> {
  return await frame.col("id").toArray(sync);
}

describe("frames equal pandas", () => {
  const { small } = goldens;

  test("groupby with every aggregate", async () => {
    const grouped = people.groupby("team").agg({
      n: ["score", "count"],
      rows: ["id", "size"],
      sum: ["score", "sum"],
      mean: ["score", "mean"],
      min: ["score", "min"],
      max: ["name", "max"],
      std: ["count", "std"],
      var: ["count", "var"],
      median: ["count", "median"],
      nunique: ["name", "nunique"],
      first: ["score", "first"],
      last: ["score", "last"],
    });
    expectClose(await grouped.toRecords(sync), small["groupby"]);
  });

  test("groupby keeps null keys on request, last", async () => {
    const grouped = people.groupby("team", { dropna: false }).agg({ n: ["id", "count"] });
    expectClose(await grouped.toRecords(sync), small["groupbyNulls"]);
  });

  test("orders are stable, nulls last", async () => {
    expect(await ids(people.sortValues(["team", "score"]))).toEqual(small["sortValues"]);
    expect(await ids(people.sortValues("score", { ascending: false }))).toEqual(
      small["sortDescending"],
    );
    expect(await ids(people.sortValues("score", { naPosition: "first" }))).toEqual(
      small["sortNullsFirst"],
    );
    expect(await ids(people.nlargest(3, "score"))).toEqual(small["nlargest"]);
  });

  test("duplicates and distinct values in order of appearance", async () => {
    expect(await ids(people.dropDuplicates({ subset: "team" }))).toEqual(small["dropDuplicates"]);
    expect(await ids(people.dropDuplicates({ subset: ["name", "at"], keep: "last" }))).toEqual(
      small["dropDuplicatesLast"],
    );
    const unique = await people.col("team").unique().compute(sync);
    expect(unique.column("team").toArray()).toEqual(small["unique"]);
  });

  test("summaries", async () => {
    const numbers = people.select("score", "count");
    expectClose(await numbers.describe().toRecords(sync), small["describe"]);
    expectClose(await numbers.corr().toRecords(sync), small["corr"]);
    expectClose(await numbers.cov().toRecords(sync), small["cov"]);
    expectClose(await people.col("count").quantile(0.3).compute(sync), small["quantile"]);
    const several = people.select("score", "count").quantile([0.1, 0.5, 0.9]);
    expectClose(await several.toRecords(sync), small["quantiles"]);
    const pair = people.col("score").corr(people.col("count"));
    expectClose(await pair.compute(sync), small["corrPair"]);
  });

  test("nulls dropped", async () => {
    expect(await ids(people.dropna())).toEqual(small["dropna"]);
    expect(await ids(people.dropna({ subset: "team" }))).toEqual(small["dropnaSubset"]);
  });

  test.each(["inner", "left", "right", "outer"] as const)("merge %s", async (how) => {
    const other = fromRecords([
      { team: "a", count: 10, boss: "X" },
      { team: "b", count: 20, boss: "Y" },
      { team: "d", count: 30, boss: "Z" },
    ]);
    const left = people.filter((r) => r.team.notNull()).select("id", "team", "count");
    const joined = left.merge(other, { on: "team", how }).sortValues(["team", "id"]);
    expectClose(await joined.toRecords(sync), small[how]);
  });

  test("a CSV file", async () => {
    const weather = readCsv<{
      date: Date;
      precipitation: number;
      temp_max: number;
      temp_min: number;
      weather: string;
    }>(`${DATA}seattle-weather.csv`);
    const byYear = weather
      .assign((r) => ({ year: r.date.dt.year, range: r.temp_max.sub(r.temp_min) }))
      .groupby(["year", "weather"])
      .agg({ days: ["date", "count"], rain: ["precipitation", "sum"], range: ["range", "mean"] });
    expectClose(await byYear.toRecords(sync), goldens.weather["byYear"]);
    const warmest = weather.nlargest(5, ["temp_max", "temp_min"]);
    expectClose(
      plain(await warmest.select("date", "temp_max", "weather").toRecords(sync)),
      goldens.weather["warmest"],
    );
    const counts = await weather.col("weather").valueCounts().toRecords(sync);
    expectClose(counts, goldens.weather["counts"]);
  });
});

describe("the main job's questions equal pandas", () => {
  const flights = readParquet<{
    date: Date;
    delay: number;
    distance: number;
    origin: string;
    destination: string;
  }>(`${DATA}flights-3m.parquet`);
  const marked = flights.assign((r) => ({ late: r.delay.gt(15).astype("float64") }));
  const golden = goldens.flights;

  test("per origin", async () => {
    const origin = marked
      .groupby("origin")
      .agg({ n: ["delay", "count"], mean: ["delay", "mean"], late: ["late", "mean"] });
    expectClose(await origin.head(5).toRecords(sync), golden["firstOrigins"]);
    expect(await origin.len(sync)).toBe(golden["origins"]);
    expectClose(await origin.col("mean").mean().compute(sync), golden["meanOfMeans"]);
  });

  test("per route, and the ten worst with city names", async () => {
    const route = marked
      .groupby(["origin", "destination"])
      .agg((r) => ({ n: r.delay.count(), mean: r.delay.mean(), late: r.late.mean() }));
    expect(await route.len(sync)).toBe(golden["routes"]);
    const cities = readCsv<{ iata: string; city: string }>(`${DATA}airports.csv`).select(
      "iata",
      "city",
    );
    const worst = route
      .filter((r) => r.n.ge(1000))
      .nlargest(10, "mean")
      .merge(cities.rename({ iata: "origin", city: "from" }), { on: "origin", how: "left" })
      .merge(cities.rename({ iata: "destination", city: "to" }), {
        on: "destination",
        how: "left",
      });
    // The joins keep the order that nlargest made.
    expectClose(await worst.toRecords(sync), golden["worst"]);
  });

  test("per day and per hour", async () => {
    const day = flights
      .assign((r) => ({ day: r.date.dt.date }))
      .groupby("day")
      .size();
    const sizes = (await day.toRecords(sync)).map((row) => row.size);
    expect([sizes.length, sizes.slice(0, 3), Math.max(...sizes)]).toEqual([
      golden["days"],
      golden["firstDays"],
      golden["busiest"],
    ]);
    const hour = flights
      .assign((r) => ({ hour: r.date.dt.hour }))
      .groupby("hour")
      .size();
    expect((await hour.toRecords(sync)).map((row) => row.size)).toEqual(golden["hours"]);
  });

  test("quantiles and correlation", async () => {
    const quantiles = await flights
      .agg({
        a: ["delay", "quantile", 0.05],
        b: ["delay", "quantile", 0.25],
        c: ["delay", "quantile", 0.5],
        d: ["delay", "quantile", 0.75],
        e: ["delay", "quantile", 0.95],
        f: ["delay", "quantile", 0.999],
      })
      .toRecords(sync);
    expectClose(Object.values(quantiles[0] ?? {}), golden["quantiles"]);
    expectClose(await flights.col("delay").corr("distance").compute(sync), golden["corr"]);
  });

  test("one query over all and one per row group give the same", async () => {
    const part = flights.select("origin", "delay").mapPartitions(countOver, {
      schema: { origin: "string", n: "int64", sum: "float64" },
    });
    expect(flights.npartitions).toBe(11);
    const both = part
      .groupby("origin")
      .agg({ n: ["n", "sum"], sum: ["sum", "sum"] })
      .assign((r) => ({ mean: r.sum.div(r.n) }))
      .select("origin", "n", "mean");
    const whole = flights.groupby("origin").agg({ n: ["delay", "count"], mean: ["delay", "mean"] });
    expectClose(await both.toRecords(sync), await whole.toRecords(sync));
  });
});

/** Counts and sums by origin within one partition, by hand. */
function countOver(part: { toRecords(): { origin: string; delay: number }[] }) {
  const sums = new Map<string, { origin: string; n: number; sum: number }>();
  for (const { origin, delay } of part.toRecords()) {
    const entry = sums.get(origin) ?? { origin, n: 0, sum: 0 };
    entry.n++;
    entry.sum += delay;
    sums.set(origin, entry);
  }
  return [...sums.values()];
}
