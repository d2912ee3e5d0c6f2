/** @file Arrays are planned for the engine that computes them, not for the default one. */
import { expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";
import type { GraphRunner } from "../../../src/cluster/run-collections.ts";
import { runSync } from "../../../src/cluster/sync.ts";
import type { TaskGraph } from "../../../src/core/task-graph.ts";

/** An engine of some size, which keeps the graphs that it was given. */
class Recorder implements GraphRunner {
  readonly limits: { threads: number; memoryLimitBytes: number };
  readonly graphs: TaskGraph[] = [];

  constructor(memoryLimitBytes: number) {
    this.limits = { threads: 2, memoryLimitBytes };
  }

  get hasExchanged(): boolean[] {
    return this.graphs.map((graph) => graph.segments.some((segment) => segment.exchange === true));
  }

  async runGraph(graph: TaskGraph): Promise<unknown[]> {
    this.graphs.push(graph);
    return await runSync(graph);
  }

  async persistGraph(): Promise<never> {
    throw new Error("not used");
  }
}

test("a rechunk that a small engine cannot hold goes through an exchange there only", async () => {
  const x = da.arange(10_000, { chunks: 10_000 }).reshape([100, 100]).rechunk([1, 100]);
  const columns = x.rechunk([100, 1]).sum();
  const [small, large] = [new Recorder(100_000), new Recorder(2 ** 30)];
  for (const scheduler of [large, small, large]) {
    expect(await columns.compute({ scheduler })).toBe(49_995_000);
  }
  expect([large.hasExchanged, small.hasExchanged]).toEqual([[false, false], [true]]);
});
