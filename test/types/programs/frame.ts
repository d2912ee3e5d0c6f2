import { readParquet } from "heddle/dataframe";

interface Flights {
  origin: string;
  destination: string;
  delay: number;
}
const flights = readParquet<Flights>("node_modules/vega-datasets/data/flights-3m.parquet");
const late = flights.filter((r) => r.delay.gt(15)).assign((r) => ({ hours: r.delay.div(60) }));
const worst = late.groupby("origin").agg({ n: ["delay", "count"], mean: ["hours", "mean"] });
const rows: { origin: string; n: number; mean: number }[] = await worst
  .nlargest(3, "mean")
  .toRecords();
console.log(rows.length);
