/** @file Jobs and workers in one view. */
import { expect, it } from "vitest";
import type { WorkerInfo } from "../../../src/cluster/messages.ts";
import { tableOf } from "../../../src/jobqueue/job-table.ts";
import type { ClusterJob } from "../../../src/jobqueue/publish-jobs.ts";

function worker(name: string, running: number): WorkerInfo {
  return {
    ...{ name, running, address: `tcp://10.0.0.1/${name}`, host: "node1", pid: 1, threads: 2 },
    ...{ memoryLimitBytes: 1000, memoryBytes: 10, peakBytes: 10, spilledBytes: 0 },
    ...{ resources: {}, seenMs: 0 },
  };
}

function job(id: string, submittedMs: number, workers: readonly string[]): ClusterJob {
  return { id, stage: "running", state: "RUNNING", group: "default", workers, submittedMs };
}

it("joins the jobs of all clusters with the workers that are there, oldest first", () => {
  const published = [
    { cluster: "b", system: "slurm", changedMs: 70, jobs: [job("8", 300, ["b-8-0", "b-8-1"])] },
    {
      cluster: "a",
      system: "sge",
      changedMs: 90,
      jobs: [job("7", 200, ["a-7"]), job("9", 250, ["a-9"])],
    },
  ];
  const workers = [worker("b-8-0", 2), worker("b-8-1", 1), worker("a-7", 0), worker("own", 5)];
  const { jobs, workers: rows, changedMs } = tableOf(published, workers, 1300);
  expect(changedMs).toBe(90);
  expect(
    jobs.map(({ id, cluster, system, ageMs, running }) => ({
      ...{ id, cluster, system, ageMs, running },
    })),
  ).toEqual([
    { id: "7", cluster: "a", system: "sge", ageMs: 1100, running: 0 },
    // Its worker has gone meanwhile.
    { id: "9", cluster: "a", system: "sge", ageMs: 1050, running: 0 },
    { id: "8", cluster: "b", system: "slurm", ageMs: 1000, running: 3 },
  ]);
  expect(rows.map(({ name, job: id }) => [name, id])).toEqual([
    ["b-8-0", "8"],
    ["b-8-1", "8"],
    ["a-7", "7"],
    ["own", undefined],
  ]);
});

it("a clock that is behind makes no age below zero", () => {
  const published = { cluster: "a", system: "sge", changedMs: 200, jobs: [job("1", 200, [])] };
  const { jobs } = tableOf([published], [], 100);
  expect(jobs[0]?.ageMs).toBe(0);
});

it("without jobs there is no last change", () => {
  expect(tableOf([], [], 100)).toEqual({ jobs: [], workers: [] });
});
