/**
 * @file What a local cluster promises: its options are honoured, a client of it becomes the
 * default, and tasks go where their inputs lie.
 */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as da from "../../../dist/array/index.js";
import { Client, delayed, getWorker, LocalCluster, persist, wait } from "../../../dist/index.js";

const folder = mkdtempSync(join(tmpdir(), "heddle-local-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fill = (n: number, value: number): Float64Array => new Float64Array(n).fill(value);
const range = (n: number): number[] => [...Array(n).keys()];
const place = (_a: unknown, _b: unknown, _c: unknown): string => getWorker().address;

describe("a cluster of two processes", () => {
  let cluster: LocalCluster;
  let client: Client;

  beforeAll(async () => {
    cluster = new LocalCluster({
      nWorkers: 2,
      threadsPerWorker: 3,
      memoryLimit: "1.5GB",
      localDirectory: folder,
      dashboardAddress: ":0",
      workerDashboardAddress: ":0",
      resources: { GPU: 1 },
      environ: { GREETING: "hello" },
      name: "lab",
    });
    client = new Client(cluster);
    await client.waitForWorkers(2);
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
  });

  test("has the workers, threads, memory and folder that it was asked for", async () => {
    const { workers, threads, memoryLimitBytes } = await client.schedulerInfo();
    expect([threads, memoryLimitBytes]).toEqual([6, 3e9]);
    expect(
      Object.values(workers)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["lab-0", "lab-1"]);
    for (const worker of Object.values(workers)) {
      expect(worker).toMatchObject({ threads: 3, memoryLimitBytes: 1.5e9, resources: { GPU: 1 } });
      expect(worker.pid).not.toBe(process.pid);
    }
    const where = await client.run(() => [getWorker().localDirectory, process.env["GREETING"]]);
    const folders = Object.values(where);
    expect(folders.map(([, greeting]) => greeting)).toEqual(["hello", "hello"]);
    for (const [own = ""] of folders) expect(own.startsWith(join(folder, "heddle-"))).toBe(true);
  });

  test("each worker shows its own metrics to those who have the token", async () => {
    const link = new URL(client.dashboardLink ?? "");
    const headers = { Authorization: `Bearer ${link.searchParams.get("token")}` };
    const shown = Object.values((await client.schedulerInfo()).workers);
    const urls = new Set(shown.map(({ dashboard }) => dashboard));
    expect(urls.size).toBe(2);
    for (const { name, dashboard = "", pid } of shown) {
      expect((await fetch(`${dashboard}/health`)).status).toBe(200);
      expect((await fetch(`${dashboard}/metrics`)).status).toBe(401);
      const text = await (await fetch(`${dashboard}/metrics`, { headers })).text();
      expect(text).toContain(`heddle_worker_threads{worker="${name}"} 3\n`);
      expect(text).toContain(`heddle_worker_memory_limit_bytes{worker="${name}"} 1500000000\n`);
      expect(text).toMatch(/heddle_worker_memory_bytes\{worker="lab-\d",type="unmanaged"\} [1-9]/);
      expect(text).toMatch(/heddle_process_cpu_seconds_total [\d.]+\n/);
      const { identity } = (await (await fetch(`${dashboard}/json`, { headers })).json()) as {
        identity: object;
      };
      expect(identity).toMatchObject({ type: "worker", name, pid });
    }
  });

  test("its client becomes the default, until it is closed", async () => {
    expect(Client.current()).toBe(client);
    const pids = Object.values((await client.schedulerInfo()).workers).map(({ pid }) => pid);
    expect(pids).toContain(await delayed(() => process.pid)().compute());
    const [kept] = await persist(da.ones([40, 40], { chunks: 20 }));
    const blocks = client.futuresOf(kept);
    await wait(blocks);
    expect(Object.values(await client.whoHas(blocks)).flat()).toHaveLength(4);
    expect(await kept.sum().compute()).toBe(1600);
    const other = new Client({ engine: cluster.engine, setAsDefault: false } as never);
    expect(Client.current()).toBe(other);
    await other.close();
    expect(Client.current()).toBe(client);
  });

  test("the folder of a worker that was killed is removed by those that follow", async () => {
    // It is made with the first thing that lies in it.
    const before = await client.run(() => {
      mkdirSync(getWorker().localDirectory, { recursive: true });
      return [process.pid, getWorker().localDirectory] as const;
    });
    const [[pid, own] = [0, ""]] = Object.values(before);
    expect(existsSync(own)).toBe(true);
    process.kill(pid, "SIGKILL");
    while (existsSync(own)) await new Promise((resolve) => setTimeout(resolve, 20));
    await client.waitForWorkers(2);
    const pids = Object.values(await client.run(() => process.pid));
    expect(pids).not.toContain(pid);
    const others = Object.values(before).map(([, path]) => existsSync(path));
    expect(others).toEqual([false, true]);
  });

  test("tasks run where their inputs lie, by bytes, and the inputs stay there alone", async () => {
    const [one = "", two = ""] = Object.keys((await client.schedulerInfo()).workers);
    const at = (address: string, n: number, value: number) =>
      client.options({ workers: [address] }).submit(fill, n, value);
    const large = at(one, 4e6, 1);
    const small = at(two, 4e4, 2);
    await wait([large, small]);
    expect(await client.submit(place, large, small, 0).result()).toBe(one);
    expect(await client.submit(place, small, large, 1).result()).toBe(one);
    expect(Object.values(await client.whoHas([large]))).toEqual([[one]]);
    // Of many blocks on both workers hardly one moves, once it is known how short the task is: only
    // where one worker has nothing to do while the other is held up.
    await client.map(place, range(200), range(200), range(200)).results();
    const blocks = range(8).map((i) => at(i % 3 === 0 ? two : one, 2e6, i));
    await wait(blocks);
    const places = await client.map(place, blocks, blocks, blocks).results();
    const homes = blocks.map((_, i) => (i % 3 === 0 ? two : one));
    const stayed = homes.filter((home, i) => places[i] === home).length;
    expect(stayed).toBeGreaterThanOrEqual(6);
    const holders = Object.values(await client.whoHas(blocks));
    for (const [i, home] of homes.entries()) {
      expect(holders[i]).toContain(home);
      if (places[i] === home) expect(holders[i]).toEqual([home]);
    }
  });
});

test("the memory manager drops copies that nobody asked for or will read", async () => {
  const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
  await Client.with(cluster, async (client) => {
    await client.waitForWorkers(2);
    const [one = "", two = ""] = Object.keys((await client.schedulerInfo()).workers);
    const value = client.options({ workers: [one] }).submit(fill, 1e5, 1);
    const copies = async (): Promise<number> =>
      Object.values(await client.whoHas([value])).flat().length;
    await client
      .options({ workers: [two] })
      .submit((x: Float64Array) => x[0], value)
      .result();
    expect(await copies()).toBe(2);
    await client.amm.runOnce({ policies: ["rebalance"] });
    expect(await copies()).toBe(2);
    await client.amm.runOnce({ policies: ["reduce-replicas"] });
    expect(await copies()).toBe(1);
    expect((await value.result())[9]).toBe(1);
    await client.replicate(value, { copies: 2 });
    while ((await copies()) < 2) await new Promise(setImmediate);
    await client.amm.runOnce();
    expect(await copies()).toBe(2);
    await expect(client.amm.start({ policies: ["reduce"] as never })).rejects.toThrow(
      /reduce-replicas and rebalance/,
    );
  });
  await cluster.close();
});

test("a worker that is retired and not closed keeps its process and gets no more", async () => {
  const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
  await Client.with(cluster, async (client) => {
    await client.waitForWorkers(2);
    const [one = "", two = ""] = Object.keys((await client.schedulerInfo()).workers);
    const value = client.options({ workers: [one], allowOtherWorkers: true }).submit(fill, 1e5, 7);
    await value.result();
    const gone = await client.retireWorkers({ workers: one, closeWorkers: false });
    expect(gone).toEqual([one]);
    const { pid = 0 } = (await client.schedulerInfo()).workers[one] ?? {};
    expect(process.kill(pid, 0)).toBe(true);
    const places = await client.map(place, range(40), range(40), range(40)).results();
    expect(new Set(places)).toEqual(new Set([two]));
    expect(Object.values(await client.whoHas([value])).flat()).toContain(two);
    expect((await client.submit((x: Float64Array) => x[9], value).result()) ?? 0).toBe(7);
  });
  await cluster.close();
});

test("without processes it is the threads of this one", async () => {
  const cluster = new LocalCluster({
    nWorkers: 1,
    threadsPerWorker: 2,
    processes: false,
    memoryLimit: "100MB",
    localDirectory: folder,
  });
  await Client.with(cluster, async (client) => {
    const { workers, threads, memoryLimitBytes } = await client.schedulerInfo();
    expect([Object.keys(workers).length, threads, memoryLimitBytes]).toEqual([1, 2, 100e6]);
    expect(await client.submit(() => process.pid).result()).toBe(process.pid);
    // More than the memory: some of it lies in the folder.
    const parts = client.map(fill, new Array(20).fill(1e6), range(20));
    await wait([...parts]);
    const spilled = readdirSync(folder, { recursive: true, withFileTypes: true });
    expect(spilled.filter((entry) => entry.isFile()).length).toBeGreaterThan(0);
    const sums = client.map((x: Float64Array) => x[9], parts);
    expect(await sums.results()).toEqual(range(20));
  });
  await cluster.close();
});

test("workers load modules first, end when their time is over, and are followed", async () => {
  const written = join(folder, "preload.txt");
  writeFileSync(
    join(folder, "early.mjs"),
    `import { appendFileSync } from "node:fs";
    export const setup = ({ name }) => {
      appendFileSync(${JSON.stringify(written)}, name + "\\n");
      globalThis.early = true;
    };`,
  );
  const cluster = new LocalCluster({
    nWorkers: 1,
    name: "short",
    dashboardAddress: null,
    preload: [join(folder, "early.mjs")],
    lifetimeMs: 700,
    lifetimeRestart: true,
  });
  await Client.with(cluster, async (client) => {
    const file = join(folder, "cluster.json");
    await client.writeSchedulerFile(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const lines = (): string[] =>
      (existsSync(written) ? readFileSync(written, "utf8") : "").split("\n");
    while (lines().length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(new Set(lines())).toEqual(new Set(["short-0", ""]));
    await Client.with({ schedulerFile: file }, async (other) => {
      expect(await other.submit((x: number) => x + 1, 41).result()).toBe(42);
    });
    await expect(client.writeSchedulerFile("/nowhere/at/all")).rejects.toThrow(/cannot be written/);
  });
  await cluster.close();
  expect(() => new LocalCluster({ lifetimeMs: "1s" as never })).toThrow(/time in milliseconds/);
  expect(() => new LocalCluster({ preload: ["./none.mjs"] })).toThrow(/no such file/);
  await Client.with({ threads: 1 }, async (client) => {
    await expect(client.writeSchedulerFile(written)).rejects.toMatchObject({
      code: "NotSupported",
    });
  });
});

test.each([
  ["8GB", 8e9],
  ["512MiB", 2 ** 29],
  [3e9, 3e9],
])("a memory limit of %s is so many bytes for each worker", async (memoryLimit, bytes) => {
  const cluster = new LocalCluster({ nWorkers: 0, memoryLimit, dashboardAddress: null });
  try {
    expect(cluster.engine.memoryLimitBytes).toBe(0);
    await cluster.scale(1);
    await Client.with({ engine: cluster.engine }, async (client) => {
      await client.waitForWorkers(1);
      expect((await client.schedulerInfo()).memoryLimitBytes).toBe(bytes);
    });
  } finally {
    await cluster.close();
  }
});

describe("where and how a local cluster listens and speaks", () => {
  test("an interface and a protocol may be named, where they fit", async () => {
    const cluster = new LocalCluster({
      ...{ nWorkers: 1, threadsPerWorker: 1, dashboardAddress: null },
      ...{ interface: "lo", protocol: "tcp", deathTimeoutMs: 20_000 },
    });
    const client = cluster.getClient();
    expect(await client.submit(() => 1).result()).toBe(1);
    expect(cluster.address).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    await client.close();
    await cluster.close();
    expect(() => new LocalCluster({ interface: "lo", host: "127.0.0.1" })).toThrow("beside host");
    expect(() => new LocalCluster({ protocol: "tls" })).toThrow("Security.temporary()");
    expect(() => new LocalCluster({ protocol: "udp" as never })).toThrow('allowed are "tcp"');
    expect(() => new LocalCluster({ deathTimeoutMs: -1 })).toThrow("deathTimeoutMs");
  });

  test("workers write what happens to them on stderr where they are not to be silent", async () => {
    const written = (silenceLogs: boolean): string => {
      const program = `
        import { LocalCluster } from ${JSON.stringify(new URL("../../../dist/index.js", import.meta.url).href)};
        const cluster = new LocalCluster({ nWorkers: 1, silenceLogs: ${silenceLogs},
          threadsPerWorker: 1, dashboardAddress: null, name: "spoken" });
        await cluster.waitForWorkers(1);
        await cluster.close();`;
      const args = ["--input-type=module", "-e", program];
      return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 }).stderr;
    };
    expect(written(false)).toContain("spoken-0");
    expect(written(true)).toBe("");
  });
});
