/** @file A cluster of programs on this machine, from its start to its end. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Cluster, SubprocessCluster } from "../../../dist/deploy/index.js";
import { type Client, config, getWorker } from "../../../dist/index.js";

let cluster: SubprocessCluster;
let client: Client;

beforeAll(async () => {
  cluster = new SubprocessCluster({
    ...{ nWorkers: 1, nThreads: 2, name: "programs", memoryLimit: "512MiB" },
    ...{ resources: { GPU: 1 }, environ: { GREETING: "hello" } },
  });
  client = cluster.getClient();
  await client.waitForWorkers(1, { timeoutMs: 30_000 });
}, 60_000);
afterAll(async () => {
  await client.close();
  await cluster.close();
}, 60_000);

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it("runs programs with the options that were given", async () => {
  const there = async () => {
    const { name, threads, resources } = getWorker();
    return { name, threads, resources, greeting: process.env["GREETING"] };
  };
  expect(await client.submit(there).result()).toEqual({
    ...{ name: "programs-0", threads: 2, resources: { GPU: 1 }, greeting: "hello" },
  });
  const [worker] = Object.values((await client.schedulerInfo()).workers);
  expect(worker?.pid).not.toBe(process.pid);
  expect(worker?.memoryLimitBytes).toBe(512 * 2 ** 20);
  expect(String(cluster)).toContain("SubprocessCluster(programs, tcp://127.0.0.1:");
});

it("tells its workers what the program has set", async () => {
  const change = config.set({ "worker.resources": { SPIN: 3 } });
  const environ = { HEDDLE_WORKER__RESOURCES: "SPIN=1" };
  const other = new SubprocessCluster({ nWorkers: 1, nThreads: 1, environ });
  change.undo();
  const own = other.getClient();
  try {
    await own.waitForWorkers(1, { timeoutMs: 30_000 });
    const [worker] = Object.values((await own.schedulerInfo()).workers);
    expect(worker?.resources).toEqual({ SPIN: 3 });
  } finally {
    await own.close();
    await other.close();
  }
});

it("is found by its name while it is open", () => {
  expect(Cluster.fromName("programs")).toBe(cluster);
  expect(() => Cluster.fromName("program")).toThrow('did you mean "programs"');
});

it("scales, and nothing is left when it is closed", async () => {
  await cluster.scale(2);
  await client.waitForWorkers(2, { timeoutMs: 30_000 });
  const pids = Object.values((await client.schedulerInfo()).workers).map(({ pid }) => pid);
  expect(pids).toHaveLength(2);
  await cluster.scale(1);
  await client.close();
  await cluster.close();
  expect(pids.filter(isThere)).toEqual([]);
  expect(() => Cluster.fromName("programs")).toThrow("no open cluster");
});

it("says which option is misspelt, and why a program does not start", async () => {
  expect(() => new SubprocessCluster({ nThread: 1 } as never)).toThrow('did you mean "nThreads"');
  const broken = new SubprocessCluster({ nWorkers: 0, schedulerPort: "no port" });
  await expect(broken.ready).rejects.toMatchObject({ code: "ConnectFailed" });
  await expect(broken.ready).rejects.toThrow(/as the scheduler on this machine[\s\S]*no port/);
  await broken.close();
});
