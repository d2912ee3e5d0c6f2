/** @file Worker processes that run out of memory and of disk: they wait, spill, or say so. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as da from "../../dist/array/index.js";
import { Client, config, type Future, LocalCluster } from "../../dist/index.js";
import { type Program, startProgram } from "../fixtures/programs.ts";

const TOKEN = "a token of the memory tests";
const LIMIT_BYTES = 384 * 2 ** 20;

const mayMount = process.getuid?.() === 0 && process.platform === "linux";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-memory-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  config.pop("worker.memory.max-spill");
});

/** Takes memory of the process up to a share of its limit, until one file is there; then waits. */
async function hog(limitBytes: number, share: number, folder: string): Promise<number> {
  const { existsSync } = await import("node:fs");
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  const until = async (name: string): Promise<void> => {
    while (!existsSync(`${folder}/${name}`)) await new Promise((go) => setTimeout(go, 20));
  };
  let held: Buffer[] = [];
  while (process.memoryUsage.rss() < share * limitBytes) held.push(Buffer.alloc(4 * 2 ** 20, 1));
  await until("enough");
  held = [];
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  await until("over");
  return process.pid;
}

describe("a worker that is short of memory", () => {
  const programs: Program[] = [];
  afterEach(async () => {
    for (const one of programs) one.kill("SIGKILL");
    await Promise.all(programs.splice(0).map(({ ended }) => ended));
  });

  test("gets no tasks until it has some again", async () => {
    const environ = { HOME: folder, HEDDLE_TOKEN: TOKEN };
    const run = async (...args: string[]): Promise<Program> => {
      const one = await startProgram([...args, "--json"], folder, environ);
      programs.push(one);
      return one;
    };
    const scheduler = await run("scheduler", "--port", "0", "--host", "127.0.0.1");
    const address = String(scheduler.first["address"]);
    const size = ["--nthreads", "2", "--memory-limit", String(LIMIT_BYTES)];
    await run("worker", address, "--nworkers", "2", "--name", "w", ...size);
    const client = new Client({ address, token: TOKEN });
    await client.waitForWorkers(2);
    const hogging = client
      .options({ pure: false, workers: ["w-0"] })
      .submit(hog, LIMIT_BYTES, 0.85, folder);
    await scheduler.logged(/worker "?w-0"? takes no tasks/);
    const pidOf = client.options({ pure: false }).map((_: number) => process.pid, range(50));
    const during = new Set(await pidOf.results());
    writeFileSync(join(folder, "enough"), "");
    await scheduler.logged(/worker "?w-0"? takes tasks again/);
    // Its own tasks run there again, beside the one that goes on.
    const own = client.options({ pure: false, workers: ["w-0"] });
    const hogPid = await own.submit(() => process.pid).result();
    expect(during.has(hogPid)).toBe(false);
    expect(existsSync(join(folder, "over"))).toBe(false);
    writeFileSync(join(folder, "over"), "");
    expect(await hogging.result()).toBe(hogPid);
    await client.close();
  });
});

describe("values of more than the memory", () => {
  let cluster: LocalCluster;
  let client: Client;

  async function start(localDirectory: string): Promise<void> {
    const size = { nWorkers: 2, threadsPerWorker: 1, memoryLimit: LIMIT_BYTES };
    cluster = new LocalCluster({ ...size, localDirectory, dashboardAddress: null });
    client = new Client(cluster);
    await client.waitForWorkers(2);
  }

  afterEach(async () => {
    await client.close();
    await cluster.close();
  });

  /** 800 MB. */
  const much = (rows = 100) => da.ones([rows, 1_000_000], { chunks: [1, 1_000_000] }).mul(2);

  test("lie on disk, and no process is ended for them", async () => {
    await start(folder);
    const pids = async (): Promise<number[]> =>
      Object.values(await client.run(() => process.pid)).sort();
    const before = await pids();
    const held = await much().persist({ scheduler: client });
    expect(await held.sum().compute({ scheduler: client })).toBe(2e8);
    const { workers } = await client.schedulerInfo();
    const spilled = Object.values(workers).map(({ spilledBytes }) => spilledBytes);
    expect(Math.min(...spilled)).toBeGreaterThan(0);
    expect(await pids()).toEqual(before);
  });

  test.each([
    ["no more may be spilled", false],
    ["the disk is full", true],
  ])("fail with an error that says so when %s; what fits goes on", async (_, isDisk) => {
    if (isDisk && !mayMount) return;
    const disk = join(folder, "disk");
    mkdirSync(disk);
    if (isDisk) execFileSync("mount", ["-t", "tmpfs", "-o", "size=60m", "tmpfs", disk]);
    else config.set({ "worker.memory.max-spill": 60e6 });
    try {
      await start(disk);
      const held = client.map((i: number) => new Float64Array(1_000_000).fill(i), range(150));
      const error = await held.results().catch((reason: unknown) => reason);
      expect(codeOf(error)).toBe("MemoryLimit");
      held.release();
      expect(await much(1).sum().compute({ scheduler: client })).toBe(2e6);
    } finally {
      await client.close();
      await cluster.close();
      if (isDisk) execFileSync("umount", [disk]);
    }
  });
});

