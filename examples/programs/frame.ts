/**
 * @file Frames: three million flights in a Parquet file, filtered and grouped with typed columns.
 */
import { readParquet } from "heddle/dataframe";

interface Flights {
  origin: string;
  destination: string;
  delay: number;
}
const flights = readParquet<Flights>("node_modules/vega-datasets/data/flights-3m.parquet");

// `r` is a row of expressions: a misspelt column does not compile.
const late = flights.filter((r) => r.delay.gt(15)).assign((r) => ({ hours: r.delay.div(60) }));
const worst = late.groupby("origin").agg({ n: ["delay", "count"], mean: ["hours", "mean"] });

// The filter and the columns that are needed are pushed into the reading of the file.
for (const { origin, n, mean } of await worst.nlargest(3, "mean").toRecords()) {
  console.log(`${origin}: ${n} late flights, ${mean.toFixed(2)} hours on average`);
}
