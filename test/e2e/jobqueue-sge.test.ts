/**
 * @file `SGECluster` on a real Grid Engine of one host: brought up as an array, used, refused, its
 * jobs deleted by others and replaced, its walltimes ended in order, and nothing of it left. Where
 * there is no Grid Engine the tests are skipped, with a line that says so.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as bags from "heddle/bag";
import { Client, wait } from "heddle/distributed";
import { SGECluster, type SGEClusterOptions } from "heddle/jobqueue";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startLab } from "../lab/batch-lab.ts";
import { collectWarnings } from "../support/slurm-clusters.ts";

const SOON = { timeout: 60_000, interval: 200 };
const MINUTES = { timeout: 180_000, interval: 500 };

const lab = await startLab("ge");
let folder: string;
let nextName = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-sge-"));
  process.env["HOME"] = folder;
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab?.end();
});

function smallJobs(more: SGEClusterOptions = {}): SGEClusterOptions & { readonly jobName: string } {
  return {
    // Grid Engine shows ten letters.
    jobName: `t${process.pid}-${nextName++}`,
    cores: 1,
    processes: 1,
    memory: "512MiB",
    walltime: "00:10:00",
    logDirectory: folder,
    dashboardAddress: null,
    ...more,
  };
}

/** Ids of the jobs of that name that Grid Engine has. */
function listed(jobName: string): string[] {
  const lines = lab?.run("qstat", "-g", "d").split("\n") ?? [];
  const own = lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , name]) => name === jobName);
  return own.map((words) => {
    const task = words.length > 9 ? `.${words.at(-1)}` : "";
    return `${words[0]}${task}`;
  });
}

/** Sums numbers in pairs, pairs of pairs, and so on. */
async function sumByTree(client: Client, leaves: number): Promise<number> {
  const slow = (x: number): number => {
    const end = performance.now() + 100;
    while (performance.now() < end);
    return x;
  };
  const add = (a: number, b: number): number => a + b;
  let level = [
    ...client.map(
      slow,
      Array.from({ length: leaves }, (_, i) => i),
    ),
  ];
  while (level.length > 1) {
    const even = level.filter((_, i) => i % 2 === 0);
    const odd = level.filter((_, i) => i % 2 === 1);
    level = [...client.map(add, even, odd)];
  }
  return (await level[0]?.result()) ?? Number.NaN;
}

/** Numbers of a bag brought together by their remainders, with their sums. */
const shuffled = () =>
  bags
    .range(5000, { npartitions: 10 })
    .groupby((i: number) => i % 7, { npartitions: 4 })
    .map(([key, items]: readonly [number, readonly number[]]) => {
      return [key, items.reduce((a, b) => a + b, 0)] as const;
    });

const sorted = (rows: readonly (readonly [number, number])[]) =>
  [...rows].sort(([a], [b]) => a - b);

describe.skipIf(lab === undefined)("a cluster on Grid Engine", () => {
  it("runs work on an array, replaces what others delete, and leaves nothing", async () => {
    const shape = smallJobs({ jobs: 2 });
    await using cluster = new SGECluster(shape);
    await cluster.waitForWorkers(2);
    const [one, two] = cluster.jobs.map(({ id }) => id) as [string, string];
    expect([one, two]).toEqual([expect.stringMatching(/^\d+\.1$/), expect.stringMatching(/\.2$/)]);
    await using client = new Client(cluster);
    const squares = client.map((x: number) => [x * x], [0, 1, 2, 3]);
    await wait(squares);
    const sum = sumByTree(client, 128);
    const rows = shuffled().compute({ scheduler: client });
    const seen = collectWarnings();
    const [number = "", task = ""] = one.split(".");
    lab?.run("qdel", number, "-t", task);
    await vi.waitFor(() => {
      const running = cluster.jobs.filter(({ stage }) => stage === "running");
      expect(running).toHaveLength(2);
      expect(running.map(({ id }) => id)).not.toContain(one);
    }, SOON);
    expect(seen.texts).toContainEqual(expect.stringMatching(new RegExp(`job ${one} has ended`)));
    seen.stop();
    expect(await sum).toBe((127 * 128) / 2);
    const here = (await shuffled().compute({ scheduler: "sync" })) as never;
    expect(sorted((await rows) as never)).toEqual(sorted(here));
    expect(await client.gather(squares)).toEqual([[0], [1], [4], [9]]);
    await cluster.scale({ jobs: 1 });
    await vi.waitFor(() => expect(listed(shape.jobName)).toHaveLength(1), SOON);
    expect(await client.gather(squares)).toEqual([[0], [1], [4], [9]]);
    expect((await cluster.logs())[`job ${cluster.jobs[0]?.id}`]).toMatch(/workers of 1 threads/);
    await client.close();
    await cluster.close();
    expect(listed(shape.jobName)).toEqual([]);
  });

  it("says at once, in Grid Engine's words, what it refuses", async () => {
    await using cluster = new SGECluster(smallJobs({ queue: "nowhere.q" }));
    await expect(cluster.scale({ jobs: 1 })).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/Grid Engine: .*Unable to run job/),
    });
  });

  it("replaces jobs before their walltimes end, and their values are handed over", async () => {
    const shape = smallJobs({ jobs: 1, walltime: "00:01:00" });
    const seen = collectWarnings();
    await using cluster = new SGECluster(shape);
    await cluster.waitForWorkers(1);
    const [first] = cluster.jobs.map(({ id }) => id);
    await using client = new Client(cluster);
    const brought = await client.scatter([["a"], ["b"], ["c"]]);
    await vi.waitFor(() => expect(listed(shape.jobName)).not.toContain(first), MINUTES);
    expect(await client.gather(brought)).toEqual([["a"], ["b"], ["c"]]);
    expect(cluster.jobs.map(({ stage }) => stage)).toContain("running");
    await vi.waitFor(() => {
      // It ended by itself, before Grid Engine would have killed it.
      const account = lab?.run("qacct", "-j", first ?? "") ?? "";
      expect(account).toMatch(/^failed\s+0\s*$/m);
      expect(account).toMatch(/^exit_status\s+0\s*$/m);
    }, SOON);
    seen.stop();
    expect(seen.texts).toEqual([]);
  });
});
