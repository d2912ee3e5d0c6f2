/**
 * @file The embedded engine through its client: calls, futures, data, order, and what goes wrong.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  asCompleted,
  Client,
  type Future,
  FutureList,
  fireAndForget,
  getClient,
  getWorker,
  isHeddleError,
  wait,
} from "../../../dist/index.js";

let client: Client;

beforeAll(async () => {
  client = new Client({ threads: 2, memoryLimit: "256MiB" });
  await client.ready;
});
afterAll(async () => {
  await client.close();
});

const failure = async (
  promise: Promise<unknown>,
): Promise<Error & { code: string; cause?: unknown }> =>
  (await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  )) as Error & { code: string };

describe("submit and map", () => {
  test("arguments may hold themselves", async () => {
    const ring: { self?: unknown; list: unknown[] } = { list: [] };
    ring.self = ring;
    ring.list.push(ring, new Map([["ring", ring]]));
    const future = client.submit((given: typeof ring) => given.self === given, ring);
    expect(await future.result()).toBe(true);
    expect(await client.gather([ring, future])).toEqual([ring, true]);
  });

  test("a call returns at once and gives its value", async () => {
    const future = client.submit((x: number, y: number) => x + y, 40, 2);
    expect(future.status).toBe("pending");
    expect(future.key).toMatch(/^lambda-/);
    expect(await future.result()).toBe(42);
    expect(future.status).toBe("finished");
    expect(future.done).toBe(true);
  });

  test("a future survives await", async () => {
    const future = client.submit(() => 7);
    const awaited: Future<number> = await future;
    expect(awaited).toBe(future);
    expect(String(future)).toContain(".result()");
  });

  test("values of every kind come back", async () => {
    const kinds = [
      1,
      -0,
      NaN,
      Infinity,
      true,
      null,
      undefined,
      "x",
      12n,
      [1, [2]],
      { a: { b: [1] } },
    ];
    const values = await client
      .map(
        (i: number) =>
          [1, -0, NaN, Infinity, true, null, undefined, "x", 12n, [1, [2]], { a: { b: [1] } }][i],
        kinds.map((_, i) => i),
      )
      .results();
    values.forEach((value, i) => {
      expect(value).toEqual(kinds[i]);
    });
    const typed = await client.submit(() => new Map([["k", new Float32Array([1, 2])]])).result();
    expect(typed.get("k")).toEqual(new Float32Array([1, 2]));
  });

  test("map takes several lists and keeps the order", async () => {
    const futures = client.map((a: number, b: string) => `${b}${a}`, [1, 2, 3], ["x", "y", "z"]);
    expect(futures).toBeInstanceOf(FutureList);
    expect(futures.length).toBe(3);
    expect(await client.gather(futures)).toEqual(["x1", "y2", "z3"]);
    expect(await futures.at(-1)?.result()).toBe("z3");
  });

  test("parts of a list of futures are lists, which may overlap as arguments", async () => {
    const list = client.map((x: number) => x * x, [0, 1, 2, 3, 4, 5]);
    const text = (a: number, b: number, c: number, d: number): string => `${a} ${b} ${c} ${d}`;
    const single = [list.at(5), list.at(1), list.at(1)] as Future<number>[];
    const parts = [list.slice(-3), list.slice(1, 4), list.slice(0, 3)] as const;
    const overlapping = client.map(text, ...parts, single);
    const backwards = client.map(text, single, ...parts);
    list.release();
    for (const part of parts) part.release();
    expect(await overlapping.results()).toEqual(["9 1 0 25", "16 4 1 1", "25 9 4 1"]);
    expect(await backwards.results()).toEqual(["25 9 1 0", "1 16 4 1", "1 25 9 4"]);
    expect(client.map(text, list.slice(4, 2), [], [], []).length).toBe(0);
    expect([...list.slice(1, -3)].map((future) => future.key)).toEqual([
      list.at(1)?.key,
      list.at(2)?.key,
    ]);
  });

  test("futures inside arrays, objects, maps and sets are dependencies", async () => {
    const one = client.submit(() => 1);
    const two = client.submit(() => 2);
    const total = client.submit(
      (o: { list: number[]; map: Map<string, number>; set: Set<number> }) =>
        o.list.reduce((a, b) => a + b, 0) + (o.map.get("two") ?? 0) + [...o.set].length,
      { list: [one, two, 3], map: new Map([["two", two as never]]), set: new Set([1, 2]) } as never,
    );
    expect(await total.result()).toBe(10);
    expect(
      await client
        .submit(
          (xs: number[]) => xs.length,
          client.map((x: number) => x, [1, 2, 3]),
        )
        .result(),
    ).toBe(3);
  });

  test("what a call is given is read when it is submitted", async () => {
    const list = [1];
    let factor = 10;
    const first = client.submit((xs: number[]) => (xs[0] ?? 0) * factor, list);
    list[0] = 2;
    factor = 100;
    const second = client.submit((xs: number[]) => (xs[0] ?? 0) * factor, list);
    expect(await client.gather([first, second])).toEqual([10, 200]);
  });

  test("an input may be released as soon as it was given to a task", async () => {
    const input = client.submit(() => [1, 2, 3]);
    const sum = client.submit((xs: number[]) => xs.length, input);
    input.release();
    expect(await sum.result()).toBe(3);
  });

  test("equal calls of a pure function run once, impure ones each time", async () => {
    const now = (tag: string) => `${tag}${performance.now()}-${Math.random()}`;
    const a = client.submit(now, "same");
    const b = client.submit(now, "same");
    expect(a.key).toBe(b.key);
    expect(await a.result()).toBe(await b.result());
    const impure = client.options({ pure: false });
    const c = impure.submit(now, "same");
    const d = impure.submit(now, "same");
    expect(await c.result()).not.toBe(await d.result());
  });

  test("gather can leave failed tasks out", async () => {
    const bad = client.submit((): number => {
      throw new Error("never mind");
    });
    const good = client.submit((x: number) => x, 5);
    const given = { list: [good, bad], bad };
    expect(await client.gather(given, { errors: "skip" })).toEqual({ list: [5] });
    expect(await client.gather(bad, { errors: "skip" })).toBeUndefined();
    await expect(client.gather(given)).rejects.toThrow(/never mind/);
    await expect(client.gather(good, { errors: "ignore" } as never)).rejects.toThrow(/"skip"/);
    await expect(client.gather(good, { error: "skip" } as never)).rejects.toThrow(/"errors"/);
  });

  test("gather takes nested structures", async () => {
    const x = client.submit(() => 5);
    expect(await client.gather({ x, list: [x, x] })).toEqual({ x: 5, list: [5, 5] });
  });

  test("scatter gives futures of values", async () => {
    const big = client.scatter(new Float64Array(1000).fill(2));
    expect(
      await client.submit((v: Float64Array) => v.reduce((a, b) => a + b, 0), big).result(),
    ).toBe(2000);
    const many = client.scatter([1, 2, 3], { broadcast: true });
    expect(await client.gather(many)).toEqual([1, 2, 3]);
    const holders = await client.whoHas(big);
    expect(Object.values(holders)).toEqual([["inproc://0"]]);
  });
});

describe("failures", () => {
  test("the user's error comes back with class, message, cause and both stacks", async () => {
    const bad = client.submit(function thrower(x: number): number {
      throw new RangeError(`${x} is too large`, { cause: new Error("the root") });
    }, 7);
    const error = await failure(bad.result());
    expect(isHeddleError(error, "TaskFailed")).toBe(true);
    expect(error.cause).toBeInstanceOf(RangeError);
    const cause = error.cause as RangeError;
    expect(cause.message).toBe("7 is too large");
    expect((cause.cause as Error).message).toBe("the root");
    expect(cause.stack).toContain("thrower");
    expect(cause.stack).toContain("client.test");
    expect(await bad.exception()).toBeInstanceOf(Error);
    expect(await bad.traceback()).toContain("RangeError");
  });

  test("what depends on a failed task fails with the same culprit", async () => {
    const bad = client.submit((): number => {
      throw new TypeError("no");
    });
    const next = client.submit((x: number) => x + 1, bad);
    const error = await failure(next.result());
    expect(error.message).toContain(bad.key);
    expect(next.status).toBe("error");
  });

  test("retries run a failing function again, and retry() starts it anew", async () => {
    const { mkdtempSync, rmSync } = await import("node:fs");
    const dir = mkdtempSync("/tmp/heddle-retry-");
    const flaky = async (folder: string, fails: number): Promise<number> => {
      const fs = await import("node:fs");
      const tries = fs.readdirSync(folder).length + 1;
      fs.writeFileSync(`${folder}/${tries}`, "");
      if (tries <= fails) throw new Error(`try ${tries}`);
      return tries;
    };
    expect(await client.options({ retries: 2 }).submit(flaky, dir, 2).result()).toBe(3);
    rmSync(dir, { recursive: true });
    const again = mkdtempSync("/tmp/heddle-retry-");
    const future = client.submit(flaky, again, 1);
    expect((await failure(future.result())).message).toContain("try 1");
    await client.retry(future);
    expect(await future.result()).toBe(2);
    rmSync(again, { recursive: true });
  });

  test("a capture that cannot travel fails at submit with its name", async () => {
    const { createServer } = await import("node:net");
    const socket = createServer();
    expect(() => client.submit(() => socket.listening)).toThrow(/"socket" is a Server/);
  });

  test("a result that cannot travel fails the task", async () => {
    const error = await failure(client.submit(() => new WeakMap()).result());
    expect(error.code).toBe("TaskFailed");
    expect((error.cause as Error).message).toContain("WeakMap");
  });

  test("cancelling fails what waits for the task", async () => {
    const slow = client.submit(async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return 1;
    });
    const next = client.submit((x: number) => x, slow);
    await client.cancel(slow);
    const error = await failure(next.result());
    expect(error.code).toBe("Cancelled");
    expect(slow.status).toBe("cancelled");
    expect((await failure(slow.result())).code).toBe("Cancelled");
  });

  test("cancelling ends nothing that is asked for later", async () => {
    const slow = async (x: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return x;
    };
    // Not awaited: before the first was sent, and when it runs.
    for (const known of [false, true]) {
      const first = client.submit(slow, 40 + Number(known));
      if (known) await first.id();
      const cancelled = first.cancel();
      const second = client.submit(slow, 40 + Number(known));
      expect(await second.result()).toBe(40 + Number(known));
      await cancelled;
    }
    const listed = client.map(slow, [7, 8]);
    const cancelled = listed.cancel();
    expect(await client.map(slow, [7, 8]).results()).toEqual([7, 8]);
    await cancelled;
  });

  test("nonsense is refused with what to do", async () => {
    expect(() => client.submit(42 as never)).toThrow(/takes a function/);
    expect(() => client.map((x: number) => x, ...([] as unknown as [number[]]))).toThrow(
      /at least one list/,
    );
    expect(() => new Client({ threads: 0 })).toThrow(/at least 1/);
    expect(() => new Client({ memoryLimit: "many" })).toThrow(/many/);
  });

  test("no tasks give no results", async () => {
    expect(await client.map((x: number) => x, []).results()).toEqual([]);
    expect(await client.gather([])).toEqual([]);
  });
});

describe("inside of tasks", () => {
  test("getWorker names the worker, and fails outside of tasks", async () => {
    const worker = await client
      .submit(() => {
        const { address, threads, taskKey } = getWorker();
        return { address, threads, taskKey };
      })
      .result();
    expect(worker).toMatchObject({ address: "inproc://0", threads: 2 });
    expect(worker.taskKey).toMatch(/^lambda-/);
    expect(() => getWorker()).toThrow(/inside of tasks/);
  });

  test("tasks that submit tasks do not starve the pool", async () => {
    const fibonacci = async (n: number): Promise<number> => {
      if (n < 2) return n;
      const own = getClient();
      const [a, b] = await own.gather([own.submit(fibonacci, n - 1), own.submit(fibonacci, n - 2)]);
      return a! + b!;
    };
    expect(await client.submit(fibonacci, 9).result()).toBe(34);
  });

  test("asynchronous tasks with concurrency share a slot", async () => {
    const spans = await client
      .options({ concurrency: 8 })
      .map(
        async (_: number): Promise<[number, number]> => {
          const start = performance.timeOrigin + performance.now();
          await new Promise((resolve) => setTimeout(resolve, 100));
          return [start, performance.timeOrigin + performance.now()];
        },
        Array.from({ length: 16 }, (_, i) => i),
      )
      .results();
    const atOnce = spans.map(
      ([start]) => spans.filter((s) => s[0] <= start && start < s[1]).length,
    );
    // Two threads alone would run two at a time.
    expect(Math.max(...atOnce)).toBeGreaterThan(2);
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(16);
  });
});

describe("waiting", () => {
  test("asCompleted yields in the order of completion and takes more while it runs", async () => {
    const sleep = async (ms: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return ms;
    };
    const completed = asCompleted(client.map(sleep, [300, 10]), { withResults: true });
    const order: number[] = [];
    for await (const [, ms] of completed) {
      if (order.length === 0) completed.add(client.submit(sleep, 20));
      order.push(ms);
    }
    expect(order.toSorted((a, b) => a - b)).toEqual([10, 20, 300]);
    expect(order[0]).toBe(10);
  });

  test("wait tells done from not done", async () => {
    const fast = client.submit(() => 1);
    const slow = client.submit(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return 2;
    });
    const first = await wait([fast, slow], { returnWhen: "firstCompleted" });
    expect(first.done).toContain(fast);
    expect(first.notDone).toEqual([slow]);
    expect((await wait([fast, slow])).notDone).toEqual([]);
  });

  test("fireAndForget runs tasks whose futures are dropped", async () => {
    const { mkdtempSync, existsSync, rmSync } = await import("node:fs");
    const folder = mkdtempSync("/tmp/heddle-fire-");
    fireAndForget(
      client.submit(async (path: string) => {
        (await import("node:fs")).writeFileSync(path, "done");
      }, `${folder}/mark`),
    );
    await client
      .submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
      })
      .result();
    expect(existsSync(`${folder}/mark`)).toBe(true);
    rmSync(folder, { recursive: true });
  });

  test("a task that fails after fireAndForget is spoken of, once, by name", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => {
      warnings.push(`${warning.name}: ${warning.message}`);
    };
    process.on("warning", listen);
    const single = new Client({ threads: 1, setAsDefault: false });
    const failing = single.submit(() => {
      throw new RangeError("too far");
    });
    const { key } = failing;
    const long = single.submit(async () => await new Promise(() => undefined));
    fireAndForget([failing, long]);
    fireAndForget(failing);
    await long.cancel({ force: true });
    await single.close();
    await new Promise(setImmediate);
    process.off("warning", listen);
    expect(warnings).toEqual([
      "HeddleWarning: a task given to fireAndForget failed: " +
        `task ${key} failed: RangeError: too far`,
    ]);
  });
});

describe("values that throw when they are looked at", () => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const name = ["th", "en"].join("");
  const thenGetter = (): object =>
    Object.defineProperty({}, name, {
      get() {
        throw new RangeError("bad then");
      },
    });
  const then = (): object => ({
    [name](): never {
      throw new RangeError("in then");
    },
  });
  const badError = (field: string): Error =>
    Object.defineProperty(new Error("hidden"), field, {
      get() {
        throw 5;
      },
    });

  test.each([
    ["a revoked proxy", () => revoked(), "revoked"],
    ["a promise of one", async () => [revoked()], "revoked"],
    ["a getter of then", () => thenGetter(), "bad then"],
    ["a method then", () => then(), "in then"],
    ["a thrown revoked proxy", () => Promise.reject(revoked()), "threw"],
    ["a thrown revoked proxy at once", () => throwNow(revoked()), "threw"],
    ["an error without a readable message", () => throwNow(badError("message")), "threw"],
    ["an error without a readable stack", () => throwNow(badError("stack")), "threw"],
  ])("%s fails the task, once", async (_, fn, text) => {
    const error = await failure(client.submit(fn).result());
    expect(error).toMatchObject({ code: "TaskFailed", fields: { attempts: 1 } });
    expect(error.message).toContain(text);
  });

  function throwNow(thrown: unknown): never {
    throw thrown;
  }
});

describe("order and resources", () => {
  test("a higher priority goes first", async () => {
    await Client.with({ threads: 1, setAsDefault: false }, async (single) => {
      const log = single.scatter([0]);
      await wait(log);
      const stamp = (tag: string): [string, number] => [
        tag,
        performance.timeOrigin + performance.now(),
      ];
      const gate = single.submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
      });
      const low = single
        .options({ priority: -1, pure: false })
        .submit((t: string, _: unknown) => stamp(t), "low", gate);
      const high = single
        .options({ priority: 5, pure: false })
        .submit((t: string, _: unknown) => stamp(t), "high", gate);
      const [first, second] = [await low.result(), await high.result()];
      expect(second[1]).toBeLessThan(first[1]);
    });
  });

  test("a resource bounds how many run at once", async () => {
    await Client.with({ threads: 2, resources: { GPU: 1 }, setAsDefault: false }, async (one) => {
      const span = async (): Promise<[number, number]> => {
        const start = performance.timeOrigin + performance.now();
        await new Promise((resolve) => setTimeout(resolve, 60));
        return [start, performance.timeOrigin + performance.now()];
      };
      const spans = await one
        .options({ resources: { GPU: 1 }, pure: false })
        .map(span as (i: number) => Promise<[number, number]>, [1, 2, 3])
        .results();
      spans.sort((a, b) => a[0] - b[0]);
      for (let i = 1; i < spans.length; i++) {
        expect(spans[i]?.[0] as number).toBeGreaterThanOrEqual((spans[i - 1]?.[1] as number) - 1);
      }
    });
  });
});

describe("memory", () => {
  test("values beyond the limit go to disk and come back", async () => {
    const chunks = client.map(
      (i: number) => new Uint8Array(16_000_000).fill(i),
      Array.from({ length: 40 }, (_, i) => i),
    );
    const firsts = await client
      .map((chunk: Uint8Array) => (chunk[0] ?? 0) + (chunk[15_999_999] ?? 0), chunks)
      .results();
    expect(firsts).toEqual(Array.from({ length: 40 }, (_, i) => 2 * i));
    const info = Object.values((await client.schedulerInfo()).workers)[0];
    expect(info?.spilledBytes).toBeGreaterThan(200e6);
    expect(info?.memoryBytes).toBeLessThanOrEqual(1.1 * 256 * 2 ** 20 + 2 * 16e6);
    const third = chunks.at(3) as Future<Uint8Array>;
    expect((await third.result())[5]).toBe(3);
    third.release();
    chunks.release();
    // A value may still be on its way to disk when it is released.
    const worker = async () => Object.values((await client.schedulerInfo()).workers)[0];
    await expect.poll(async () => (await worker())?.spilledBytes).toBe(0);
    expect((await worker())?.memoryBytes).toBeLessThan(20e6);
  });
});
