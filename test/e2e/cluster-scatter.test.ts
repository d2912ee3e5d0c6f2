/** @file Workers that are killed while scattered data travels. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, type Future, LocalCluster, wait } from "../../dist/index.js";

let cluster: LocalCluster;
let client: Client;

beforeAll(async () => {
  cluster = await new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, processes: true });
  client = await new Client(cluster);
  await client.waitForWorkers(2);
});

afterAll(async () => {
  await client.close();
  await cluster.close();
});

async function pids(): Promise<number[]> {
  return Object.values(await client.run(() => process.pid)) as number[];
}

/** The value's first element, or the code and the message of why there is none. */
async function firstOf(future: Future<Uint8Array>): Promise<number | string> {
  try {
    return await client.submit((bytes: Uint8Array) => bytes[0] as number, future).result();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

test("a worker that is killed takes only what it had, and the error names it", async () => {
  const lost: string[] = [];
  let arrived = 0;
  for (let round = 0; round < 4; round++) {
    const [first, second] = await pids();
    const data = Array.from({ length: 10 }, (_, i) => new Uint8Array(2 ** 24).fill(10 * round + i));
    const futures = [...client.scatter(data)] as Future<Uint8Array>[];
    // The first round kills before anything has come; the others later and later on the way.
    if (round > 0) await wait(futures.slice(0, 2 * round));
    process.kill((round % 2 === 0 ? first : second) as number, "SIGKILL");
    const got = await Promise.all(futures.map(firstOf));
    got.forEach((value, i) => {
      if (value === 10 * round + i) arrived++;
      else lost.push(String(value));
    });
    if (round === 0) expect(arrived).toBe(data.length);
    for (const future of futures) future.release();
    await client.waitForWorkers(2);
  }
  for (const error of lost) {
    expect(error).toMatch(/^(TaskFailed.*)?Lost: the scattered value .* since worker local-/);
  }
  expect(arrived).toBeGreaterThan(20);
});

test("a value that no worker has room for is refused, and costs nobody a worker", async () => {
  const small = await new LocalCluster({
    nWorkers: 1,
    threadsPerWorker: 1,
    memoryLimit: "400MiB",
    dashboardAddress: null,
  });
  await Client.with(small, async (own) => {
    const pid = (): Promise<number> =>
      own
        .options({ pure: false })
        .submit(() => process.pid)
        .result();
    const before = await pid();
    await expect(own.scatter(new Uint8Array(300e6)).result()).rejects.toMatchObject({
      code: "MemoryLimit",
      message: expect.stringContaining("more than 240.00 MiB"),
    });
    // Those that fit come one after the other, and those before them go to disk.
    const parts = [1, 2, 3, 4].map((i) => own.scatter(new Uint8Array(100e6).fill(i)));
    const last = parts.map((part) => own.submit((bytes: Uint8Array) => bytes.at(-1), part));
    expect(await own.gather(last)).toEqual([1, 2, 3, 4]);
    expect(await pid()).toBe(before);
  });
  await small.close();
});

test("values that are scattered before there is a worker wait for one", async () => {
  await using empty = new LocalCluster({ nWorkers: 0 });
  const own = new Client(empty);
  await own.ready;
  const futures = own.scatter([new Uint8Array(10).fill(7), { a: 1 }]);
  const task = own.submit((bytes: Uint8Array) => bytes[3], futures.at(0) as Future<Uint8Array>);
  expect(await own.schedulerInfo()).toMatchObject({ threads: 0 });
  expect(futures.at(0)?.status).toBe("pending");
  await empty.scale(1);
  expect(await task.result()).toBe(7);
  expect(await futures.at(1)?.result()).toEqual({ a: 1 });
  await own.close();
});
