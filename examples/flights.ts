/**
 * @file Heddle's main example: three million real flights as frames and arrays, a bag of JSON, a
 * Monte Carlo estimate and delayed calls. It prints tables, and writes plots to a page and all
 * numbers to a JSON file.
 *
 *     npm start
 *     npm start -- --json numbers.json --out my-report
 *     npm start -- --data 'my/*.parquet'      # the frames and arrays, on your own files
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compute, delayed } from "heddle";
import * as da from "heddle/array";
import { readJson } from "heddle/bag";
import { readCsv, readParquet } from "heddle/dataframe";
import { plotSections, printTables } from "./flights/present.ts";
import { pageOf } from "./flights/report.ts";

const SAMPLES = "node_modules/vega-datasets/data";

const { values: options } = parseArgs({
  options: {
    data: { type: "string" },
    json: { type: "string" },
    out: { type: "string", default: "heddle-report" },
  },
});

interface Flight {
  date: Date;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

interface Airport {
  iata: string;
  city: string;
}

const flights = readParquet<Flight>(options.data ?? `${SAMPLES}/flights-3m.parquet`);
const airports = readCsv<Airport>(`${SAMPLES}/airports.csv`);

/**
 * Frames: group, filter, join. Nothing runs before `compute`, and then all six tables do in one
 * pass.
 */
async function frames() {
  const timely = flights.assign((r) => ({
    late: r.delay.gt(15).astype("float64"),
    day: r.date.dt.strftime("%Y-%m-%d"),
    hour: r.date.dt.hour,
  }));
  const byOrigin = timely.groupby("origin").agg({
    flights: ["delay", "size"],
    meanDelay: ["delay", "mean"],
    shareLate: ["late", "mean"],
  });
  const byRoute = timely.groupby(["origin", "destination"]).agg({
    flights: ["delay", "size"],
    meanDelay: ["delay", "mean"],
    shareLate: ["late", "mean"],
  });
  const cities = airports.select("iata", "city");
  const worstRoutes = byRoute
    .filter((r) => r.flights.ge(1000))
    .nlargest(10, "meanDelay")
    .merge(cities.rename({ iata: "origin", city: "originCity" }), { on: "origin" })
    .merge(cities.rename({ iata: "destination", city: "destinationCity" }), { on: "destination" })
    .sortValues("meanDelay", { ascending: false });
  const perDay = timely.groupby("day").agg({ flights: ["delay", "size"] });
  const perHour = timely.groupby("hour").agg({ flights: ["delay", "size"] });
  const levels = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
  const quantiles = flights.agg((r) =>
    Object.fromEntries(levels.map((q) => [`${q}`, r.delay.quantile(q)])),
  );

  const [origins, routes, worst, days, hours, delays] = await compute(
    byOrigin,
    byRoute,
    worstRoutes,
    perDay,
    perHour,
    quantiles,
  );
  const [delayAt = {}] = delays.toRecords();
  return {
    byOrigin: origins.toRecords(),
    byRoute: routes.toRecords(),
    worstRoutes: worst.toRecords(),
    perDay: days.toRecords(),
    perHour: hours.toRecords(),
    quantiles: levels.map((quantile) => ({ quantile, delay: delayAt[`${quantile}`] ?? 0 })),
  };
}

/** Arrays: two columns of the frame as one lazy array, and NumPy's functions on them. */
async function arrays() {
  const columns = await flights.select("distance", "delay").toDaskArray();
  const distance = columns.at(":", 0);
  const delay = columns.at(":", 1);
  const distanceEdges = Array.from({ length: 13 }, (_, i) => 250 * i);
  const delayEdges = Array.from({ length: 25 }, (_, i) => 10 * i - 60);
  const [counts] = da.histogram2d(distance, delay, { bins: [distanceEdges, delayEdges] });
  const [grid, matrix] = await compute(counts, da.corrcoef(distance, delay));
  return {
    histogram: { counts: grid.toArray() as number[][], distanceEdges, delayEdges },
    correlation: matrix.get(0, 1),
  };
}

/** A bag: any JavaScript values, here the 200,000 objects of one JSON array, parsed in blocks. */
async function bag() {
  const records = readJson<{ delay: number; distance: number; time: number }>(
    `${SAMPLES}/flights-200k.json`,
    { blocksize: "1MiB" },
  );
  const totals = records.foldby(
    (r) => Math.floor(r.distance / 500) * 500,
    (total, r) => ({ flights: total.flights + 1, delay: total.delay + r.delay }),
    { flights: 0, delay: 0 },
    { combine: (a, b) => ({ flights: a.flights + b.flights, delay: a.delay + b.delay }) },
  );
  const [count, bands, mostDelayed] = await compute(
    records.count(),
    totals,
    records.topk(5, "delay"),
  );
  const byDistance = bands
    .map(([from, total]) => ({
      from,
      flights: total.flights,
      meanDelay: total.delay / total.flights,
    }))
    .sort((a, b) => a.from - b.from);
  return { records: count, byDistance, mostDelayed };
}

/**
 * Pi from 100 million random points: 1.6 GB of numbers, of which only a few blocks exist at a time.
 */
async function monteCarlo(points = 100_000_000) {
  const rng = da.random.defaultRng(42);
  const x = rng.random(points, { chunks: 1_000_000 });
  const y = rng.random(points, { chunks: 1_000_000 });
  const estimate = await da.expr<"float64">`4 * mean((${x}**2 + ${y}**2) < 1)`.compute();
  return { points, estimate };
}

/**
 * Delayed calls: eight waits of a second take 8 s one after the other, and 8 s / workers together.
 */
async function waits() {
  const wait = delayed((ms: number) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return ms / 1000;
  });
  const sum = delayed((seconds: number[]) => seconds.reduce((a, b) => a + b, 0));
  const start = performance.now();
  const waited = await sum(Array.from({ length: 8 }, () => wait(1000))).compute();
  return { waited, seconds: (performance.now() - start) / 1000 };
}

const numbers = {
  flights: await flights.len(),
  ...(await frames()),
  ...(await arrays()),
  // These have data of their own, so they are left out for yours.
  ...(options.data === undefined
    ? { bag: await bag(), pi: await monteCarlo(), waits: await waits() }
    : {}),
};

printTables(numbers);

await mkdir(options.out, { recursive: true });
const page = join(options.out, "index.html");
const lead = `${numbers.flights.toLocaleString("en-US")} flights from ${options.data ?? "vega-datasets"}`;
await writeFile(page, pageOf("Flights", lead, plotSections(numbers)));
console.log(`\nPlots: ${page}`);
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify(numbers)}\n`);
  console.log(`Numbers: ${options.json}`);
}
