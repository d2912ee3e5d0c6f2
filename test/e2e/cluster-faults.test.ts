/** @file What users see of a cluster while its processes die, freeze and run out of memory. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as da from "../../dist/array/index.js";
import { Client, config, LocalCluster } from "../../dist/index.js";

const WORKERS = 4;
const ROUNDS = 20;

let cluster: LocalCluster;
let client: Client;

beforeEach(async () => {
  cluster = new LocalCluster({ nWorkers: WORKERS, threadsPerWorker: 1, memoryLimit: "512MiB" });
  client = new Client(cluster);
  await client.ready;
  await threads(WORKERS);
});

afterEach(async () => {
  await client.close();
  await cluster.close();
  config.pop("comm.timeouts.suspect");
  config.pop("comm.timeouts.dead");
});

/** Until there are so many threads. */
async function threads(count: number): Promise<void> {
  while ((await client.schedulerInfo()).threads !== count) await pause(20);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The processes of the workers. */
async function pids(): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < WORKERS) {
    const calls = client.options({ pure: false }).map((_i: number) => process.pid, range(40));
    for (const pid of await calls.results()) found.add(pid);
  }
  return [...found];
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(pid, signal);
}

describe("a worker that is killed", () => {
  test(`in the middle of a tree reduction changes no result, ${ROUNDS} times`, async () => {
    const x = da.random.defaultRng(5).random([2000, 2000], { chunks: 200 });
    const total = (): Promise<number> => x.add(x.T).mul(2).sum().compute({ scheduler: client });
    const expected = await total();
    for (let round = 0; round < ROUNDS; round++) {
      const victims = await pids();
      const running = total();
      await pause(20 + 30 * (round % 6));
      kill(victims[round % WORKERS], "SIGKILL");
      expect(await running).toBe(expected);
      await threads(WORKERS);
    }
  });

  test(`in the middle of a shuffle changes no result, ${ROUNDS} times`, async () => {
    config.set({ "array.rechunk.method": "exchange" });
    const rows = da.random.defaultRng(6).random([960, 960], { chunks: [80, 960] });
    const shuffled = () =>
      rows
        .rechunk([960, 80])
        .cumsum({ axis: 0 })
        .rechunk([80, 960])
        .sum({ axis: 1 })
        .compute({ scheduler: client });
    const expected = (await shuffled()).toArray();
    for (let round = 0; round < ROUNDS; round++) {
      const victims = await pids();
      const running = shuffled();
      await pause(20 + 40 * (round % 6));
      kill(victims[round % WORKERS], "SIGKILL");
      expect((await running).toArray()).toEqual(expected);
      await threads(WORKERS);
    }
    config.pop("array.rechunk.method");
  });

  test("takes only its own values with it: the others stay as they are", async () => {
    const made = client.map(
      (i: number) => ({ pid: process.pid, random: Math.random(), filler: "x".repeat(1000), i }),
      range(40),
    );
    const before = await made.results();
    const [victim] = await pids();
    kill(victim, "SIGKILL");
    await pause(500);
    const after = await made.results();
    for (const [i, value] of before.entries()) {
      if (value.pid === victim) expect(after[i]?.pid).not.toBe(victim);
      else expect(after[i]).toEqual(value);
    }
    expect(before.some(({ pid }) => pid === victim)).toBe(true);
  });
});

describe("a worker that is frozen", () => {
  beforeEach(async () => {
    await client.close();
    await cluster.close();
    config.set({ "comm.timeouts.suspect": 1000, "comm.timeouts.dead": 3000 });
    cluster = new LocalCluster({ nWorkers: WORKERS, threadsPerWorker: 1, memoryLimit: "512MiB" });
    client = new Client(cluster);
    await client.ready;
    await threads(WORKERS);
  });

  test("for a moment goes on where it was", async () => {
    const [victim] = await pids();
    const calls = client.map(spin, range(200));
    await pause(100);
    kill(victim, "SIGSTOP");
    await pause(1500);
    kill(victim, "SIGCONT");
    expect(await calls.results()).toEqual(range(200));
    expect(await pids()).toContain(victim);
  });

  test("for good is given up: its tasks run elsewhere and another takes its place", async () => {
    const [victim] = await pids();
    const calls = client.map(spin, range(200));
    await pause(100);
    kill(victim, "SIGSTOP");
    expect(await calls.results()).toEqual(range(200));
    await threads(WORKERS);
    expect(await pids()).not.toContain(victim);
  });
});

/** Ten milliseconds of work. */
function spin(i: number): number {
  const endMs = performance.now() + 10;
  while (performance.now() < endMs);
  return i;
}

test("a task that fills its process's memory fails with the last reading", async () => {
  const others = client.map(spin, range(50));
  const greedy = client.options({ pure: false }).submit(async () => {
    const held: Buffer[] = [];
    for (;;) {
      held.push(Buffer.alloc(32 * 2 ** 20, held.length));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await expect(greedy.result()).rejects.toMatchObject({ code: "KilledWorker" });
  await expect(greedy.result()).rejects.toThrow(/memory limit|MiB/);
  expect(await others.results()).toEqual(range(50));
  await threads(WORKERS);
});
