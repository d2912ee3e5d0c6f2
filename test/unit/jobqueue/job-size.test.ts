import { expect, test } from "vitest";
import { type JobSize, jobsOf } from "../../../src/jobqueue/job-size.ts";
import type { JobPlan } from "../../../src/jobqueue/plan.ts";
import { planOf } from "../../support/job-plans.ts";

/** 2 nodes with 3 workers of 4 cores and 8 GB each. */
const PLAN: JobPlan = {
  ...planOf("slurm"),
  shape: { ...planOf("slurm").shape, cores: 12, nodes: 2, processes: 3 },
  workersPerJob: 6,
  threadsPerWorker: 4,
  memoryPerWorkerBytes: 8e9,
};

test.each<[number | JobSize, number]>([
  [0, 0],
  [1, 1],
  [6, 1],
  [7, 2],
  [{ jobs: 3 }, 3],
  [{ workers: 13 }, 3],
  [{ cores: 24 }, 1],
  [{ cores: 25 }, 2],
  [{ memory: 48e9 }, 1],
  [{ memory: "100GB" }, 3],
])("%j is %i jobs", (size, jobs) => {
  expect(jobsOf("scale", PLAN, size)).toBe(jobs);
});

test.each<[unknown, RegExp]>([
  [{ jobs: 1, cores: 4 }, /one of jobs, workers, cores, memory, but was given jobs and cores/],
  [{}, /but was given none/],
  [{ job: 1 }, /no option "job"; did you mean "jobs"/],
  [{ jobs: -1 }, /scale: jobs/],
  [{ jobs: 1.5 }, /scale: jobs/],
  [{ memory: Number.NaN }, /memory is NaN/],
  [{ jobs: 5000 }, /number of workers/],
])("%j is no size", (size, message) => {
  expect(() => jobsOf("scale", PLAN, size as JobSize)).toThrow(message);
});

test("memory is no unit where jobs ask for none", () => {
  const plan = { ...PLAN, memoryPerWorkerBytes: 0 };
  expect(() => jobsOf("scale", plan, { memory: "1GB" })).toThrow(/is not known/);
  expect(jobsOf("scale", plan, { cores: 24 })).toBe(1);
});
