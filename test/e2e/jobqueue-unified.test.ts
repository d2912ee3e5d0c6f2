/**
 * @file The unified interface on a real Slurm: the ready-made function, the one class, and
 * `heddle jobs` in another process. Where there is no Slurm the tests are skipped, with a line that
 * says so.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { config, createSlurmCluster } from "heddle";
import { createDistributedCluster, DaskCluster } from "heddle/deploy";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startLab } from "../lab/batch-lab.ts";
import { jobStates, queuedJobs, smallJobs } from "../support/slurm-clusters.ts";

const SOON = { timeout: 30_000, interval: 100 };
const MAIN = new URL("../../lib/cli/main.js", import.meta.url).pathname;

const lab = await startLab("slurm");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-unified-"));
  process.env["HOME"] = folder;
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab?.end();
});

async function heddle(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args]);
  return stdout;
}

describe.skipIf(lab === undefined)("on Slurm", () => {
  it("createSlurmCluster submits jobs, waits for workers, and close leaves nothing", async () => {
    const { processes, ...shape } = smallJobs(folder, { nWorkers: 2, logDirectory: folder });
    const change = config.set({ "worker.resources": { SPIN: 3 } });
    const creating = createSlurmCluster({ ...shape, timeoutMs: 60_000 });
    const cluster = await creating.finally(() => change.undo());
    const { workers, jobs, threads, kind } = await cluster.monitor();
    expect({ workers: workers.length, threads, kind, processes }).toEqual({
      ...{ workers: 2, threads: 2, kind: "slurm", processes: 1 },
    });
    await vi.waitFor(async () => {
      const report = await cluster.monitor();
      expect(report.jobs.map(({ stage }) => stage)).toEqual(["running", "running"]);
      // Each worker is shown with its job.
      expect(report.workers.map(({ job }) => job).sort()).toEqual(report.jobs.map(({ id }) => id));
    }, SOON);
    expect(jobs.length).toBeLessThanOrEqual(2);
    // What the program has configured reaches the nodes.
    const { workers: all } = await cluster.client.schedulerInfo();
    const resources = Object.values(all).map((worker) => worker.resources);
    expect(resources).toEqual([{ SPIN: 3 }, { SPIN: 3 }]);
    const squares = cluster.map((x: number) => x * x, [1, 2, 3]);
    expect(await cluster.gather(squares)).toEqual([1, 4, 9]);
    await cluster.close();
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), SOON);
  });

  it("heddle jobs in another process shows jobs beside workers, with reasons", async () => {
    const groups = { held: { jobExtraDirectives: ["--hold"] } };
    const shape = smallJobs(folder, { name: "shown", jobs: 1, groups });
    await using cluster = new DaskCluster({ kind: "slurm", ...shape });
    await cluster.waitForWorkers();
    await cluster.scale({ groups: { held: 1 } });
    await vi.waitFor(async () => {
      const table = JSON.parse(await heddle("jobs", "shown", "--json"));
      expect(table.jobs).toMatchObject([
        { cluster: "shown", system: "slurm", stage: "running", workers: [expect.any(String)] },
        { group: "held", stage: "queued", state: "PENDING", reason: "JobHeldUser", workers: [] },
      ]);
      expect(table.workers).toMatchObject([{ job: table.jobs[0].id, threads: 1 }]);
    }, SOON);
    const text = await heddle(
      "jobs",
      "--scheduler-file",
      join(folder, ".heddle/jobqueue/shown.json"),
    );
    expect(text).toMatch(/^JOB +CLUSTER .*\n\d+\S* +shown +default +running /);
    expect(text).toMatch(/\nWORKER +JOB +HOST .*\nshown-/);
    await cluster.close();
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), SOON);
  });

  it("createDistributedCluster finds Slurm, and says in its words what it refuses", async () => {
    const shape = smallJobs(folder, { nWorkers: 1, queue: "no-such-queue" });
    await expect(createDistributedCluster(shape)).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/invalid partition/i),
    });
    expect(jobStates(lab, shape.jobName)).toEqual({});
  });
});
