/** @file Seeded runs of the whole engine; seeds that find a fault when it is put back are kept. */
import { describe, expect, test } from "vitest";
import { type SimReport, simulate } from "../../src/testing/simulate.ts";
import {
  drawConditions,
  type SimClusterConditions,
  type SimClusterReport,
  simulateCluster,
} from "../../src/testing/simulate-cluster.ts";
import { inTier } from "../support/tier.ts";

/** What was drawn for a seed before there were conditions that came later. */
function drawnThen(seed: number): SimClusterConditions {
  return {
    ...drawConditions(seed),
    isDivided: false,
    hasWaits: false,
    hasLapses: false,
    isLate: false,
  };
}

function sum(reports: readonly SimReport[], of: (report: SimReport) => number): number {
  return reports.reduce((total, report) => total + of(report), 0);
}

/** Seeds from 1 on: `n` of them in the slow tier, a quarter in the quick one. */
const seeds = (n: number): number[] => Array.from({ length: inTier(n / 4, n) }, (_, i) => i + 1);

/** What `n` of all seeds' events are for those that run: fewer seeds vary more. */
const share = (n: number): number => inTier(Math.floor(n / 8), n);

describe("simulated engine", () => {
  test("seeds in a row keep every invariant and settle every output", () => {
    const reports = seeds(200).map((seed) => simulate(seed));
    // The runs must have exercised what they are for.
    expect(sum(reports, (r) => r.spills)).toBeGreaterThan(share(5000));
    expect(sum(reports, (r) => r.deaths)).toBeGreaterThan(share(300));
    expect(sum(reports, (r) => r.losses)).toBeGreaterThan(share(50));
    expect(sum(reports, (r) => r.nested)).toBeGreaterThan(share(300));
    expect(sum(reports, (r) => r.workers - 1)).toBeGreaterThan(share(5));
  });

  test.each([
    [4, "what was done and lost again in one step looked done"],
    [4, "tasks under lease were not taken back when their input was lost"],
    [6, "tasks that waited for others counted as running, so that nothing more was let in"],
    [6, "a full disk was written to for ever"],
    [8, "tasks that waited for others kept their slots"],
    [12, "ids were used again while a worker was busy with their first life"],
    [12, "the ids of cancelled tasks were given to others while clients referred to them"],
    [14, "graphs built on cancelled values"],
    [40, "a release crossed a request for the same work on its way"],
    [179, "a scattered value that was let go looked as if it could be computed"],
    [269, "a value that was still there was computed again"],
    [301, "a task alone was let in before room had been made for it"],
    [382, "a task leased again while it still ran ran twice"],
    [101_144, "values that a full disk refused together were sent there again and again"],
  ])("seed %i: %s", (seed) => {
    expect(simulate(seed).tasks).toBeGreaterThan(0);
  });

  test.each([
    [52, "what had been suspected of a task was forgotten when its parent ran again"],
    [258, "a suspect did not inherit what was said of its parent"],
    [284, "a parent that failed and was tried again had forgotten its children's deaths"],
    [386, "a task of a parent that waits was not told from the parent"],
    [702, "each run of a parent had its own count of deaths"],
    [7420, "a parent was lost before it heard of its child's failure"],
  ])("seed %i with tasks that end workers: %s", (seed) => {
    expect(simulateCluster(seed, 3, drawnThen(seed)).killings).toBeGreaterThan(0);
  });

  test.each<[seed: number, names: string[], was: string]>([
    [507_740, ["isRough", "isLate"], "memory had a count of deaths of its own"],
    [
      507_627,
      ["isRough", "hasExchanges", "hasPressure", "hasWaits"],
      "an innocent one failed first",
    ],
    [600_241, ["isRough", "hasExchanges", "isLate"], "the killer had just been revoked"],
  ])("seed %i with %s: %s", (seed, names) => {
    const conditions = Object.fromEntries(names.map((name) => [name, true]));
    expect(simulateCluster(seed, 3, conditions).killings).toBeGreaterThan(0);
  });

  test("seed 706416: a task that nobody had room for waited for ever", () => {
    const conditions = {
      isRough: true,
      hasPressure: true,
      hasRestarts: true,
      isDivided: true,
      isLate: true,
    };
    expect(simulateCluster(706_416, 3, conditions).restarts).toBeGreaterThan(0);
  });

  test("seed 995: a revocation on its way met a value that a client had brought since", () => {
    expect(simulate(995).tasks).toBeGreaterThan(0);
  });

  test("seed 615: a word that came while its own task still ran was never let go of", () => {
    const conditions = {
      isRough: true,
      hasExchanges: true,
      hasPressure: true,
      hasRestarts: true,
    };
    expect(simulateCluster(615, 4, conditions).restarts).toBeGreaterThan(0);
  });

  test("seed 2152: a value was refused for an epoch of before a restart of the scheduler", () => {
    expect(simulateCluster(2152, 3, drawnThen(2152)).scatters).toBeGreaterThan(0);
  });

  test("one seed is one run", () => {
    expect(simulate(42)).toEqual(simulate(42));
  });
});

