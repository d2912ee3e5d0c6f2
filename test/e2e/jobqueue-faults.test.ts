/**
 * @file `SLURMCluster` on a real Slurm when things go wrong: walltimes end, workers, jobs and nodes
 * are lost, jobs are cancelled by others. Work ends with equal results, and the wanted jobs are
 * there again. The lab is no other test's, since a node of it is taken down.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as bags from "heddle/bag";
import { Client } from "heddle/distributed";
import { SLURMCluster } from "heddle/jobqueue";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startLab } from "../lab/batch-lab.ts";
import { collectWarnings, jobStates, queuedJobs, smallJobs } from "../support/slurm-clusters.ts";

const lab = await startLab("slurm", "faults");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-slurm-"));
  process.env["HOME"] = folder;
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab?.end();
});

const MINUTES = { timeout: 150_000, interval: 200 };

/** Computes for so long. */
function busy(x: number, ms: number): number {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return x;
}

/** Sums numbers in pairs, pairs of pairs, and so on. */
async function sumByTree(client: Client, leaves: number, ms: number): Promise<number> {
  const numbers = Array.from({ length: leaves }, (_, i) => i);
  const times = numbers.map(() => ms);
  let level = [...client.map(busy, numbers, times)];
  const add = (a: number, b: number): number => a + b;
  while (level.length > 1) {
    const even = level.filter((_, i) => i % 2 === 0);
    const odd = level.filter((_, i) => i % 2 === 1);
    level = [...client.map(add, even, odd)];
  }
  return (await level[0]?.result()) ?? Number.NaN;
}

/** Rows of a bag brought together by their keys. */
const shuffled = () =>
  bags
    .range(12_000, { npartitions: 24 })
    .map((i: number) => {
      const end = performance.now() + 0.5;
      while (performance.now() < end);
      return i;
    })
    .groupby((i: number) => i % 37, { npartitions: 6 })
    .map(([key, items]: readonly [number, readonly number[]]) => {
      return [key, items.length, items.reduce((a, b) => a + b, 0)] as const;
    });

const sorted = (rows: readonly (readonly [number, number, number])[]) =>
  [...rows].sort(([a], [b]) => a - b);

describe.skipIf(lab === undefined)("a cluster on Slurm goes on", () => {
  it("when walltimes end: jobs are replaced before, and their values handed over", async () => {
    const shape = smallJobs(folder, { jobs: 2, walltime: "1" });
    await using cluster = new SLURMCluster(shape);
    await cluster.waitForWorkers(2);
    const first = cluster.jobs.map(({ id }) => id);
    await using client = new Client(cluster);
    const seen = collectWarnings();
    // Nobody can make these again.
    const brought = await client.scatter(Array.from({ length: 12 }, (_, i) => [i]));
    const rows = shuffled().compute({ scheduler: client });
    const sum = await sumByTree(client, 256, 500);
    expect(sum).toBe((255 * 256) / 2);
    const here = (await shuffled().compute({ scheduler: "sync" })) as never;
    expect(sorted((await rows) as never)).toEqual(sorted(here));
    await vi.waitFor(() => {
      const states = jobStates(lab, shape.jobName);
      expect(first.map((id) => states[id])).toEqual(["COMPLETED", "COMPLETED"]);
    }, MINUTES);
    expect(await client.gather(brought)).toEqual(Array.from({ length: 12 }, (_, i) => [i]));
    await cluster.waitForWorkers(2, { timeoutMs: 60_000 });
    expect(cluster.workers).toBe(2);
    // As planned: nobody is to be bothered with it.
    seen.stop();
    expect(seen.texts).toEqual([]);
  });

  it("when workers, whole jobs and single nodes' processes are killed or cancelled", async () => {
    const shape = smallJobs(folder, { jobs: 3 });
    await using cluster = new SLURMCluster(shape);
    await cluster.waitForWorkers(3);
    await using client = new Client(cluster);
    const rows = shuffled().compute({ scheduler: client });
    const sum = sumByTree(client, 512, 100);
    const [one, two, three] = cluster.jobs.map(({ id }) => id) as [string, string, string];
    const { workers } = await client.schedulerInfo();
    const pidOf = (job: string): number =>
      Object.values(workers).find(({ name }) => name.endsWith(`-${job}`))?.pid ?? 0;
    const seen = collectWarnings();
    process.kill(pidOf(one), "SIGKILL");
    lab?.run("scancel", two);
    lab?.run("scancel", "--signal=KILL", "--full", three);
    await vi.waitFor(() => {
      const running = cluster.jobs.filter(({ stage }) => stage === "running");
      const now = running.map(({ id }) => id);
      expect(now).toHaveLength(3);
      // The first job's supervisor has started another worker; the others are other jobs.
      expect(now).toContain(one);
      expect(now).not.toContain(two);
      expect(now).not.toContain(three);
    }, MINUTES);
    await cluster.scale({ jobs: 1 });
    await cluster.scale({ jobs: 3 });
    expect(await sum).toBe((511 * 512) / 2);
    const here = (await shuffled().compute({ scheduler: "sync" })) as never;
    expect(sorted((await rows) as never)).toEqual(sorted(here));
    await vi.waitFor(() => {
      const running = cluster.jobs.filter(({ stage }) => stage === "running");
      expect(running).toHaveLength(3);
    }, MINUTES);
    seen.stop();
    expect(seen.texts.join("\n")).toMatch(new RegExp(`job ${two} has ended \\(CANCELLED`));
    expect(seen.texts.join("\n")).toMatch(new RegExp(`job ${three} has ended \\(`));
    await cluster.close();
    expect(queuedJobs(lab, shape.jobName)).toEqual([]);
  });
});

