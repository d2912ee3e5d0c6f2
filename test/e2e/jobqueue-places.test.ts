/**
 * @file Where the scheduler of a cluster on a real Slurm may be, and jobs of several nodes. Where
 * there is no Slurm the tests are skipped, with a line that says so.
 */
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "heddle/distributed";
import { SLURMCluster, type SLURMClusterOptions } from "heddle/jobqueue";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startScript } from "../fixtures/scripts.ts";
import { startLab } from "../lab/batch-lab.ts";
import { jobStates, queuedJobs, smallJobs } from "../support/slurm-clusters.ts";

const SOON = { timeout: 30_000, interval: 100 };

const lab = await startLab("slurm");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-places-"));
  process.env["HOME"] = folder;
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab?.end();
});

/** Small jobs whose connection file is in a folder of its own. */
function placed(options: SLURMClusterOptions) {
  const shared = mkdtempSync(join(folder, "shared-"));
  const shape = smallJobs(folder, { name: "here", sharedTempDirectory: shared, ...options });
  return { shared, shape, file: join(shared, "here.json") };
}

async function works(client: Client): Promise<void> {
  const sums = client.map((x: number) => x + 1, [1, 2, 3]);
  expect(await client.gather(sums)).toEqual([2, 3, 4]);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** What a connection file says of the scheduler's process. */
function pidIn(file: string): number {
  return (JSON.parse(readFileSync(file, "utf8")) as { facts: { pid: number } }).facts.pid;
}

describe.skipIf(lab === undefined)("a scheduler in the client's process", () => {
  it("is reached by TLS and a token in a file for its owner alone, gone at the end", async () => {
    const { shape, file, shared } = placed({ jobs: 1 });
    const cluster = new SLURMCluster(shape);
    await cluster.waitForWorkers(1);
    expect(cluster.address).toMatch(/^tls:/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { token } = JSON.parse(readFileSync(file, "utf8")) as { token: string };
    expect(cluster.jobScript()).not.toContain(token);
    await using other = new Client({ schedulerFile: file });
    await works(other);
    await other.close();
    await cluster.close();
    expect(readdirSync(shared)).toEqual([]);
  });
});

describe.skipIf(lab === undefined)("a scheduler as a process of its own", () => {
  it("ends with the cluster, and with a program that is killed", async () => {
    const { shape, file, shared } = placed({ schedulerPlacement: "process", jobs: 1 });
    const cluster = new SLURMCluster(shape);
    await cluster.waitForWorkers(1);
    const pid = pidIn(file);
    expect(pid).not.toBe(process.pid);
    await using client = new Client(cluster);
    await works(client);
    expect((await cluster.logs())["scheduler"]).toMatch(/worker here-\d+ joined/);
    await client.close();
    await cluster.close();
    expect([isAlive(pid), readdirSync(shared)]).toEqual([false, []]);

    const program = startScript(
      `import { SLURMCluster } from "heddle/jobqueue";
       const cluster = new SLURMCluster(${JSON.stringify(shape)});
       await cluster.waitForWorkers(1);
       console.log("up");
       setInterval(() => undefined, 1000);`,
      folder,
    );
    await program.line("up");
    const second = pidIn(file);
    program.child.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(second)).toBe(false), SOON);
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), SOON);
    expect(existsSync(file)).toBe(false);
  });

  it("stays with its jobs when that is wished; other clients come", async () => {
    const keep = { schedulerPlacement: "process", onClientExit: "keep", jobs: 2 } as const;
    const { shape, file } = placed(keep);
    const program = startScript(
      `import { SLURMCluster } from "heddle/jobqueue";
       const cluster = new SLURMCluster(${JSON.stringify(shape)});
       await cluster.waitForWorkers(2);
       console.log("up");
       process.exit();`,
      folder,
    );
    await program.line("up");
    if (program.child.exitCode === null) await once(program.child, "close");
    expect(queuedJobs(lab, shape.jobName)).toHaveLength(2);
    const pid = pidIn(file);
    for (let clients = 0; clients < 2; clients++) {
      await using client = new Client({ schedulerFile: file });
      await client.waitForWorkers(2);
      await works(client);
    }
    await using last = new Client({ schedulerFile: file });
    await last.shutdown();
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), SOON);
    await vi.waitFor(() => expect([isAlive(pid), existsSync(file)]).toEqual([false, false]), SOON);
    expect(Object.values(jobStates(lab, shape.jobName))).toEqual(["COMPLETED", "COMPLETED"]);
  });
});

