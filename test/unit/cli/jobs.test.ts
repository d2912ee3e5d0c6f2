/** @file `heddle jobs`: which cluster is meant, and what is shown of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatTable, showJobs, targetOf } from "../../../dist/cli/jobs.js";
import { Client, LocalCluster } from "../../../dist/index.js";

const home = mkdtempSync(join(tmpdir(), "heddle-jobs-"));
afterAll(() => rmSync(home, { recursive: true }));

describe("which cluster", () => {
  const folder = join(home, ".heddle", "jobqueue");
  const target = (given?: string, file?: string) => targetOf(given, file, home);

  it("has to be said where none or several have left a file", () => {
    expect(() => target()).toThrow(/no cluster has left its file/);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "slurm-1.json"), "{}");
    expect(target()).toEqual({ schedulerFile: join(folder, "slurm-1.json") });
    writeFileSync(join(folder, "slurm-2.json"), "{}");
    expect(() => target()).toThrow(/slurm-1, slurm-2/);
  });

  it("may be a name, an address or a file", () => {
    expect(target("slurm-2")).toEqual({ schedulerFile: join(folder, "slurm-2.json") });
    expect(target("tls://login:8786")).toEqual({ address: "tls://login:8786" });
    expect(target(home)).toEqual({ schedulerFile: home });
    expect(target(undefined, "x.json")).toEqual({ schedulerFile: "x.json" });
    expect(() => target("slurm-3")).toThrow(/did you mean "slurm-/);
    expect(() => target("slurm-1", "x.json")).toThrow(/a cluster or --scheduler-file/);
  });
});

describe("a running cluster", () => {
  let cluster: LocalCluster;
  let client: Client;

  beforeAll(async () => {
    const options = { nWorkers: 1, threadsPerWorker: 1, dashboardAddress: null, name: "mine" };
    cluster = new LocalCluster(options);
    client = new Client(cluster);
    await client.waitForWorkers(1);
    await client.writeSchedulerFile(join(home, "mine.json"));
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
  });

  const show = async (json: boolean) =>
    await showJobs(undefined, { schedulerFile: join(home, "mine.json"), json });

  it("without jobs is shown with its workers", async () => {
    const text = await show(false);
    expect(text).toMatch(/^No jobs: .*\n\nWORKER +JOB +HOST .*\nmine-0 +- /);
  });

  it("is shown with its jobs, their states in the system's words, and their workers", async () => {
    const submittedMs = Date.now() - 65_000;
    const job = { group: "default", submittedMs };
    const ours = { cluster: "mine", system: "slurm", changedMs: Date.now() - 4 * 3_600_000 };
    const jobs = [
      { ...job, id: "41", stage: "running", state: "RUNNING", workers: ["mine-0"] },
      { ...job, id: "42", stage: "queued", state: "PENDING", reason: "Priority", workers: [] },
    ];
    await client.setMetadata(["jobs", "mine"], { ...ours, jobs });
    const [head, first, second, ago] = (await show(false)).split("\n");
    expect(head).toMatch(/^JOB +CLUSTER +GROUP +STAGE +STATE +AGE +WORKERS +TASKS +REASON$/);
    expect(first).toMatch(/^41 +mine +default +running +RUNNING +.* 1 +0$/);
    expect(second).toMatch(/^42 +mine +default +queued +PENDING +.* 0 +0 +Priority$/);
    expect(ago).toMatch(/^\(no change for 4hr 0m/);
    const table = JSON.parse(await show(true));
    expect(table.jobs[1]).toMatchObject({ id: "42", reason: "Priority", system: "slurm" });
    expect(table.workers[0]).toMatchObject({ name: "mine-0", job: "41", threads: 1 });
  });
});

it("a cluster without anything says so", () => {
  expect(formatTable({ jobs: [], workers: [] })).toContain("No workers yet.");
});