describe.skipIf(lab === undefined)("a cluster on Slurm", () => {
  it("adapts to what there is to do, in whole jobs, and never ends one with work", async () => {
    const shape = smallJobs(folder, { cores: 2, processes: 2, memory: "1GiB" });
    await using cluster = new SLURMCluster(shape);
    const most = { minimumJobs: 0, maximumJobs: 2 };
    const adaptive = cluster.adapt({
      ...most,
      intervalMs: 500,
      waitCount: 4,
      targetDurationMs: 500,
    });
    expect([adaptive.minimum, adaptive.maximum]).toEqual([0, 2]);
    await using client = new Client(cluster);
    expect(await sumByTree(client, 128, 100)).toBe((127 * 128) / 2);
    // One task, on one of the two workers of a job: the other job goes, this one stays.
    const long = client.submit(busy, 1, 8000);
    await vi.waitFor(() => {
      const [one, ...others] = cluster.jobs.filter(({ stage }) => stage === "running");
      expect(one?.workers).toHaveLength(2);
      expect(others).toEqual([]);
    }, MINUTES);
    expect(await long.result()).toBe(1);
    long.release();
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), MINUTES);
    const states = Object.values(jobStates(lab, shape.jobName));
    expect(new Set(states)).toEqual(new Set(["COMPLETED"]));
    expect(states).toHaveLength(2);
  });

  it("shows the end of the log of jobs that fail at their start, and gives up soon", async () => {
    const shape = smallJobs(folder, {
      jobs: 3,
      jobScriptPrologue: ["echo the module is not there >&2", "exit 7"],
      maxFailures: 2,
    });
    const seen = collectWarnings();
    await using cluster = new SLURMCluster(shape);
    await expect(cluster.waitForWorkers(1)).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(
        new RegExp(
          "2 starts have failed, the last one so: job \\d+ .*" +
            "\\(FAILED, exit code 7: NonZeroExitCode\\)\nThe end of [^\n]*:\n" +
            "the module is not there$",
        ),
      ),
    });
    seen.stop();
    // Three, and after a while one to see whether it goes better.
    expect(Object.keys(jobStates(lab, shape.jobName))).toHaveLength(4);
    expect(seen.texts).toContainEqual(expect.stringMatching(/The next try is in 5 s/));
  });

  it("loses a node: its job is replaced when there is room, and work ends meanwhile", async () => {
    const shape = smallJobs(folder, { cores: 4, processes: 1, memory: "1GiB", jobs: 2 });
    await using cluster = new SLURMCluster(shape);
    await cluster.waitForWorkers(2);
    await using client = new Client(cluster);
    const nodes = lab?.run("squeue", "-h", `--name=${shape.jobName}`, "-o", "%i %N") ?? "";
    const lost = /^(\S+) node1$/m.exec(nodes)?.[1] ?? "";
    const slurmd = Number(readFileSync(`${lab?.folder}/run/slurmd-node1.pid`, "utf8"));
    const own = processesOf(`${cluster.name}-${lost}`);
    expect(own.length).toBeGreaterThanOrEqual(1);
    const sum = sumByTree(client, 64, 200);
    for (const pid of [slurmd, ...own]) process.kill(pid, "SIGSTOP");
    try {
      expect(await sum).toBe((63 * 64) / 2);
      await vi.waitFor(() => {
        expect(cluster.jobs.map(({ id }) => id)).not.toContain(lost);
        expect(cluster.jobs).toHaveLength(2);
      }, MINUTES);
      expect(jobStates(lab, shape.jobName)[lost]).toBe("NODE_FAIL");
    } finally {
      for (const pid of own) killIfThere(pid);
      process.kill(slurmd, "SIGCONT");
    }
    await vi.waitFor(() => {
      expect(cluster.jobs.filter(({ stage }) => stage === "running")).toHaveLength(2);
    }, MINUTES);
    expect(await sumByTree(client, 16, 10)).toBe((15 * 16) / 2);
  });
});

