/** @file SQL over lazy frames, with typed rows. */
import { readCsv, sql } from "heddle/dataframe";

const airports = readCsv<{ iata: string; state: string }>(
  "node_modules/vega-datasets/data/airports.csv",
);
const byState = sql<{ state: string; n: number }>(
  "select state, count(*) as n from airports group by state order by n desc limit 5",
  { airports },
);
for (const { state, n } of await byState.toRecords()) console.log(state, n);