describe("simulated cluster", () => {
  test("seeds in a row keep every invariant and settle every output", () => {
    const reports = seeds(100).map((seed) => simulateCluster(seed));
    const total = (of: (report: SimClusterReport) => number): number =>
      reports.reduce((all, report) => all + of(report), 0);
    expect(total((r) => r.fetches)).toBeGreaterThan(share(5000));
    expect(total((r) => r.fetchFailures)).toBeGreaterThan(share(50));
    expect(total((r) => r.workers)).toBeGreaterThan(share(350));
    expect(total((r) => r.rejoins)).toBeGreaterThan(share(10));
    expect(total((r) => r.scatters)).toBeGreaterThan(share(50));
    expect(total((r) => r.retired)).toBeGreaterThan(share(5));
    expect(total((r) => r.killings)).toBeGreaterThan(share(10));
  });

  test.each([
    [26, 2, "two workers were to go at once, and neither could run what the other waited for"],
    [225, 3, "a suspect that waited for tasks of its own kept them from running"],
    [2625, 3, "a copy that was asked for made a revoked run look wanted"],
    [9525, 7, "a lease that waited for a suspended task kept that one's children from starting"],
  ])("seed %i of %i workers: %s", (seed, workers) => {
    expect(simulateCluster(seed, workers).tasks).toBeGreaterThan(0);
  });

  test("workers with different limits that reach each other one way only do so too", () => {
    const reports = seeds(60).map((seed) => simulateCluster(seed, 3, { isRough: true }));
    const fetches = reports.reduce((all, report) => all + report.fetches, 0);
    expect(fetches).toBeGreaterThan(share(1000));
  });

  test("seeds in a row with exchanges, memory that runs short and slow disks", () => {
    const conditions = { hasExchanges: true, hasPressure: true };
    const reports = seeds(100).map((seed) =>
      simulateCluster(seed, 1 + ((seed - 1) % 4), conditions),
    );
    const total = (of: (report: SimClusterReport) => number): number =>
      reports.reduce((all, report) => all + of(report), 0);
    expect(total((r) => r.denials)).toBeGreaterThan(share(5));
    expect(total((r) => r.exchanges)).toBeGreaterThan(share(50));
    expect(total((r) => r.putOff)).toBeGreaterThan(share(5));
  });

  test.each([
    [28, "copies of what is bound to its worker counted as holders"],
    [100, "what refers to a value that was lost was not made again"],
    [238, "a worker took what it has for something older that it was told of once"],
  ])("seed %i with exchanges: %s", (seed) => {
    const conditions = { hasExchanges: true, hasPressure: true };
    expect(simulateCluster(seed, 3, conditions).tasks).toBeGreaterThan(0);
    expect(simulateCluster(seed, 3, { hasExchanges: true }).tasks).toBeGreaterThan(0);
  });

  test("seed 2059: what was reported under a lease that was over became the value", () => {
    const conditions = { hasExchanges: true, hasPressure: true, isRough: true };
    expect(simulateCluster(2059, 5, conditions).tasks).toBeGreaterThan(0);
  });

  test("one seed is one run", () => {
    expect(simulateCluster(7)).toEqual(simulateCluster(7));
  });
});

describe("workers that never reach each other again", () => {
  test("seeds in a row settle every output", () => {
    const reports = seeds(60).map((seed) =>
      simulateCluster(seed, 2 + ((seed - 1) % 3), { isDivided: true }),
    );
    const failures = reports.reduce((all, report) => all + report.fetchFailures, 0);
    expect(failures).toBeGreaterThan(share(500));
  });

  test.each([
    [2, 3, "a task with inputs on both sides was given from one to the other for ever"],
    [91, 3, "a worker that was to go waited for ever for others to take its values"],
    [22, 3, "a worker that left in any case did so too"],
  ])("seed %i of %i workers: %s", (seed, workers) => {
    const conditions = { isDivided: true };
    expect(simulateCluster(seed, workers, conditions).fetchFailures).toBeGreaterThan(0);
  });

  test.each([
    [100182, "a worker that was to go waited for tasks that it alone could run"],
    [100530, "what was to be made again found no room"],
    [100852, "a scatter that was asked for anew is another one"],
  ])("seed %i and what was drawn for it: %s", (seed) => {
    expect(simulateCluster(seed, 3, drawConditions(seed)).fetchFailures).toBeGreaterThan(0);
  });

  test("seed 348167: tasks waited for a worker that waited for them to let go of a graph", () => {
    const conditions = { isDivided: true, hasRestarts: true, hasLapses: true };
    expect(simulateCluster(348167, 3, conditions).fetchFailures).toBeGreaterThan(0);
  });

  test.each([
    [350305, "a worker waited for ever for others to have room for its values"],
    [350736, "a move of a value that a worker waited for to go was given up, and with it the copy"],
  ])("seed %i with little memory: %s", (seed) => {
    const conditions = { isDivided: true, isRough: true, hasPressure: true, hasWaits: true };
    expect(simulateCluster(seed, 3, conditions).tasks).toBeGreaterThan(0);
  });
});

describe("tasks that wait, clients that lose their sessions, reports that come late", () => {
  const conditions = { hasWaits: true, hasLapses: true, isLate: true };

  test("40 seeds keep every invariant and settle every output", () => {
    const reports = Array.from({ length: 40 }, (_, i) =>
      simulateCluster(i + 1, 2 + (i % 3), conditions),
    );
    expect(reports.reduce((all, { lapses }) => all + lapses, 0)).toBeGreaterThan(50);
  });

  test("seed 330485: a client that came back did not hear where to bring its values", () => {
    expect(simulateCluster(330485, 3, { hasLapses: true }).lapses).toBeGreaterThan(0);
  });

  test("seed 3027: what a task was suspected of counted after it had been tried again", () => {
    expect(simulateCluster(3027, 4, { hasWaits: true }).killings).toBeGreaterThan(0);
  });
});
