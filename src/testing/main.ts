/**
 * @file `npm run sim -- --seed N --count K`: runs seeds of the simulator and prints a line for each
 * that fails.
 */
import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "200" },
    verbose: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.count);
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  try {
    const report = simulate(seed);
    if (values.verbose) console.log(JSON.stringify(report));
  } catch (error) {
    failed++;
    console.log(`seed ${seed} failed: npm run sim -- --seed ${seed} --count 1`);
    console.log(error instanceof Error ? error.stack : error);
  }
}
console.log(`simulated seeds ${first}..${first + count - 1}`);
console.log(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
