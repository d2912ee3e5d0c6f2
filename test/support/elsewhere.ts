/**
 * @file What tests compute on the calling thread, or on whatever client there is, runs where a
 * set-up file says, which imports this before anything that computes.
 */
import { vi } from "vitest";
import type { runSync } from "../../src/cluster/sync.ts";

type RunGraph = typeof runSync;

let runGraph: RunGraph | undefined;

/** Graphs go there from now on. */
export function sendElsewhere(run: RunGraph): void {
  runGraph = run;
}

vi.mock("../../src/cluster/sync.ts", async (original) => ({
  ...(await original<object>()),
  runSync: (...given: Parameters<RunGraph>) => runGraph?.(...given),
}));
