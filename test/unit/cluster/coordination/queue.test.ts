/** @file Queues on the embedded engine: values, futures, order, room, and clients that leave. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  asCompleted,
  Client,
  type Future,
  FutureList,
  getClient,
  Queue,
  wait,
} from "../../../../dist/index.js";
import { fromArray } from "../../../../dist/ndarray/index.js";
import { startEngine } from "../../../support/engines.ts";
import { codeOf } from "../../../support/failures.ts";

let client: Client;

beforeAll(async () => {
  const started = await startEngine("embedded", 2, { memoryLimit: "128MiB" });
  client = started.client;
  return started.close;
});

describe("values", () => {
  test("of every kind come out as they went in, in order", async () => {
    const queue = new Queue("kinds");
    const values = [1, -0, null, undefined, "x", 12n, [1, [2]], { a: new Map([[1, new Date(3)]]) }];
    for (const value of values) await queue.put(value);
    await queue.put(fromArray([1, 2, 3]));
    expect(await queue.qsize()).toBe(values.length + 1);
    expect(await queue.get({ batch: values.length })).toEqual(values);
    expect(String(await queue.get())).toBe(String(fromArray([1, 2, 3])));
    await queue.close();
  });

  test("go from tasks on one thread to tasks on the other", async () => {
    const queue = new Queue<number>("pipeline", { maxsize: 2 });
    const counts = Array.from({ length: 50 }, (_, i) => i);
    const takers = client.submit(async (queue: Queue<number>) => {
      const taken: number[] = [];
      while (taken.length < 50) taken.push(await queue.get());
      return taken;
    }, queue);
    const putter = client.submit(async (queue: Queue<number>) => {
      for (let i = 0; i < 50; i++) await queue.put(i);
    }, queue);
    expect(await takers.result()).toEqual(counts);
    await putter.result();
    await queue.close();
  });

  test("that cannot travel, or are too large, are refused with what to do", async () => {
    const queue = new Queue("refused");
    expect(await codeOf(queue.put(Promise.resolve(1)))).toBe("NotSerializable");
    expect(await codeOf(queue.put(new Uint8Array(2 ** 20)))).toBe("MemoryLimit");
    expect(await queue.qsize()).toBe(0);
    const other = new Client({ embedded: true, setAsDefault: false });
    expect(await codeOf(queue.put(other.submit(() => 1)))).toBe("InvalidArgument");
    await other.close();
  });
});

describe("waiting", () => {
  test("for items and for room, with a timeout", async () => {
    const queue = new Queue<number>("room", { maxsize: 1 });
    expect(await codeOf(queue.get({ timeoutMs: 1 }))).toBe("Timeout");
    await queue.put(1);
    expect(await codeOf(queue.put(2, { timeoutMs: 1 }))).toBe("Timeout");
    const second = queue.put(3);
    expect(await queue.get()).toBe(1);
    await second;
    expect(await queue.get({ batch: true })).toEqual([3]);
    expect(await queue.get({ batch: true })).toEqual([]);
    expect(await codeOf(new Queue("room", { maxsize: 5 }).put(1))).toBe("InvalidArgument");
    const waiting = codeOf(queue.get());
    await queue.close();
    expect(await waiting).toBe("Cancelled");
  });

  test("a batch takes nothing unless it gets all", async () => {
    const queue = new Queue<number>("batch");
    await queue.put(1);
    const stop = new AbortController();
    const three = queue.get({ batch: 3, signal: stop.signal });
    await queue.put(2);
    stop.abort(new Error("enough"));
    await expect(three).rejects.toThrow("enough");
    expect(await queue.get({ batch: true })).toEqual([1, 2]);
    await queue.close();
  });
});

describe("futures", () => {
  test("are kept by the queue when nobody else has them, and can be computed with", async () => {
    const queue = new Queue<Future<number>>("futures");
    const future = client.submit((x: number) => x + 0.5, 1);
    const { key } = future;
    await queue.put(future);
    await wait([future]);
    future.release();
    const got = await queue.get();
    expect(got.key).toBe(key);
    expect(await got.result()).toBe(1.5);
    expect(await client.submit((x: number) => x * 2, got).result()).toBe(3);
    await queue.close();
  });

  test("of tasks that still run, that fail, and lists of them, within other values", async () => {
    const queue = new Queue<{ runs: Future<string>; all: FutureList<number>; fails: Future }>(
      "deep",
    );
    const gate = new Queue<string>("gate");
    const put = {
      runs: client.submit(async () => await gate.get()),
      all: client.map((x: number) => x * x, [1, 2, 3]),
      fails: client.submit(() => {
        throw new RangeError("no");
      }),
    };
    await queue.put(put);
    for (const futures of Object.values(put)) futures.release();
    const { runs, all, fails } = await queue.get();
    expect(runs.status).toBe("pending");
    await gate.put("open");
    expect(await runs.result()).toBe("open");
    expect(all).toBeInstanceOf(FutureList);
    expect(await all.results()).toEqual([1, 4, 9]);
    expect((await fails.exception())?.cause).toMatchObject({ message: "no" });
    const done: number[] = [];
    for await (const future of asCompleted([...all])) done.push(await future.result());
    expect(done.sort()).toEqual([1, 4, 9]);
    await queue.close();
    await gate.close();
  });

  test("a value that holds itself comes out as it is, with futures it is refused", async () => {
    const queue = new Queue<unknown>("round");
    const round: Record<string, unknown> = { n: 1 };
    round["self"] = round;
    await queue.put(round);
    const back = (await queue.get()) as typeof round;
    expect(back["self"]).toBe(back);
    round["future"] = client.submit(Math.sqrt, 4);
    await expect(queue.put(round)).rejects.toMatchObject({ code: "NotSerializable" });
    await queue.close();
  });

  test("made in a task outlive it", async () => {
    const queue = new Queue<Future<string>>("made");
    await client
      .submit(async () => {
        await queue.put(getClient().submit((x: string) => `${x}!`, "made in a task"));
      })
      .result();
    expect(await (await queue.get()).result()).toBe("made in a task!");
    await queue.close();
  });

  test("are released with the queue, and with those who got them", async () => {
    const queue = new Queue<Future<Float64Array>>("released");
    const count = async (): Promise<number> => {
      const info = await client.schedulerInfo();
      return Object.values(info.workers)[0]!.memoryBytes;
    };
    const before = await count();
    for (let i = 0; i < 2; i++) {
      const future = client.submit((i: number) => new Float64Array(2 ** 20 + i), i);
      await wait([future]);
      await queue.put(future);
      future.release();
    }
    expect((await count()) - before).toBeGreaterThan(2 ** 24);
    const got = await queue.get();
    await queue.close();
    expect((await count()) - before).toBeGreaterThan(2 ** 23);
    got.release();
    await client.submit(() => 1).result();
    expect((await count()) - before).toBeLessThan(2 ** 22);
  });
});
