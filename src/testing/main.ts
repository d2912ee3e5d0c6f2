/**
 * @file `npm run sim -- --seed N --count K [--workers W] [--shape both|embedded|cluster]
 * [--rough] [--exchanges] [--pressure] [--restarts] [--divided] [--waits] [--lapses] [--late]
 * [--plain]`: runs seeds of the simulator and prints a line for each that fails. What happens
 * beside the usual in a cluster is drawn for each seed, unless it is said.
 */
import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";
import { drawConditions, simulateCluster } from "./simulate-cluster.ts";

/** Long runs say so often how far they are. */
const PROGRESS = 1000;

/** What may be said of clusters. */
const CONDITIONS = {
  rough: "isRough",
  exchanges: "hasExchanges",
  pressure: "hasPressure",
  restarts: "hasRestarts",
  divided: "isDivided",
  waits: "hasWaits",
  lapses: "hasLapses",
  late: "isLate",
} as const;

const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "200" },
    workers: { type: "string", default: "3" },
    shape: { type: "string", default: "both" },
    rough: flag,
    exchanges: flag,
    pressure: flag,
    restarts: flag,
    divided: flag,
    waits: flag,
    lapses: flag,
    late: flag,
    plain: flag,
    verbose: flag,
  },
});
const first = Number(values.seed);
const count = Number(values.count);
const workers = Number(values.workers);
const known = Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[];
const said = ([...known, "plain"] as const).filter((name) => values[name]);
const conditions = Object.fromEntries(known.map((name) => [CONDITIONS[name], values[name]]));
const shapes = {
  embedded: (seed: number): unknown => simulate(seed),
  cluster: (seed: number): unknown =>
    simulateCluster(seed, workers, said.length > 0 ? conditions : drawConditions(seed)),
};
let failed = 0;
for (const [shape, run] of Object.entries(shapes)) {
  if (values.shape !== "both" && values.shape !== shape) continue;
  let failedHere = 0;
  for (let seed = first; seed < first + count; seed++) {
    const done = seed - first;
    if (done > 0 && done % PROGRESS === 0)
      console.log(`${shape}: ${done} seeds, ${failedHere} failed`);
    try {
      const report = run(seed);
      if (values.verbose) console.log(JSON.stringify(report));
    } catch (error) {
      failedHere++;
      const flags = said.map((name) => ` --${name}`).join("");
      const options = shape === "cluster" ? ` --workers ${workers}${flags}` : "";
      const again = `npm run sim -- --seed ${seed} --count 1 --shape ${shape}${options}`;
      console.log(`seed ${seed} failed: ${again}`);
      console.log(error instanceof Error ? error.stack : error);
    }
  }
  console.log(`simulated seeds ${first}..${first + count - 1}, ${shape}`);
  console.log(`${count - failedHere} passed, ${failedHere} failed`);
  failed += failedHere;
}
process.exitCode = failed === 0 ? 0 : 1;
