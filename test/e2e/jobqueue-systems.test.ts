/**
 * @file Each cluster whose batch system is not to be had here, with commands on PATH that run what
 * is submitted and answer as the real ones do (`test/support/fake-batch`): brought up as an array,
 * used, scaled down, closed, and nothing of it left.
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "heddle/distributed";
import {
  HTCondorCluster,
  type JobOptions,
  type JobQueueCluster,
  LSFCluster,
  MoabCluster,
  OARCluster,
  PBSCluster,
} from "heddle/jobqueue";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const SOON = { timeout: 30_000, interval: 100 };
const PROGRAM = fileURLToPath(new URL("../support/fake-batch/fake-batch.mjs", import.meta.url));

interface Case {
  readonly name: string;
  readonly commands: readonly [submit: string, list: string, cancel: string];
  readonly make: (options: Omit<JobOptions, "jobExtraDirectives">) => JobQueueCluster;
  /** Ids of the first two jobs. */
  readonly ids: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "PBS",
    commands: ["qsub", "qstat", "qdel"],
    make: (options) => new PBSCluster(options),
    ids: ["0[0].vm", "0[1].vm"],
  },
  {
    name: "Moab",
    commands: ["msub", "showq", "canceljob"],
    make: (options) => new MoabCluster(options),
    ids: ["Moab.0[0]", "Moab.0[1]"],
  },
  {
    name: "LSF",
    commands: ["bsub", "bjobs", "bkill"],
    make: (options) => new LSFCluster({ ...options, walltime: "00:10" }),
    ids: ["0[1]", "0[2]"],
  },
  {
    name: "OAR",
    commands: ["oarsub", "oarstat", "oardel"],
    make: (options) => new OARCluster(options),
    ids: ["0", "1"],
  },
  {
    name: "HTCondor",
    commands: ["condor_submit", "condor_q", "condor_rm"],
    make: ({ walltime: _, ...options }) => new HTCondorCluster({ ...options, disk: "1GB" }),
    ids: ["0.0", "0.1"],
  },
];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-batch-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const { commands } of CASES) {
    for (const command of commands) symlinkSync(PROGRAM, join(bin, command));
  }
  vi.stubEnv("HOME", folder);
  vi.stubEnv("FAKE_BATCH", folder);
  vi.stubEnv("PATH", `${bin}${delimiter}${process.env["PATH"]}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Exit codes of the jobs, by id; undefined while they run. */
function exits(): Record<string, string | undefined> {
  const place = join(folder, "jobs");
  const read = (id: string): string | undefined => {
    const path = join(place, id, "exit");
    return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
  };
  return Object.fromEntries(readdirSync(place).map((id) => [id, read(id)]));
}

/** How often each command was called. */
function calls(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of readFileSync(join(folder, "calls"), "utf8").trim().split("\n")) {
    const [command = ""] = line.split(" ");
    counts[command] = (counts[command] ?? 0) + 1;
  }
  return counts;
}

describe.each(CASES)("a cluster on $name", ({ commands, make, ids }) => {
  it("runs work on an array of jobs, shrinks, closes, and leaves nothing", async () => {
    const shape = { cores: 1, processes: 1, memory: "512MiB", walltime: "00:10:00" };
    const more = { jobs: 2, dashboardAddress: null };
    await using cluster = make({ ...shape, ...more });
    await cluster.waitForWorkers(2, { timeoutMs: 60_000 });
    expect(cluster.jobs.map(({ id }) => id)).toEqual(ids);
    expect(cluster.jobs.map(({ workers }) => workers.length)).toEqual([1, 1]);
    await using client = new Client(cluster);
    const squares = client.map((x: number) => x * x, [1, 2, 3, 4]);
    expect(
      await client.submit((all: number[]) => all.reduce((a, b) => a + b), squares).result(),
    ).toBe(30);
    const [submit, list, cancel] = commands;
    expect(calls()[submit]).toBe(1);
    await cluster.scale({ jobs: 1 });
    await vi.waitFor(() => {
      expect(Object.values(exits()).filter((exit) => exit === undefined)).toHaveLength(1);
    }, SOON);
    expect(await client.submit((x: number) => x, 7).result()).toBe(7);
    await client.close();
    await cluster.close();
    // They ended by themselves, in order, and were not cancelled.
    expect(exits()).toEqual(Object.fromEntries(ids.map((id) => [id, "0"])));
    expect(calls()[cancel]).toBeUndefined();
    expect(calls()[list]).toBeGreaterThan(0);
    expect(processesIn(folder)).toEqual([]);
  });

  it("cancels jobs that do not go", async () => {
    const shape = { cores: 1, processes: 1, memory: "512MiB", walltime: "00:10:00" };
    const more = { jobs: 1, dashboardAddress: null, jobScriptPrologue: ["exec sleep 1000"] };
    await using cluster = make({ ...shape, ...more });
    await vi.waitFor(() => expect(cluster.jobs[0]?.stage).toBe("starting"), SOON);
    await cluster.close();
    expect(calls()[commands[2]]).toBeGreaterThan(0);
    expect(Object.values(exits())).toEqual([expect.stringMatching(/^(143|137)$/)]);
  });
});

it("says in the words of PBS what it refuses", async () => {
  const shape = { cores: 1, memory: "1GB", queue: "nowhere", dashboardAddress: null };
  await using cluster = new PBSCluster(shape);
  await expect(cluster.scale({ jobs: 1 })).rejects.toMatchObject({
    code: "JobFailed",
    message: expect.stringMatching(/^PBS: qsub ended with exit code 170: qsub: Unknown queue/),
  });
});

/** Processes that have a file of the folder open as their command's output. */
function processesIn(place: string): string[] {
  const listed = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
  return listed.split("\n").filter((line) => line.includes(`${place}/.heddle`));
}
