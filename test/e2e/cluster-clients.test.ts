/**
 * @file Clients that are not heard of for a while: those whose program computes and reads nothing
 * keep their futures, and those that are too late hear so, in every call and nowhere else.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ClusterScheduler } from "../../dist/cluster/cluster-scheduler.js";
import { ClusterWorker } from "../../dist/cluster/cluster-worker.js";
import { ownHello } from "../../dist/cluster/own-hello.js";
import { asCompleted, Client, config, getClient, LocalCluster, Lock } from "../../dist/index.js";
import { TcpProxy } from "../lab/tcp-proxy.ts";

const TIMEOUTS = [
  "comm.timeouts.suspect",
  "comm.timeouts.dead",
  "comm.timeouts.client",
  "comm.timeouts.client-gone",
  "worker.timeouts.client-gone",
] as const;

afterEach(() => {
  for (const key of TIMEOUTS) config.pop(key);
});

/** Nothing else runs in this thread meanwhile. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test.each([
  ["waits", "new Promise(() => undefined)"],
  ["goes on", "{ for (;;); }"],
])(
  "a client whose process ends keeps no lock, and no thread with a task that %s",
  async (_, endless) => {
    // That of a connection that is open, and of a silence, are minutes.
    config.set({ "comm.timeouts.client-gone": 300, "worker.timeouts.client-gone": 300 });
    const folder = mkdtempSync(join(tmpdir(), "heddle-gone-"));
    const schedulerFile = join(folder, "scheduler.json");
    await using cluster = new LocalCluster({ nWorkers: 1, threadsPerWorker: 1 });
    const client = new Client(cluster);
    await client.writeSchedulerFile(schedulerFile);
    const index = new URL("../../dist/index.js", import.meta.url).href;
    const program = `
    import { Client, Lock } from ${JSON.stringify(index)};
    const client = new Client({ schedulerFile: ${JSON.stringify(schedulerFile)} });
    await new Lock("held", { client }).acquire();
    const endless = client.submit(() => ${endless});
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.exit(0);
  `;
    execFileSync(process.execPath, ["--input-type=module", "-e", program]);
    const lock = new Lock("held", { client });
    expect(await lock.acquire({ timeoutMs: 20_000 })).toBe(true);
    expect(await client.submit(() => "mine").result({ timeoutMs: 20_000 })).toBe("mine");
    await client.close();
    rmSync(folder, { recursive: true });
  },
);

describe("a client whose thread is busy", () => {
  async function using(work: (client: Client) => Promise<void>): Promise<void> {
    const shape = { nWorkers: 2, threadsPerWorker: 1, memoryLimit: "512MiB" };
    await using cluster = new LocalCluster(shape);
    const client = new Client(cluster);
    await client.ready;
    await work(client);
    await client.close();
  }

  test("for longer than a silence may be keeps its futures", async () => {
    config.set({ "comm.timeouts.suspect": 500, "comm.timeouts.dead": 1000 });
    await using(async (client) => {
      const random = client.submit(() => [Math.random()]);
      const before = await random.result();
      const running = client.options({ pure: false }).map((i: number) => ({ i }), range(100));
      block(4000);
      expect((await running.results()).map(({ i }) => i)).toEqual(range(100));
      expect(await random.result()).toEqual(before);
      expect(await client.submit((x: number) => x + 1, 1).result()).toBe(2);
    });
  });

  test("is a task that submits tasks, too", async () => {
    config.set({ "comm.timeouts.suspect": 500, "comm.timeouts.dead": 1000 });
    await using(async (client) => {
      const task = client.submit(async () => {
        const inner = await getClient();
        const parts = inner.map((i: number) => [i], [1, 2, 3]);
        const endMs = performance.now() + 3000;
        while (performance.now() < endMs);
        return (await inner.gather([...parts])).flat();
      });
      expect(await task.result()).toEqual([1, 2, 3]);
    });
  });

  test("for longer than clients are waited for hears so from all that it asks", async () => {
    const short = { "comm.timeouts.suspect": 250, "comm.timeouts.dead": 500 };
    config.set({ ...short, "comm.timeouts.client": 500 });
    await using(async (client) => {
      const kept = client.submit(() => [1]);
      await kept.result();
      const futures = client.options({ pure: false }).map((i: number) => [i], range(20));
      const next = asCompleted([...futures])[Symbol.asyncIterator]();
      block(3000);
      await expect(futures.results()).rejects.toMatchObject({ code: "CommClosed" });
      await expect(kept.result()).rejects.toMatchObject({ code: "CommClosed" });
      await expect(client.schedulerInfo()).rejects.toThrow(/away for too long/);
      await next.next().catch(() => undefined);
    });
  });
});

test("numbers of tasks that only the client still knows mean nothing", async () => {
  config.set({ "comm.timeouts.suspect": 300, "comm.timeouts.dead": 1000 });
  const token = "a token for this test alone";
  const hello = ownHello("scheduler", "lab", {});
  const scheduler = await ClusterScheduler.start({ token, hello, allowedFailures: 3 });
  const proxy = await TcpProxy.start(scheduler.address);
  const worker = await ClusterWorker.start({
    name: "one",
    scheduler: [scheduler.address],
    token,
    listen: ["tcp://127.0.0.1:0"],
    threads: 1,
    memoryLimitBytes: 2 ** 30,
    resources: {},
    localDirectory: tmpdir(),
    configuration: config.serialize(),
    validate: true,
    environ: {},
    nodeOptions: [],
  });
  const other = new Client({ address: scheduler.address, token });
  const client = new Client({ address: proxy.address, token });
  const mine = client.map((i: number) => ["mine", i], range(10));
  await mine.results();
  // Its connection breaks at the scheduler's end alone: both give up the session by themselves.
  proxy.refuses = true;
  proxy.cutFar();
  const left = scheduler.host.clients.count;
  await vi.waitFor(() => expect(scheduler.host.clients.count).toBe(left - 1), {
    timeout: 10_000,
  });
  const theirs = other.map((i: number) => ["theirs", i], range(10));
  await theirs.results();
  await pause(1500);
  proxy.refuses = false;
  await expect(mine.results()).rejects.toMatchObject({ code: "CommClosed" });
  await client.close();
  await other.close();
  await worker.close("the test is over");
  await proxy.close();
  await scheduler.close();
});
