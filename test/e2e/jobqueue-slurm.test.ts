/**
 * @file `SLURMCluster` on a real Slurm of two virtual nodes: brought up, used, scaled, refused, and
 * nothing of it left. Where there is no Slurm the tests are skipped, with a line that says so.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, wait } from "heddle/distributed";
import { SLURMCluster, type SLURMClusterOptions } from "heddle/jobqueue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startScript } from "../fixtures/scripts.ts";
import { startLab } from "../lab/batch-lab.ts";
import { until } from "../support/until.ts";

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

let nextName = 0;

function options(more: SLURMClusterOptions = {}): SLURMClusterOptions {
  return {
    jobName: `short-${process.pid}-${nextName++}`,
    cores: 1,
    processes: 1,
    memory: "512MiB",
    walltime: "10",
    logDirectory: folder,
    dashboardAddress: null,
    ...more,
  };
}

/** Ids of the jobs of that name that Slurm has not ended. */
function queued(jobName: string): string[] {
  const ids = lab?.run("squeue", "--noheader", "--array", `--name=${jobName}`, "--format=%i") ?? "";
  return ids.split("\n").filter((id) => id !== "");
}

/** The warnings of this process from now on. */
function warnings(): { readonly texts: string[]; stop(): void } {
  const texts: string[] = [];
  const note = ({ message }: Error): number => texts.push(message);
  process.on("warning", note);
  return { texts, stop: () => process.off("warning", note) };
}

describe.skipIf(lab === undefined)("a cluster on Slurm", () => {
  it("runs work on an array of jobs, keeps values when it shrinks, and leaves nothing", async () => {
    const shape = options({ jobs: 3 });
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
    const [kept] = cluster.jobs;
    await cluster.scale({ jobs: 1 });
    await until(() => queued(shape.jobName as string).length === 1);
    const story = await client.gather(squares);
    expect(story).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64].map((x) => [x]));
    // Whoever went did so by itself: no job was cancelled.
    const past = lab?.run("squeue", "-h", "-t", "all", `--name=${shape.jobName}`, "-o", "%T") ?? "";
    expect(past.trim().split("\n").sort()).toEqual(["COMPLETED", "COMPLETED", "RUNNING"]);
    expect(cluster.workers).toBe(1);
    const logs = await cluster.logs();
    expect(Object.keys(logs)).toContain("scheduler");
    expect(logs[`job ${kept?.id}`]).toMatch(/workers of 1 threads/);
    await client.close();
    await cluster.close();
    expect(queued(shape.jobName as string)).toEqual([]);
  });

  it("says at once, in Slurm's words, what it refuses and what would wait for ever", async () => {
    const seen = warnings();
    await using unknown = new SLURMCluster(options({ queue: "nowhere" }));
    await expect(unknown.scale({ jobs: 1 })).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/Slurm: .*invalid partition/i),
    });
    await using large = new SLURMCluster(options({ cores: 99 }));
    const waiting = large.waitForWorkers(1);
    const never = large.scale({ workers: 1 });
    await expect(waiting).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/waits for ever \(PENDING: PartitionConfig\)/),
    });
    await expect(never).rejects.toMatchObject({ code: "JobFailed" });
    await until(() => seen.texts.length === 2 && queued(large.jobName).length === 0);
    seen.stop();
    expect(seen.texts).toEqual([
      expect.stringMatching(/invalid partition/i),
      expect.stringMatching(/PartitionConfig/),
    ]);
  });

  it("cancels its jobs when the program is killed, also those that wait", async () => {
    // Twelve processors: eight can run at a time.
    const { jobName, ...shape } = options({ cores: 3, processes: 1, jobs: 4 });
    const program = startScript(
      `import { SLURMCluster } from "heddle/jobqueue";
       const cluster = new SLURMCluster(${JSON.stringify({ jobName, ...shape })});
       await cluster.waitForWorkers(2);
       console.log("up");
       setInterval(() => undefined, 1000);`,
      folder,
    );
    await program.line("up");
    expect(queued(jobName as string)).toHaveLength(4);
    program.child.kill("SIGKILL");
    await once(program.child, "close");
    await until(() => queued(jobName as string).length === 0);
  });
});
