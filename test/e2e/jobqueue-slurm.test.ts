/**
 * @file `SLURMCluster` on a real Slurm of two virtual nodes: brought up, used, scaled, refused, and
 * nothing of it left. Where there is no Slurm the tests are skipped, with a line that says so.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, wait } from "heddle/distributed";
import { SLURMCluster } from "heddle/jobqueue";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startScript } from "../fixtures/scripts.ts";
import { startLab } from "../lab/batch-lab.ts";
import { collectWarnings, jobStates, queuedJobs, smallJobs } from "../support/slurm-clusters.ts";

const SOON = { timeout: 30_000, interval: 100 };

const lab = await startLab("slurm");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-slurm-"));
  process.env["HOME"] = folder;
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab?.end();
});

/** Ids of the jobs of that name that Slurm has not ended. */
const queued = (jobName: string): string[] => queuedJobs(lab, jobName);

describe.skipIf(lab === undefined)("a cluster on Slurm", () => {
  it("runs work on an array, keeps values when it shrinks, and leaves nothing", async () => {
    const shape = smallJobs(folder, { jobs: 3 });
    await using cluster = new SLURMCluster(shape);
    await cluster.waitForWorkers(3);
    expect(cluster.jobs.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^\d+_0$/),
      expect.stringMatching(/^\d+_1$/),
      expect.stringMatching(/^\d+_2$/),
    ]);
    await using client = new Client(cluster);
    const squares = client.map((x: number) => [x * x], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await wait(squares);
    await cluster.scale({ jobs: 1 });
    await vi.waitFor(() => expect(queued(shape.jobName)).toHaveLength(1), SOON);
    const story = await client.gather(squares);
    expect(story).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64].map((x) => [x]));
    // Whoever went did so by itself: no job was cancelled.
    const past = Object.values(jobStates(lab, shape.jobName));
    expect(past.sort()).toEqual(["COMPLETED", "COMPLETED", "RUNNING"]);
    expect(cluster.workers).toBe(1);
    const [kept] = cluster.jobs.filter(({ stage }) => stage === "running");
    const logs = await cluster.logs();
    expect(Object.keys(logs)).toContain("scheduler");
    expect(logs[`job ${kept?.id}`]).toMatch(/workers of 1 threads/);
    await client.close();
    await cluster.close();
    expect(queued(shape.jobName)).toEqual([]);
  });

  it("says at once, in Slurm's words, what it refuses and what would wait for ever", async () => {
    const seen = collectWarnings();
    await using unknown = new SLURMCluster(smallJobs(folder, { queue: "nowhere" }));
    await expect(unknown.scale({ jobs: 1 })).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/Slurm: .*invalid partition/i),
    });
    await using large = new SLURMCluster(smallJobs(folder, { cores: 99 }));
    const waiting = large.waitForWorkers(1);
    await using client = new Client(large);
    const elsewhere = client.waitForWorkers(1);
    elsewhere.catch(() => undefined);
    await client.ready;
    const never = large.scale({ workers: 1 });
    await expect(waiting).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/waits for ever \(PENDING: PartitionConfig\)/),
    });
    for (const waits of [never, elsewhere, client.waitForWorkers(1)]) {
      await expect(waits).rejects.toMatchObject({ code: "JobFailed" });
    }
    await vi.waitFor(() => expect(queued(large.jobName)).toEqual([]), SOON);
    await vi.waitFor(() => expect(seen.texts).toHaveLength(2), SOON);
    seen.stop();
    expect(seen.texts).toEqual([
      expect.stringMatching(/invalid partition/i),
      expect.stringMatching(/PartitionConfig/),
    ]);
  });

  it("cancels its jobs when the program is killed, also those that wait", async () => {
    // Twelve processors: eight can run at a time.
    const { jobName, ...shape } = smallJobs(folder, { cores: 3, processes: 1, jobs: 4 });
    const program = startScript(
      `import { SLURMCluster } from "heddle/jobqueue";
       const cluster = new SLURMCluster(${JSON.stringify({ jobName, ...shape })});
       await cluster.waitForWorkers(2);
       console.log("up");
       setInterval(() => undefined, 1000);`,
      folder,
    );
    await program.line("up");
    expect(queued(jobName)).toHaveLength(4);
    program.child.kill("SIGKILL");
    await once(program.child, "close");
    await vi.waitFor(() => expect(queued(jobName)).toEqual([]), SOON);
  });

  it("keeps no program alive, and is ended with one that has not closed it", async () => {
    const shape = smallJobs(folder, { jobs: 1 });
    const program = startScript(
      `import { Client } from "heddle";
       import { SLURMCluster } from "heddle/jobqueue";
       const cluster = new SLURMCluster(${JSON.stringify(shape)});
       const client = new Client(cluster);
       console.log(await client.submit((x) => x + 1, 41).result());
       await client.close();`,
      folder,
    );
    await program.line("42");
    const [exitCode] = await once(program.child, "close");
    expect(exitCode).toBe(0);
    await vi.waitFor(() => expect(queued(shape.jobName)).toEqual([]), SOON);
  });
});