describe("a worker whose disk is full", () => {
  test.each([
    ["by its limit", false],
    ["itself", true],
  ])("%s keeps what fits, and all of it can be read", async (_, isDisk) => {
    if (isDisk && !mayMount) return;
    const disk = join(folder, "disk");
    mkdirSync(disk);
    if (isDisk) execFileSync("mount", ["-t", "tmpfs", "-o", "size=120m", "tmpfs", disk]);
    else config.set({ "worker.memory.max-spill": 120e6 });
    const size = { nWorkers: 1, threadsPerWorker: 1, memoryLimit: 300e6 };
    const cluster = new LocalCluster({ ...size, localDirectory: disk, dashboardAddress: null });
    const client = new Client(cluster);
    try {
      const [pid] = Object.values(await client.run(() => process.pid));
      const values = client.map((i: number) => new Float64Array(2 ** 20).fill(i), range(60));
      const again = client.options({ pure: false });
      const readers = [...values].map((value, i) =>
        again.submit(
          (a: Float64Array, i: number) => {
            if (!a.every((x) => x === i)) throw new RangeError("not what was made");
          },
          value,
          i,
        ),
      );
      const small = client.submit((x: number) => x + 1, 1);
      const made = await Promise.all([...values].map(outcome));
      const read = await Promise.all(readers.map(outcome));
      expect(await small.result()).toBe(2);
      // A third of them needs the disk.
      expect(made.filter((code) => code === "kept").length).toBeGreaterThan(24);
      expect(made.filter((code) => code === "MemoryLimit").length).toBeGreaterThan(12);
      // Everything that was kept has been read, although nothing was freed.
      expect(read).toEqual(made);
      const failed = readers[made.indexOf("MemoryLimit")];
      expect(String(await failed?.exception())).toContain("worker.memory.max-spill");
      values.release();
      const next = again.submit(() => new Float64Array(2 ** 23).fill(1).length);
      expect(await next.result()).toBe(2 ** 23);
      expect(Object.values(await client.run(() => process.pid))).toEqual([pid]);
    } finally {
      await client.close();
      await cluster.close();
      if (isDisk) execFileSync("umount", [disk]);
    }
  });
});

describe("memory that tasks have freed", () => {
  test.each([
    [{}, "65536"],
    [{ MALLOC_TRIM_THRESHOLD_: "1000000" }, "1000000"],
  ])("goes back to the system, or as the environment says: %o", async (environ, expected) => {
    const size = { nWorkers: 1, threadsPerWorker: 1, memoryLimit: LIMIT_BYTES, environ };
    await using cluster = new LocalCluster({ ...size, dashboardAddress: null });
    const client = new Client(cluster);
    const setting = client.submit(() => process.env["MALLOC_TRIM_THRESHOLD_"]);
    expect(await setting.result()).toBe(expected);
    await client.close();
  });
});

/** The code of what the task failed with at first, or that its value is kept. */
async function outcome(future: Future<unknown>): Promise<string> {
  const error = await future.exception();
  return error === undefined ? "kept" : codeOf(error);
}

function codeOf(error: unknown): string {
  const { code, cause } = error as { code: string; cause?: { code: string } };
  return cause?.code ?? code;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
