import { expect, test } from "vitest";
import { type JobAdaptOptions, jobRules } from "../../../src/jobqueue/adapt-jobs.ts";
import { planOf } from "../../support/job-plans.ts";

const PLAN = { ...planOf("slurm"), workersPerJob: 4 };

test("bounds in any unit are numbers of whole jobs", () => {
  expect(jobRules(PLAN, { minimum: 2, maximum: 9 })).toMatchObject({ minimum: 1, maximum: 3 });
  expect(jobRules(PLAN, { minimumJobs: 2, maximumCores: 7 })).toMatchObject({
    minimum: 2,
    maximum: 7,
  });
  expect(jobRules(PLAN, { maximumMemory: "12GB" })).toMatchObject({ minimum: 0, maximum: 3 });
  expect(jobRules(PLAN, {})).toMatchObject({ maximum: Number.POSITIVE_INFINITY });
  expect(jobRules(PLAN, { maximum: Number.POSITIVE_INFINITY })).toMatchObject({
    maximum: Number.POSITIVE_INFINITY,
  });
});

test("jobs of no use are kept for minutes, however often is looked", () => {
  for (const options of [{}, { intervalMs: 500 }, { intervalMs: 60_000 }] as JobAdaptOptions[]) {
    const { intervalMs = 0, waitCount = 0 } = jobRules(PLAN, options);
    expect(intervalMs * waitCount).toBe(300_000);
  }
  expect(jobRules(PLAN, { waitCount: 3 })).toMatchObject({ waitCount: 3 });
});

test("a bound in two units, or in none that there is, is refused", () => {
  expect(() => jobRules(PLAN, { maximum: 4, maximumJobs: 1 })).toThrow(
    /the maximum is given in workers and jobs/,
  );
  expect(() => jobRules(PLAN, { maximumJob: 1 } as JobAdaptOptions)).toThrow(
    /did you mean "maximumJobs"/,
  );
  expect(() => jobRules(PLAN, { minimumJobs: -1 })).toThrow(/minimum/);
});
