import { describe, expect, test } from "vitest";
import { Prng } from "../../../../src/core/prng.ts";
import { BatchSimulator } from "../../../support/batch-simulator.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const SETTINGS = {
  walltimeMs: HOUR,
  marginMs: 2 * MINUTE,
  // Random failures come in rows; here nothing is to be given up.
  failuresMax: 1000,
  backoffMaxMs: MINUTE,
};
const FINE = { queueMs: 5 * MINUTE, failing: 0, dying: 0, requeued: 0, refusing: 0, lagMs: 0 };

function simulator(seed: number, conditions = FINE): BatchSimulator {
  const prng = new Prng(seed);
  return new BatchSimulator(() => prng.random(), conditions, SETTINGS);
}

/** Wanted jobs and no more, apart from those that take over and those that hand over. */
function expectNoSurplus(simulated: BatchSimulator, jobs: number): void {
  const { machine } = simulated;
  const counted = machine.jobs.filter(({ stage }) => stage !== "leaving" && stage !== "expiring");
  expect(counted.length).toBeLessThanOrEqual(jobs);
}

describe("many jobs", () => {
  test("1,000 reach their number, keep it over their walltimes, and leave nothing behind", () => {
    const simulated = simulator(1);
    simulated.tell({ kind: "target", jobs: 1000 });
    simulated.run(6 * MINUTE);
    expect(simulated.workers).toBe(1000);
    expect(simulated.counts.submit).toBe(1);
    let least = 1000;
    for (let i = 0; i < 180; i++) {
      simulated.run(MINUTE);
      least = Math.min(least, simulated.workers);
    }
    expectNoSurplus(simulated, 1000);
    // Those that end a little before they must are replaced when they have gone.
    expect(least).toBeGreaterThan(900);
    expect(simulated.warnings).toEqual([]);
    simulated.tell({ kind: "close" });
    simulated.run(10 * MINUTE);
    expect(simulated.alive).toEqual([]);
    expect([simulated.isClosed, simulated.machine.jobs]).toEqual([true, []]);
    // One listing every five seconds at most, whatever the number of jobs.
    expect(simulated.counts.list).toBeLessThan(simulated.nowMs / 5000 + 2);
  });

  test.each(Array.from({ length: 3 }, (_, i) => i + 1))(
    "through failures, deaths and a system that lags and refuses, seed %i",
    (seed) => {
      const conditions = {
        queueMs: 10 * MINUTE,
        failing: 0.05,
        dying: 0.1,
        requeued: 0.1,
        refusing: 0.1,
        lagMs: 4000,
      };
      const simulated = simulator(seed, conditions);
      simulated.tell({ kind: "target", jobs: 200 });
      for (let i = 0; i < 120; i++) {
        simulated.run(MINUTE);
        expectNoSurplus(simulated, 200);
      }
      expect(simulated.workers).toBeGreaterThan(140);
      simulated.tell({ kind: "target", jobs: 60 });
      simulated.run(HOUR);
      expectNoSurplus(simulated, 60);
      expect(simulated.workers).toBeGreaterThan(40);
      // Those that expire run beside those that take their places.
      expect(simulated.workers).toBeLessThanOrEqual(90);
      expect(simulated.hopeless).toEqual([]);
      simulated.tell({ kind: "close" });
      simulated.run(HOUR);
      expect(simulated.alive).toEqual([]);
      expect(simulated.isClosed).toBe(true);
    },
  );
});

test("starts that always fail are few: no loop of starts and ends", () => {
  const prng = new Prng(5);
  const settings = { ...SETTINGS, failuresMax: 5 };
  const simulated = new BatchSimulator(() => prng.random(), { ...FINE, failing: 1 }, settings);
  simulated.tell({ kind: "target", jobs: 4 });
  simulated.run(24 * HOUR);
  expect(simulated.hopeless).toHaveLength(1);
  expect(simulated.jobs.size).toBeLessThan(12);
  expect(simulated.alive).toEqual([]);
});
