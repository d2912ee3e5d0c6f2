/**
 * @file A cluster of worker processes on this machine: results, values, errors, deaths, scaling.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Client,
  getClient,
  getWorker,
  LocalCluster,
  type LocalClusterOptions,
  wait,
} from "../../../dist/index.js";
import type { HeddleError } from "../../../src/core/errors.ts";

let cluster: LocalCluster;
let client: Client;

beforeAll(async () => {
  cluster = new LocalCluster({
    nWorkers: 2,
    threadsPerWorker: 1,
    memoryLimit: "1GiB",
    name: "lab",
  });
  client = new Client(cluster);
  await client.ready;
});

afterAll(async () => {
  await client.close();
  await cluster.close();
});

test("a task that captures the cluster is told of the client that it has", () => {
  expect(() => client.submit(() => cluster.name)).toThrow(
    /variable "cluster" is a cluster, .*Call getClient\(\) inside the task/,
  );
});

const fill = (i: number): Float64Array => new Float64Array(20_000).fill(i);

describe("workers on their way", () => {
  test("whoever asks about workers waits for them, work does not", async () => {
    const young = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
    const own = new Client({ engine: young.engine, setAsDefault: false });
    try {
      const { workers } = await own.schedulerInfo();
      expect(Object.keys(workers)).toHaveLength(2);
      expect(Object.keys(await own.run(() => process.pid))).toEqual(Object.keys(workers));
    } finally {
      await own.close();
      await young.close();
    }
  });

  test("fewer are not waited for any more when the cluster is scaled", async () => {
    const young = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
    const own = new Client({ engine: young.engine, setAsDefault: false });
    try {
      await young.scale(0);
      expect(Object.keys((await own.schedulerInfo()).workers)).toHaveLength(0);
    } finally {
      await own.close();
      await young.close();
    }
  });

  test("the end of the scheduler ends what waits, and the cluster can be closed", async () => {
    const young = new LocalCluster({ nWorkers: 1, threadsPerWorker: 1, dashboardAddress: null });
    const own = new Client({ engine: young.engine, setAsDefault: false });
    const endless = own.submit(() => new Promise<void>(() => undefined)).result();
    const last = own.runOnScheduler(() => process.exit(3));
    await expect(endless).rejects.toMatchObject({
      code: "ConnectFailed",
      message: "the cluster's scheduler ended with exit code 3",
    });
    await expect(last).rejects.toMatchObject({ code: "ConnectFailed" });
    await own.close();
    await young.close();
    await expect(young.scale(1)).rejects.toMatchObject({ code: "CommClosed" });
  });
});

describe("what the cluster cannot be made with", () => {
  test.each<LocalClusterOptions>([
    { resources: { GPU: -1 } },
    { resources: { GPU: "1" as never } },
    { resources: 5 as never },
    { localDirectory: 5 as never },
    { nWorkers: 1e9 },
    { nWorkers: Symbol("s") as never },
    { threadsPerWorker: 1e9 },
    { memoryLimit: {} as never },
    { localDirectory: "\0" },
    { localDirectory: "a".repeat(5000) },
    { host: {} as never },
    { name: 5 as never },
  ])("%o is refused at once", (options) => {
    const make = (): LocalCluster => new LocalCluster({ dashboardAddress: null, ...options });
    expect(make).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });

  test.each([1e9, Symbol("s") as never])("it is not scaled to %s", async (workers) => {
    await expect(cluster.scale(workers)).rejects.toMatchObject({ code: "InvalidArgument" });
    expect(cluster.workers).toBe(2);
  });
});

describe("values", () => {
  test("words come with the news, also NaN, -0 and what is no number", async () => {
    const values = [1, -0, Number.NaN, Number.POSITIVE_INFINITY, true, false, null, undefined];
    const results = await client.map((x: unknown) => x, values).results();
    expect(results).toEqual(values);
    expect(Object.is(results[1], -0)).toBe(true);
  });

  test("larger ones are fetched from the workers that hold them", async () => {
    const futures = client.map(fill, [1, 2, 3, 4]);
    const results = await futures.results();
    expect(results.map((array) => [array.length, array[19_999]])).toEqual([
      [20_000, 1],
      [20_000, 2],
      [20_000, 3],
      [20_000, 4],
    ]);
  });

  test("a task gets inputs that lie on several workers", async () => {
    const parts = client.map(fill, [1, 2, 3, 4, 5, 6, 7, 8]);
    await wait([...parts]);
    const holders = new Set(Object.values(await client.whoHas([...parts])).flat());
    expect(holders.size).toBe(2);
    const total = client.submit(
      (arrays: readonly Float64Array[]) => arrays.reduce((sum, array) => sum + (array[7] ?? 0), 0),
      [...parts],
    );
    expect(await total.result()).toBe(36);
  });

  test("objects, maps, dates and classes of errors survive the way", async () => {
    const value = { a: [1, "two", new Map([["k", new Set([3n])]])], at: new Date(0) };
    expect(await client.submit((x: typeof value) => x, value).result()).toEqual(value);
  });
});

describe("scattered values", () => {
  test("one worker is named by a text; one that there is not is an error at once", async () => {
    const [address] = Object.keys(await client.nthreads());
    const one = client.scatter(["a text"], { workers: address as string });
    expect(await one.results()).toEqual(["a text"]);
    expect(Object.values(await client.whoHas(one))).toEqual([[address]]);
    await expect(client.scatter([1], { workers: "nosuch" }).results()).rejects.toMatchObject({
      code: "NoWorkers",
      message: expect.stringContaining('there is no worker "nosuch"'),
    });
  });

  test("lie on one worker each, on all, or where they are asked to be", async () => {
    const [one = ""] = Object.keys((await client.schedulerInfo()).workers);
    const spread = client.scatter([fill(1), fill(2), fill(3)]);
    expect((await spread.results()).map((array) => array[0])).toEqual([1, 2, 3]);
    const named = client.scatter(fill(4), { workers: [one] });
    await named.result();
    expect(Object.values(await client.whoHas(named)).flat()).toEqual([one]);
    const everywhere = client.scatter(fill(5), { broadcast: true });
    await everywhere.result();
    const holders = async (): Promise<number> =>
      Object.values(await client.whoHas(everywhere)).flat().length;
    while ((await holders()) < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await client.submit((x: Float64Array) => x[3], everywhere).result()).toBe(5);
  });
});

describe("tasks", () => {
  test("run in worker processes, and know their worker", async () => {
    const pids = new Set(
      await client
        .map(
          (_i: number) => process.pid,
          Array.from({ length: 50 }, (_, i) => i),
        )
        .results(),
    );
    expect(pids.has(process.pid)).toBe(false);
    const address = await client.submit(() => getWorker().address).result();
    expect(Object.keys((await client.schedulerInfo()).workers)).toContain(address);
  });

  test("submit tasks themselves", async () => {
    const outer = client.submit(async (n: number) => {
      const inner = getClient().map((x: number) => x * x, [n, n + 1]);
      return (await inner.results()).reduce((a, b) => a + b, 0);
    }, 3);
    expect(await outer.result()).toBe(25);
  });

  test("fail with the user's error, its class and its cause", async () => {
    const failing = client.submit((x: number) => {
      throw new RangeError(`no ${x}`, { cause: "because" });
    }, 5);
    const error = (await failing.result().catch((e: unknown) => e)) as HeddleError;
    expect(error.code).toBe("TaskFailed");
    expect(error.cause).toBeInstanceOf(RangeError);
    expect((error.cause as Error).message).toBe("no 5");
    expect((error.cause as Error).cause).toBe("because");
  });

  test("that are cancelled end, and the worker goes on", async () => {
    const endless = client.submit(async () => await new Promise<never>(() => undefined));
    await endless.cancel();
    await expect(endless.result()).rejects.toMatchObject({ code: "Cancelled" });
    expect(await client.submit((x: number) => x + 1, 1).result()).toBe(2);
  });

  test("the same pure call of two clients is computed once", async () => {
    const other = new Client({ engine: cluster.engine });
    try {
      const draw = (seed: number): number => seed + Math.random();
      const [one, two] = await Promise.all([
        client.submit(draw, 1).result(),
        other.submit(draw, 1).result(),
      ]);
      expect(one).toBe(two);
    } finally {
      await other.close();
    }
  });
});

describe("deaths", () => {
  test("a worker that is killed is replaced, and its values are made again", async () => {
    const parts = client.map(fill, [11, 12, 13, 14]);
    await wait([...parts]);
    const workers = (await client.schedulerInfo()).workers;
    const victim = await client.submit(() => process.pid).result();
    process.kill(victim, "SIGKILL");
    const results = await parts.results();
    expect(results.map((array) => array[0])).toEqual([11, 12, 13, 14]);
    expect(Object.keys(workers)).toHaveLength(2);
  });

  test("a task that kills its process each time fails, and only it", async () => {
    const others = client.map((i: number) => i, [1, 2, 3]);
    const deadly = client
      .options({ pure: false })
      .submit(() => process.kill(process.pid, "SIGKILL"));
    await expect(deadly.result()).rejects.toMatchObject({ code: "KilledWorker" });
    await expect(deadly.result()).rejects.toThrow(/SIGKILL/);
    expect(await others.results()).toEqual([1, 2, 3]);
  });
});

test("scales up and down", async () => {
  await cluster.scale(3);
  const threads = async (): Promise<number> => (await client.schedulerInfo()).threads;
  while ((await threads()) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  await cluster.scale(1);
  while ((await threads()) > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await client.submit((x: number) => x * 2, 21).result()).toBe(42);
  await cluster.scale(2);
});

test.each([
  [{ nWorkers: -1 }, /nWorkers is -1; it must be an integer of at least 0/],
  [{ threadsPerWorker: 0 }, /threadsPerWorker is 0/],
  [{ memoryLimit: "1MiB" }, /a worker process needs at least 192/],
  [{ memoryLimit: Number.NaN }, /memoryLimit is NaN/],
])("options that make no cluster are refused: %j", (options, message) => {
  expect(() => new LocalCluster(options)).toThrow(message);
});