describe.skipIf(lab === undefined)("a cluster on Slurm", () => {
  it("has groups of workers: tasks go where their resources are, sizes are by group", async () => {
    const gpu = { queue: "gpu", jobExtraDirectives: ["--gres=gpu:1"], resources: { GPU: 1 } };
    const shape = smallJobs(folder, { groups: { gpu } });
    await using cluster = new SLURMCluster(shape);
    expect(cluster.jobScript("gpu")).toMatch(/^#SBATCH -p gpu$[\s\S]*^#SBATCH --gres=gpu:1$/m);
    expect(cluster.jobScript()).not.toMatch(/gres/);
    await cluster.scale({ groups: { default: { jobs: 2 }, gpu: 1 } });
    await cluster.waitForWorkers(3);
    expect(cluster.workers).toBe(3);
    await using client = new Client(cluster);
    const devices = client
      .options({ resources: { GPU: 1 } })
      .map((_: number) => process.env["CUDA_VISIBLE_DEVICES"], [1, 2, 3]);
    expect(await client.gather(devices)).toEqual(["0", "0", "0"]);
    const seen = (group: string) => cluster.jobs.filter((job) => job.group === group);
    expect([seen("default").length, seen("gpu").length]).toEqual([2, 1]);
    // The one of the GPU stays when others go.
    await cluster.scale({ jobs: 0 });
    await vi.waitFor(
      () => expect(cluster.jobs.map(({ group }) => group)).toEqual(["gpu"]),
      MINUTES,
    );
    await cluster.scale({ jobs: 0 }, { group: "gpu" });
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), MINUTES);
    await expect(cluster.scale(1, { group: "gpus" })).rejects.toThrow(/did you mean "gpu"/);
  });

  it("cancels its jobs when its scheduler is lost, and says so to who waits", async () => {
    const shape = smallJobs(folder, { jobs: 2, schedulerPlacement: "process" });
    const seen = collectWarnings();
    await using cluster = new SLURMCluster(shape);
    await cluster.waitForWorkers(2);
    await using client = new Client(cluster);
    const result = client.submit(busy, 1, 60_000).result();
    result.catch(() => undefined);
    const waiting = cluster.waitForWorkers(3);
    waiting.catch(() => undefined);
    const { connectionFile } = cluster;
    const { facts } = JSON.parse(readFileSync(connectionFile, "utf8"));
    process.kill(facts.pid, "SIGKILL");
    await expect(waiting).rejects.toThrow(/scheduler has ended with SIGKILL/);
    await expect(result).rejects.toThrow(/scheduler has ended with SIGKILL/);
    await vi.waitFor(() => expect(queuedJobs(lab, shape.jobName)).toEqual([]), MINUTES);
    await vi.waitFor(() => expect(cluster.jobs).toEqual([]), MINUTES);
    seen.stop();
    expect(seen.texts).toContainEqual(expect.stringMatching(/the jobs of \S+ are cancelled/));
  });
});

/** Processes that have been given this name of a worker, and their children. */
function processesOf(worker: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.filter((pid) => textOf(`/proc/${pid}/cmdline`).includes(`\0${worker}\0`));
  const children = pids.filter((pid) => {
    const parent = /\) \S (\d+)/.exec(textOf(`/proc/${pid}/stat`))?.[1] ?? "";
    return found.includes(parent);
  });
  return [...found, ...children].map(Number);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
