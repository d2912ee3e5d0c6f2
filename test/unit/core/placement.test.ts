/** @file Which tasks some worker may run, and what is said of the others. */
import { describe, expect, test } from "vitest";
import type { TaskOptions } from "../../../src/core/graph.ts";
import { placementProblem, type WorkerFacts } from "../../../src/core/placement.ts";

const workers: WorkerFacts[] = [
  { address: "tcp://a:1", name: "alice", resources: { GPU: 1 } },
  { address: "tcp://b:1", name: "bob", resources: { GPU: 2, DISK: 1 } },
];

describe("what may run somewhere", () => {
  test.each<[TaskOptions | undefined]>([
    [undefined],
    [{ priority: 1 }],
    [{ workers: ["bob"] }],
    [{ workers: ["nope", "tcp://a:1"] }],
    [{ workers: ["nope"], allowOtherWorkers: true }],
    [{ resources: { GPU: 2 } }],
    [{ workers: ["alice"], resources: { GPU: 1 } }],
  ])("%j", (options) => {
    expect(placementProblem(workers, options, "f")).toBeUndefined();
  });
});

function raise(problem: Error | undefined): void {
  if (problem !== undefined) throw problem;
}

describe("what may not", () => {
  test("workers that do not exist, with the nearest name", () => {
    expect(() => raise(placementProblem(workers, { workers: ["bobb"] }, "f"))).toThrow(
      'f may run on "bobb" only, and there is no such worker; there are "alice", "tcp://a:1", ' +
        '"bob", "tcp://b:1". Did you mean "bob"? Leave workers out, or set allowOtherWorkers: true.',
    );
  });

  test("more of a resource than any worker has", () => {
    expect(() => raise(placementProblem(workers, { resources: { GPU: 3 } }, "f"))).toThrow(
      "f needs GPU: 3, which no worker has: alice has GPU: 1, bob has GPU: 2, DISK: 1.",
    );
    expect(() => raise(placementProblem(workers, { resources: { GPUS: 1 } }, "f"))).toThrow(
      'Did you mean "GPU"?',
    );
  });

  test("too little on the only worker that is allowed", () => {
    const options = { workers: ["alice"], resources: { GPU: 2 } };
    expect(() => raise(placementProblem(workers, options, "f"))).toThrow(/alice has GPU: 1\./);
    // The named worker is there, so others are no way out.
    const others = { ...options, allowOtherWorkers: true };
    expect(() => raise(placementProblem(workers, others, "f"))).toThrow(/alice has GPU: 1\./);
  });
});
