/** @file Gangs on the embedded engine and on a cluster of processes. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getGang, group } from "../../dist/cluster/index.js";
import { Client, isHeddleError, LocalCluster } from "../../dist/index.js";

class Trainer {
  total = 0;

  async rounds(count: number): Promise<number> {
    const gang = getGang();
    for (let i = 0; i < count; i++) {
      const [sum] = await gang.allReduce(Float64Array.of(gang.rank + i));
      this.total += sum ?? Number.NaN;
    }
    return this.total;
  }

  async pass(): Promise<unknown> {
    const { rank, size } = getGang();
    await getGang().send((rank + 1) % size, { from: rank });
    return await getGang().recv((rank + size - 1) % size);
  }

  async collect(): Promise<unknown> {
    const gang = getGang();
    const all = await gang.gather(gang.rank * 10, 1);
    return await gang.broadcast(all, 1);
  }

  async extremes(): Promise<number[]> {
    const { rank } = getGang();
    const high = await getGang().allReduce(Int32Array.of(rank, -rank), "max");
    return Array.from(high);
  }

  /** What has been seen of the others' arrivals when the barrier opens. */
  async meet(): Promise<number> {
    const gang = getGang();
    if (gang.rank !== 0) await gang.send(0, 1);
    await gang.barrier();
    let seen = 0;
    if (gang.rank === 0) {
      for (let from = 1; from < gang.size; from++) seen += (await gang.recv(from)) as number;
    }
    return seen;
  }

  async waitFor(rank: number): Promise<unknown> {
    return await getGang().recv(rank);
  }

  where(): { pid: number; thread: string } {
    return { pid: process.pid, thread: `${process.pid}/${getGang().rank}` };
  }

  end(rank: number): void {
    if (getGang().rank === rank) process.kill(process.pid, "SIGKILL");
  }

  checkpoint(): number {
    return this.total;
  }

  restore(total: number): void {
    this.total = total;
  }
}

/** The sum over rounds of the sum over members of rank and round. */
const expected = (size: number, count: number): number =>
  (count * size * (size - 1)) / 2 + (size * count * (count - 1)) / 2;

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  );

describe.each(["embedded", "processes"])("gangs on %s", (engine) => {
  let client: Client;
  let cluster: LocalCluster | undefined;

  beforeAll(async () => {
    if (engine === "processes") {
      cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 2, dashboardAddress: null });
      client = new Client(cluster);
      await client.waitForWorkers(2);
    } else client = new Client({ threads: 4 });
  });

  afterAll(async () => {
    await client.close();
    await cluster?.close();
  });

  test("members send, gather, reduce and wait for each other", async () => {
    const gang = await group(4, Trainer);
    expect(await gang.call("pass")).toEqual([{ from: 3 }, { from: 0 }, { from: 1 }, { from: 2 }]);
    expect(await gang.call("collect")).toEqual([0, 1, 2, 3].map(() => [0, 10, 20, 30]));
    expect(await gang.call("extremes")).toEqual([0, 1, 2, 3].map(() => [3, 0]));
    expect(await gang.call("meet")).toEqual([3, 0, 0, 0]);
    expect(await gang.call("rounds", 1000)).toEqual([0, 1, 2, 3].map(() => expected(4, 1000)));
    await gang.release();
  });

  test("slots are held until the gang is released, and then are free", async () => {
    const gang = await group(4, Trainer);
    const waiting = client.submit((x: number) => x + 1, 41);
    await gang.call("rounds", 5);
    expect(waiting.status).toBe("pending");
    await gang.release();
    expect(await waiting.result()).toBe(42);
  });

  test("a gang that has no room says so", async () => {
    const error = await failure(group(5, Trainer));
    expect(isHeddleError(error, "NoWorkers")).toBe(true);
    expect((error as Error).message).toContain("4 task threads");
  });
});

test("a killed member ends the epoch for all; the next goes on from a checkpoint", async () => {
  const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 2, dashboardAddress: null });
  const client = new Client(cluster);
  try {
    await client.waitForWorkers(2);
    const gang = await group(4, Trainer);
    const before = (await gang.call("rounds", 50))[0] as number;
    await gang.checkpoint();
    await gang.call("rounds", 7);
    const stuck = failure(gang.call("waitFor", 0));
    await failure(gang.call("end", 3));
    const error = await stuck;
    expect(isHeddleError(error, "Lost")).toBe(true);
    expect((error as Error).message).toMatch(/member \d of the gang is gone/);
    expect(isHeddleError(await failure(gang.call("pass")), "Lost")).toBe(true);
    await client.waitForWorkers(2);
    await gang.restart();
    expect(gang.epoch).toBe(2);
    expect(await gang.call("rounds", 50)).toEqual([0, 1, 2, 3].map(() => 2 * before));
    await gang.release();
  } finally {
    await client.close();
    await cluster.close();
  }
});
