import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AdaptRules,
  type Demand,
  decide,
  leastUseful,
  NO_PATIENCE,
  wantedWorkers,
} from "../../../src/cluster/adaptive-target.ts";

const RULES: AdaptRules = {
  minimum: 0,
  maximum: 10,
  waitCount: 3,
  targetDurationMs: 5000,
};

function demand(given: Partial<Demand> = {}): Demand {
  return {
    queued: 0,
    leased: 0,
    expectedMs: 0,
    memoryBytes: 0,
    memoryLimitBytes: 0,
    workers: [],
    ...given,
  };
}

function workers(count: number, leased = 0): Demand["workers"] {
  return Array.from({ length: count }, (_, i) => ({
    name: `w${i}`,
    threads: 1,
    leased,
    heldBytes: 0,
  }));
}

describe("how many workers are wanted", () => {
  it.each([
    ["nothing to do, nothing held", {}, 1, 0],
    ["any work at all wants one", { queued: 1, expectedMs: 1 }, 1, 1],
    ["100 s of work in 5 s", { queued: 1000, expectedMs: 100_000 }, 1, 10],
    ["20 s of work in 5 s", { queued: 1000, expectedMs: 20_000 }, 1, 4],
    ["two threads each", { queued: 1000, expectedMs: 20_000 }, 2, 2],
    ["no more threads than tasks", { queued: 1, leased: 1, expectedMs: 1e6 }, 1, 2],
    [
      "values keep their workers",
      { memoryBytes: 100, memoryLimitBytes: 200, workers: workers(2) },
      1,
      2,
    ],
    [
      "full memory wants twice as many",
      { memoryBytes: 150, memoryLimitBytes: 200, workers: workers(2) },
      1,
      4,
    ],
  ] as const)("%s", (_what, given, threads, wanted) => {
    expect(wantedWorkers(demand(given), RULES, threads)).toBe(wanted);
  });

  it("lies within the bounds, whatever there is", () => {
    const amount = fc.nat({ max: 1e9 });
    const any = fc.record({
      queued: amount,
      leased: amount,
      expectedMs: amount,
      memoryBytes: amount,
    });
    fc.assert(
      fc.property(any, fc.nat({ max: 5 }), fc.nat({ max: 5 }), (given, minimum, more) => {
        const rules = { ...RULES, minimum, maximum: minimum + more };
        const full = demand({ ...given, memoryLimitBytes: 1e9, workers: workers(2) });
        const wanted = wantedWorkers(full, rules, 1);
        expect(wanted).toBeGreaterThanOrEqual(minimum);
        expect(wanted).toBeLessThanOrEqual(minimum + more);
      }),
    );
  });
});

describe("what happens", () => {
  const busy = demand({ queued: 100, expectedMs: 25_000, workers: workers(2, 1) });
  const idle = demand({ workers: workers(4) });

  it("grows at once", () => {
    const { decision } = decide(busy, 2, RULES, NO_PATIENCE, 1);
    expect(decision).toEqual({ kind: "grow", workers: 5 });
  });

  it("waits for workers that are on their way", () => {
    expect(decide(busy, 5, RULES, NO_PATIENCE, 1).decision).toEqual({ kind: "stay" });
    const few = demand({ workers: workers(1) });
    expect(decide(few, 4, RULES, { looks: 2, most: 0 }, 1).decision).toEqual({ kind: "stay" });
  });

  it("shrinks when three looks in a row ask for it, to the most that any of them wanted", () => {
    const one = decide(idle, 4, RULES, NO_PATIENCE, 1);
    const small = demand({ queued: 2, expectedMs: 10_000, workers: workers(4) });
    const two = decide(small, 4, RULES, one.patience, 1);
    const three = decide(idle, 4, RULES, two.patience, 1);
    expect([one.decision.kind, two.decision.kind]).toEqual(["stay", "stay"]);
    expect(three.decision).toEqual({ kind: "shrink", names: ["w0", "w1"] });
    expect(three.patience).toEqual(NO_PATIENCE);
  });

  it("a look that wants all of them starts the count again", () => {
    const full = demand({ queued: 100, expectedMs: 20_000, workers: workers(4, 1) });
    const { patience } = decide(idle, 4, RULES, NO_PATIENCE, 1);
    expect(decide(full, 4, RULES, patience, 1).patience).toEqual(NO_PATIENCE);
  });

  it("does not wait where there are more than the maximum", () => {
    const rules = { ...RULES, minimum: 1, maximum: 2 };
    const { decision } = decide(idle, 4, rules, NO_PATIENCE, 1);
    expect(decision).toMatchObject({ kind: "shrink", names: { length: 2 } });
  });

  it("idle workers go first, those with the fewest values before others", () => {
    const list = [
      { name: "busy", threads: 1, leased: 3, heldBytes: 0 },
      { name: "full", threads: 1, leased: 0, heldBytes: 100 },
      { name: "free", threads: 1, leased: 0, heldBytes: 1 },
    ];
    expect(leastUseful(list, 2)).toEqual(["free", "full"]);
  });
});
