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

  /** Each calls what it is told. */
  async apart(calls: readonly (readonly [string, number])[]): Promise<void> {
    const gang = getGang();
    const [what, root] = calls[gang.rank] ?? ["barrier", 0];
    if (what === "barrier") await gang.barrier();
    else if (what === "gather") await gang.gather(1, root);
    else await gang.broadcast(1, root);
    // Who had nothing to wait for reads what was not meant for it here, at the latest.
    await gang.allReduce(new Float64Array(2000));
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

  /** Parts of the reduction of arrays that do not add up exactly. */
  async large(count: number, how: "sum" | "max"): Promise<number[]> {
    const gang = getGang();
    const own = Float64Array.from({ length: count }, (_, i) => Math.sin(i + 0.1 * gang.rank));
    const all = await gang.allReduce(own, how);
    const again = await gang.allReduce(own, how, { out: own });
    if (again !== own || again.some((x, i) => x !== all[i])) throw new Error("not the same");
    return [all.length, all[0] ?? 0, all[count >> 1] ?? 0, all.at(-1) ?? 0];
  }

  /** The lengths of what becomes of arrays of these lengths. */
  async reduce(lengths: readonly number[]): Promise<number> {
    const { rank } = getGang();
    return (await getGang().allReduce(new Float64Array(lengths[rank] ?? 0))).length;
  }

  /** Each gives something that the others do not. */
  async reduceUnlike(kind: "type" | "how" | "call" | "value" | "out"): Promise<void> {
    const gang = getGang();
    const { rank } = gang;
    const array = new Float64Array(3000);
    if (rank !== 2) await gang.allReduce(array);
    else if (kind === "type") await gang.allReduce(new Float32Array(3000));
    else if (kind === "how") await gang.allReduce(array, "max");
    else if (kind === "call") await gang.gather(array, 2);
    else if (kind === "value") await gang.allReduce([1, 2] as never);
    else await gang.allReduce(array, "sum", { out: new Float64Array(2) });
  }

  /** Large halos both ways, sent before any is read. */
  async halos(count: number): Promise<number[]> {
    const gang = getGang();
    const { rank, size } = gang;
    const [left, right] = [(rank + size - 1) % size, (rank + 1) % size];
    await Promise.all([
      gang.send(left, new Float64Array(count).fill(rank)),
      gang.send(right, new Float64Array(count).fill(10 + rank)),
    ]);
    const [a, b] = await Promise.all([gang.recv(right), gang.recv(left)]);
    return [a, b].map((halo) => (halo as Float64Array).at(-1) ?? Number.NaN);
  }

  /** A value that cannot travel does not hold up the next one. */
  async bad(): Promise<unknown[]> {
    const gang = getGang();
    const to = (gang.rank + 1) % gang.size;
    const codes: unknown[] = [];
    await gang.send(to, new WeakMap()).catch(({ code }: { code: unknown }) => codes.push(code));
    await gang.send(to, "good");
    return [...codes, await gang.recv((gang.rank + gang.size - 1) % gang.size)];
  }

  /** Sends without end to one that reads nothing. */
  async flood(): Promise<void> {
    const gang = getGang();
    if (gang.rank === 0) return await new Promise(() => undefined);
    for (let i = 0; ; i++) await gang.send(0, i);
  }

  /** The thread ends, and with it the member. */
  quit(rank: number): void {
    if (getGang().rank === rank) process.exit(3);
  }

  /** Reduces, and reduces again, in the midst of which a member dies. */
  async reduceAndQuit(rank: number, count: number): Promise<void> {
    const gang = getGang();
    await gang.allReduce(new Float64Array(count));
    if (gang.rank === rank) setImmediate(() => process.exit(3));
    for (;;) await gang.allReduce(new Float64Array(count));
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

class Broken {
  constructor() {
    if (getGang().rank === 1) throw new RangeError("this one cannot be made");
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

  test("large arrays are reduced in the order of ranks, wherever members are", async () => {
    const gang = await group(4, Trainer);
    const count = 10_001;
    const at = (i: number): number => {
      const parts = [0, 1, 2, 3].map((rank) => Math.sin(i + 0.1 * rank));
      return parts.reduce((a, b) => a + b);
    };
    const sums = [count, at(0), at(count >> 1), at(count - 1)];
    expect(await gang.call("large", count, "sum")).toEqual([sums, sums, sums, sums]);
    const [highest] = await gang.call("large", count, "max");
    expect(highest?.[1]).toBe(Math.sin(0.1 * 3));
    expect(await gang.call("halos", 100_000)).toEqual(
      [0, 1, 2, 3].map((rank) => [(rank + 1) % 4, 10 + ((rank + 3) % 4)]),
    );
    expect(await gang.call("bad")).toEqual(Array(4).fill(["NotSerializable", "good"]));
    await gang.release();
  });

  // 1024 numbers are reduced by one member, more by all, a part each: 4096 have parts of 1024.
  test.each([[1024], [1025], [1000, 1001], [1024, 4096], [4096, 1024], [1024, 1025], [5000, 5001]])(
    "arrays of %s and %s numbers are reduced where they are alike, else all hear of it",
    async (length, others = length) => {
      const gang = await group(4, Trainer);
      for (const odd of [0, 1, 3]) {
        const lengths = [0, 1, 2, 3].map((rank) => (rank === odd ? length : others));
        if (length === others) {
          expect(await gang.call("reduce", lengths)).toEqual(lengths);
          continue;
        }
        const error = await failure(gang.call("reduce", lengths));
        expect(isHeddleError(error, "InvalidArgument"), String(error)).toBe(true);
        expect((error as Error).message).toMatch(/arrays of one type and length/);
        expect(isHeddleError(await failure(gang.call("pass")), "InvalidArgument")).toBe(true);
        await gang.restart();
      }
      expect(await gang.call("extremes")).toEqual([0, 1, 2, 3].map(() => [3, 0]));
      await gang.release();
    },
  );

  test.each(["type", "how", "call", "value", "out"] as const)(
    "a member with another %s does not leave the others waiting",
    async (kind) => {
      const gang = await group(4, Trainer);
      const error = await failure(gang.call("reduceUnlike", kind));
      expect(isHeddleError(error, "InvalidArgument"), String(error)).toBe(true);
      expect((error as Error).message).toContain("allReduce");
      await gang.release();
    },
  );

  test.each([
    ["gather", 0, "gather", 1],
    ["broadcast", 0, "broadcast", 1],
    ["gather", 1, "broadcast", 1],
    ["barrier", 0, "gather", 0],
    ["broadcast", 2, "barrier", 0],
    ["gather", 9, "gather", 0],
  ] as const)(
    "members in %s(%s) and %s(%s) at once hear of it",
    async (odd, oddRoot, usual, usualRoot) => {
      const gang = await group(4, Trainer);
      for (const rank of [0, 1, 3]) {
        const calls = [0, 1, 2, 3].map((each) =>
          each === rank ? ([odd, oddRoot] as const) : ([usual, usualRoot] as const),
        );
        const error = await failure(gang.call("apart", calls));
        expect(isHeddleError(error, "InvalidArgument"), String(error)).toBe(true);
        const told = oddRoot === 9 ? "there is no member 9" : `member ${rank} `;
        expect((error as Error).message).toContain(told);
        await gang.restart();
      }
      await gang.release();
    },
  );

  test("a release ends what members wait for", async () => {
    const gang = await group(4, Trainer);
    const stuck = failure(gang.call("waitFor", 0));
    const flooding = failure(gang.call("flood"));
    await gang.release();
    expect(isHeddleError(await stuck, "Cancelled")).toBe(true);
    expect(isHeddleError(await flooding, "Cancelled")).toBe(true);
  });

  test("a member that cannot be made frees all slots", async () => {
    const error = await failure(group(4, Broken));
    expect((error as Error).message).toBe("this one cannot be made");
    const gang = await group(4, Trainer);
    expect(await gang.call("meet")).toEqual([3, 0, 0, 0]);
    await gang.release();
  });

  test("a member whose thread ends ends the epoch for all", async () => {
    const gang = await group(4, Trainer);
    const stuck = failure(gang.call("waitFor", 2));
    const flooding = failure(gang.call("flood"));
    await failure(gang.call("quit", 2));
    expect(isHeddleError(await stuck, "Lost")).toBe(true);
    expect(isHeddleError(await flooding, "Lost")).toBe(true);
    await gang.restart();
    expect(await gang.call("meet")).toEqual([3, 0, 0, 0]);
    await gang.release();
  });

  test.each([10, 10_000])(
    "members that die twice amid reductions of %i numbers hold nobody up",
    async (count) => {
      const gang = await group(4, Trainer);
      for (const rank of [1, 0]) {
        const error = await failure(gang.call("reduceAndQuit", rank, count));
        expect(isHeddleError(error, "Lost"), String(error)).toBe(true);
        expect((error as Error).message).toContain(`member ${rank} of the gang is gone`);
        await gang.restart();
      }
      expect(gang.epoch).toBe(3);
      expect(await gang.call("reduce", [2000, 2000, 2000, 2000])).toEqual([2000, 2000, 2000, 2000]);
      await gang.release();
    },
  );

  test("slots are held until the gang is released, and then are free", async () => {
    const gang = await group(4, Trainer);
    const waiting = client.submit((x: number) => x + 1, 41);
    await gang.call("rounds", 5);
    expect(waiting.status).toBe("pending");
    await gang.release();
    expect(await waiting.result()).toBe(42);
  });

  test.each([0, -1, 1.5, Number.NaN, "2"])(
    "a gang of %s is none, and takes nothing",
    async (size) => {
      const error = await failure(group(size as number, Trainer));
      expect(isHeddleError(error, "InvalidArgument"), String(error)).toBe(true);
      const gang = await group(4, Trainer);
      expect(await gang.call("meet")).toEqual([3, 0, 0, 0]);
      await gang.release();
    },
  );

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
    // The worker that takes the dead one's place is not there yet.
    await gang.restart();
    expect(gang.epoch).toBe(2);
    expect(await gang.call("rounds", 50)).toEqual([0, 1, 2, 3].map(() => 2 * before));
    await gang.release();
  } finally {
    await client.close();
    await cluster.close();
  }
});
