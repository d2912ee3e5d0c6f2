/**
 * @file Frames beside Dask DataFrame, pandas, polars and DuckDB alone: group-bys and joins of the
 * h2o.ai kind on ten million made-up rows, and the queries of the flights example. Every system
 * reads the columns it needs from the same Parquet files; joins are summed.
 */
import { fileURLToPath } from "node:url";
import { compute } from "heddle";
import { readCsv, readParquet } from "heddle/dataframe";
import { h2oFiles } from "../lib/h2o.mjs";
import { timeMs } from "../lib/measure.mjs";

const ROWS = Number(process.env.HEDDLE_BENCH_ROWS ?? 10_000_000);
const samples = (name) =>
  fileURLToPath(new URL(`../../node_modules/vega-datasets/data/${name}`, import.meta.url));

/** The peers read the same files. */
export const facts = {
  flights: samples("flights-3m.parquet"),
  airports: samples("airports.csv"),
};

const frames = {};

export async function setUp() {
  Object.assign(facts, await h2oFiles(ROWS));
  for (const name of ["rows", "small", "medium", "flights"]) {
    frames[name] = readParquet(facts[name]);
  }
  frames.airports = readCsv(facts.airports);
  // The table thread starts with the first query.
  await frames.small.head(1).compute();
}

const seconds = (name, run) => ({
  name,
  unit: "s",
  better: "less",
  run: async () => (await timeMs(run)) / 1000,
});

const groups = (keys, aggregates) => () => frames.rows.groupby(keys).agg(aggregates).compute();

/** Sums of both sides of a join with another table. */
const join = (other, on) => () =>
  frames.rows
    .merge(frames[other], { on })
    .agg((r) => ({ v: r.v1.sum(), w: r.w.sum() }))
    .compute();

const late = () =>
  frames.flights.assign((r) => ({
    late: r.delay.gt(15).astype("float64"),
    day: r.date.dt.strftime("%Y-%m-%d"),
    hour: r.date.dt.hour,
  }));

const DELAYS = {
  flights: ["delay", "size"],
  meanDelay: ["delay", "mean"],
  shareLate: ["late", "mean"],
};

const byRoute = () => late().groupby(["origin", "destination"]).agg(DELAYS);

function worstRoutes() {
  const cities = frames.airports.select("iata", "city");
  return byRoute()
    .filter((r) => r.flights.ge(1000))
    .nlargest(10, "meanDelay")
    .merge(cities.rename({ iata: "origin", city: "originCity" }), { on: "origin" });
}

const SIZE = { flights: ["delay", "size"] };

/** Fixed since the first commit of this file: cases may be added, not changed. */
export const cases = [
  seconds("h2o q1: sum v1 by id1", groups("id1", { v1: ["v1", "sum"] })),
  seconds("h2o q2: sum v1 by id1, id2", groups(["id1", "id2"], { v1: ["v1", "sum"] })),
  seconds(
    "h2o q3: sum v1, mean v3 by id3",
    groups("id3", { v1: ["v1", "sum"], v3: ["v3", "mean"] }),
  ),
  seconds(
    "h2o q4: mean v1, v2, v3 by id4",
    groups("id4", { v1: ["v1", "mean"], v2: ["v2", "mean"], v3: ["v3", "mean"] }),
  ),
  seconds(
    "h2o q5: sum v1, v2, v3 by id6",
    groups("id6", { v1: ["v1", "sum"], v2: ["v2", "sum"], v3: ["v3", "sum"] }),
  ),
  seconds("h2o join with 100 rows", join("small", "id4")),
  seconds("h2o join with 100,000 rows", join("medium", "id6")),
  seconds("flights by origin", () => late().groupby("origin").agg(DELAYS).compute()),
  seconds("flights by route", () => byRoute().compute()),
  seconds("flights, worst routes with cities", () => worstRoutes().compute()),
  seconds("flights per day and hour", () =>
    compute(late().groupby("day").agg(SIZE), late().groupby("hour").agg(SIZE)),
  ),
  seconds("flights, quantiles of delay", () =>
    frames.flights
      .agg((r) => ({ low: r.delay.quantile(0.05), high: r.delay.quantile(0.95) }))
      .compute(),
  ),
];
