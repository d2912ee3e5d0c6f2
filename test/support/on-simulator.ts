/**
 * @file Set-up of the project that runs the collections' suites on the simulator, unchanged: what
 * the tests compute is computed by the real machines on workers that die, are cut off and have too
 * little memory, under virtual time. Each graph has a seed of its own.
 */
import { vi } from "vitest";
import type { GraphRunner } from "../../src/cluster/run-collections.ts";
import { config } from "../../src/config/index.ts";

config.set({ scheduler: "sync" });
let seed = Number(process.env["HEDDLE_TEST_SEED"] ?? 1);

vi.mock("../../src/cluster/sync.ts", async (original) => {
  type Run = GraphRunner["runGraph"];
  const runSync = async (
    graph: Parameters<Run>[0],
    signal?: AbortSignal,
    observer?: Parameters<Run>[2],
  ): Promise<unknown[]> => {
    const { runSimulated } = await import("./run-simulated.ts");
    return await runSimulated(graph, seed++, signal, observer);
  };
  return { ...(await original<object>()), runSync };
});
