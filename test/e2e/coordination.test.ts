/** @file Locks, queues and events between tasks in several processes, and processes that die. */
import { appendFileSync, mkdtempSync, openSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Client,
  Event,
  type Future,
  getClient,
  LocalCluster,
  Lock,
  Queue,
  Semaphore,
} from "../../dist/index.js";

let cluster: LocalCluster;
let client: Client;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-coordination-"));
  cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 2 });
  client = new Client(cluster);
  await client.ready;
});
afterAll(async () => {
  await client.close();
  await cluster.close();
  rmSync(folder, { recursive: true });
});

const counting = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("of tasks in all processes, one holds a lock at a time", async () => {
  const lock = new Lock("processes");
  const path = join(folder, "one");
  const tasks = client.map(async (_: number) => {
    await lock.with(async () => {
      // Fails when another process has made it.
      openSync(path, "wx");
      await new Promise((resolve) => setImmediate(resolve));
      unlinkSync(path);
    });
    return process.pid;
  }, counting(60));
  expect(new Set(await tasks.results()).size).toBe(2);
  expect(await lock.locked()).toBe(false);
});

// Nobody waits for the silence of a dead process, four times a minute.
const SOON = { timeout: 120_000 };

test(
  "a process that is killed gives back what its tasks held, and waits no longer",
  SOON,
  async () => {
    const [lock, semaphore] = [new Lock("killed"), new Semaphore({ name: "killed", maxLeases: 2 })];
    const task = client.submit(async () => {
      await Promise.all([lock.acquire(), semaphore.acquire(), semaphore.acquire()]);
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => undefined);
    });
    expect(await task.exception()).toMatchObject({ code: "KilledWorker" });
    expect(await lock.acquire()).toBe(true);
    expect(await semaphore.acquire()).toBe(true);
    expect(await semaphore.getValue()).toBe(1);
    await lock.release();
    await semaphore.close();
  },
);

test("a queue keeps futures of other processes; an event lets them all go on", async () => {
  const queue = new Queue<{ large: Future<Float64Array>; pid: number }>("futures");
  const start = new Event("start");
  const tasks = client.map(async (i: number) => {
    await start.wait();
    const large = getClient().submit((i: number) => new Float64Array(50_000).fill(i), i);
    await queue.put({ large, pid: process.pid } as never);
  }, counting(8));
  expect(await client.submit(() => "not held up").result()).toBe("not held up");
  await start.set();
  await tasks.results();
  const got = await queue.get({ batch: true });
  const values = await client.gather(got.map(({ large }) => large));
  expect(values.map((value) => value[49_999]).sort()).toEqual(counting(8));
  await queue.close();
});

test("tasks that have begun and wait are not begun again where a thread is free", async () => {
  await using small = new LocalCluster({ nWorkers: 1, threadsPerWorker: 1 });
  const own = new Client(small);
  const path = join(folder, "begun");
  const start = new Event("begin", { client: own });
  const tasks = own.map(async (i: number) => {
    appendFileSync(path, `${i}\n`);
    await start.wait();
    return i;
  }, counting(8));
  const begun = (): string[] => readFileSync(path, "utf8").trim().split("\n");
  await expect.poll(() => new Set(begun()).size, { timeout: 20_000 }).toBe(8);
  await small.scale(2);
  await own.waitForWorkers(2);
  // The new worker has nothing to do: what waits elsewhere is asked for back.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await start.set();
  expect(await tasks.results()).toEqual(counting(8));
  expect(begun().sort()).toEqual(counting(8).map(String));
  await own.close();
});
