/**
 * @file Set-up of the project that runs the collections' suites on the simulator, unchanged: what
 * the tests compute is computed by the real machines on workers that die, are cut off and have too
 * little memory, under virtual time. Each graph has a seed of its own.
 */
import { config } from "../../src/config/index.ts";
import { sendElsewhere } from "./elsewhere.ts";

config.set({ scheduler: "sync" });
let seed = Number(process.env["HEDDLE_TEST_SEED"] ?? 1);

sendElsewhere(async (graph, signal, observer) => {
  const { runSimulated } = await import("./run-simulated.ts");
  return await runSimulated(graph, seed++, signal, observer);
});