describe.skipIf(lab === undefined)("a scheduler as a job", () => {
  const job = { memory: "1GiB" };

  it("is waited for, and ends with the cluster", async () => {
    const options = { schedulerPlacement: "job", schedulerOptions: { job }, jobs: 1 } as const;
    const { shape, file, shared } = placed(options);
    const cluster = new SLURMCluster({ ...shape, pollIntervalMs: 500 });
    await cluster.waitForWorkers(1);
    expect(queuedJobs(lab, shape.jobName)).toHaveLength(2);
    await using client = new Client({ schedulerFile: file });
    await works(client);
    expect((await cluster.logs())["scheduler"]).toMatch(/worker here-\d+ joined/);
    await client.close();
    await cluster.close();
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), SOON);
    expect(readdirSync(shared)).toEqual([]);
  });

  it("that cannot begin, or ends before it listens, is told of in Slurm's words", async () => {
    const place = (own: object) => {
      const schedulerOptions = { job: { ...job, ...own } };
      const { shape, shared } = placed({ schedulerPlacement: "job", schedulerOptions });
      return { cluster: new SLURMCluster({ ...shape, pollIntervalMs: 200 }), shape, shared };
    };
    const refused = place({ queue: "nowhere" });
    await expect(refused.cluster.ready).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/invalid partition/i),
    });
    await refused.cluster.close();
    const never = place({ cores: 99 });
    await expect(never.cluster.ready).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/job \d+ will not begin \(PENDING: PartitionConfig\)/),
    });
    await never.cluster.close();
    const broken = place({ jobScriptPrologue: ["echo no such module >&2", "exit 7"] });
    await expect(broken.cluster.ready).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/has ended before it listened \(FAILED(.|\n)*no such module/),
    });
    await broken.cluster.close();
    for (const { shape, shared } of [refused, never, broken]) {
      await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), SOON);
      expect(readdirSync(shared)).toEqual([]);
    }
  });
});

describe.skipIf(lab === undefined)("jobs of several nodes", () => {
  it("have workers on each, which retire when the job is told to go", async () => {
    const { shape } = placed({ nodes: 2, processes: 2, cores: 2, memory: "1GiB", jobs: 1 });
    await using cluster = new SLURMCluster(shape);
    expect(cluster.workers).toBe(4);
    await cluster.waitForWorkers(4);
    await using client = new Client(cluster);
    const [id] = cluster.jobs.map((one) => one.id);
    expect(cluster.jobs[0]?.workers.toSorted()).toEqual(
      ["0-0", "0-1", "1-0", "1-1"].map((end) => `here-${id}-${end}`),
    );
    const nodes = await client.run(() => process.env["SLURMD_NODENAME"]);
    expect(Object.values(nodes).sort()).toEqual(["node1", "node1", "node2", "node2"]);
    await works(client);
    await client.close();
    await cluster.close();
    expect(Object.values(jobStates(lab, shape.jobName))).toEqual(["COMPLETED"]);
  });

  it("warned by the system, hand over what they have", async () => {
    const { shape } = placed({ nodes: 2, jobs: 1 });
    await using cluster = new SLURMCluster({ ...shape, groups: { stays: { nodes: 1 } } });
    await cluster.scale({ groups: { stays: { jobs: 1 } } });
    await cluster.waitForWorkers(3);
    await using client = new Client(cluster);
    const made = client.map((x: number) => [x], [1, 2, 3, 4, 5, 6]);
    await made.settled();
    const job = cluster.jobs.find(({ group }) => group === "default");
    lab?.run("scancel", "--batch", "--signal=USR1", String(job?.id));
    await vi.waitFor(() => {
      expect(jobStates(lab, shape.jobName)[String(job?.id)]).toBe("COMPLETED");
    }, SOON);
    expect(await client.gather(made)).toEqual([1, 2, 3, 4, 5, 6].map((x) => [x]));
  });
});
