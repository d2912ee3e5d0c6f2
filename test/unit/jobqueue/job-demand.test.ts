import { describe, expect, test } from "vitest";
import { type Demand, decide, NO_PATIENCE } from "../../../src/cluster/adaptive-target.ts";
import { demandInJobs, jobsThatStay, jobsToEnd } from "../../../src/jobqueue/job-demand.ts";
import type { JobStage, JobView } from "../../../src/machine/jobs/events.ts";
import { planOf } from "../../support/job-plans.ts";

const PLAN = { ...planOf("slurm"), workersPerJob: 2, memoryPerWorkerBytes: 100 };

function job(id: string, stage: JobStage = "running"): JobView {
  const hasStarted = stage !== "queued" && stage !== "submitted";
  return { id, stage, state: "", workers: [], submittedMs: 0, ...(hasStarted && { startedMs: 1 }) };
}

const worker = (name: string, leased = 0, heldBytes = 0, stays = false) => ({
  name,
  threads: 1,
  leased,
  heldBytes,
  ...(stays && { stays }),
});

function demand(workers: Demand["workers"], queued = 0): Demand {
  const leased = workers.reduce((sum, each) => sum + each.leased, 0);
  return { queued, leased, expectedMs: 1e6, memoryBytes: 0, memoryLimitBytes: 0, workers };
}

/** Worker `c-1-0` is of job 1. */
const jobOf = (name: string): string | undefined => name.split("-")[1];
const rules = { minimum: 0, maximum: 10, waitCount: 1, targetDurationMs: 1000 };

describe("a demand in jobs", () => {
  test("has the sums of the workers of each, and those that wait first", () => {
    const workers = [worker("c-1-0", 1, 5), worker("c-1-1", 2, 6), worker("c-2-0", 0, 1)];
    const now = { plan: PLAN, jobs: [job("1"), job("2"), job("3", "queued")], target: 4 };
    const seen = demandInJobs(demand(workers), now, jobOf);
    expect(seen.workers).toEqual([
      { name: "", threads: 0, leased: 0, heldBytes: 0 },
      { name: "3", threads: 0, leased: 0, heldBytes: 0 },
      { name: "1", threads: 2, leased: 3, heldBytes: 11 },
      { name: "2", threads: 1, leased: 0, heldBytes: 1 },
    ]);
    expect(seen.memoryLimitBytes).toBe(4 * 200);
  });

  test("never ends a job with a wanted worker, and none in its place", () => {
    // One of two workers of job 1 has work, job 2 has none.
    const workers = [worker("c-1-0", 1), worker("c-1-1"), worker("c-2-0"), worker("c-2-1")];
    const now = { plan: PLAN, jobs: [job("1"), job("2")], target: 2 };
    const seen = demandInJobs(demand(workers), now, jobOf);
    const first = decide(seen, 2, rules, NO_PATIENCE, 2);
    expect(first.decision).toEqual({ kind: "shrink", names: ["2"] });
    const left = demandInJobs(
      demand(workers.slice(0, 2)),
      { ...now, jobs: [job("1")], target: 1 },
      jobOf,
    );
    expect(decide(left, 1, rules, first.patience, 2).decision).toEqual({ kind: "stay" });
  });

  test("lets jobs go that still wait when there is nothing to do", () => {
    const now = { plan: PLAN, jobs: [job("1"), job("2", "queued")], target: 2 };
    const idle = { ...demand([worker("c-1-0", 0, 1)]), expectedMs: 0, memoryBytes: 1 };
    const { decision } = decide(demandInJobs(idle, now, jobOf), 2, rules, NO_PATIENCE, 2);
    expect(decision).toEqual({ kind: "shrink", names: ["2"] });
  });
});

test("of jobs that run those end whose end costs least, and none that is to stay", () => {
  const workers = [worker("c-1-0", 0, 9), worker("c-2-0", 0, 3), worker("c-3-0", 0, 1, true)];
  const jobs = [job("1"), job("2"), job("3"), job("4", "queued"), job("5", "expiring")];
  const now = { plan: PLAN, jobs, target: 4 };
  expect(jobsToEnd(demand(workers), now, jobOf, 1)).toEqual(["2"]);
  expect(jobsToEnd(demand(workers), now, jobOf, 9)).toEqual(["2", "1"]);
  expect(jobsThatStay(demand(workers), now, jobOf)).toBe(1);
});
