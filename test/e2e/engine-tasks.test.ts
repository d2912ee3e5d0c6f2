/** @file Tasks on real threads: many at once, inside each other, cancelled while they run. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, compute, config, delayed, Event, getClient, type HeddleError } from "heddle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let client: Client;

beforeAll(() => {
  client = new Client({ threads: 2, memoryLimit: "256MiB" });
});
afterAll(async () => await client.close());

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "none",
    (error: HeddleError) => error.code ?? error.name,
  );
}

describe("many tasks at once", () => {
  test("tasks inside of tasks, 150 deep", async () => {
    const deep = async (n: number): Promise<number> =>
      n === 0
        ? 0
        : 1 +
          (await getClient()
            .submit(deep, n - 1)
            .result());
    expect(await client.submit(deep, 150).result()).toBe(150);
  });

  test("tasks inside of tasks, many side by side, on one thread", async () => {
    await Client.with({ threads: 1, setAsDefault: false }, async (single) => {
      const outer = async (n: number): Promise<number> => {
        const inner = getClient().map((x: number) => x * 10 + 1, [n, n + 1, n + 2]);
        return (await inner.results()).reduce((a, b) => a + b, 0);
      };
      const sums = await single
        .map(
          outer,
          Array.from({ length: 60 }, (_, i) => i),
        )
        .results();
      expect(sums).toEqual(Array.from({ length: 60 }, (_, i) => 30 * i + 33));
    });
  });

  test("300 asynchronous tasks that share slots", async () => {
    const values = Array.from({ length: 300 }, (_, i) => i);
    const echo = async (i: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return i;
    };
    expect(await client.options({ concurrency: 150 }).map(echo, values).results()).toEqual(values);
  });

  test("no tasks at all, beside others of the same turn", async () => {
    const empty = [client.map((x: number) => x, []), client.map((x: number) => x, [])];
    const one = client.submit((x: number) => x + 1, 1);
    const many = client.map((x: number) => x * 3, [1, 2]);
    expect(await empty[0]?.results()).toEqual([]);
    expect(await one.result()).toBe(2);
    expect(await many.results()).toEqual([3, 6]);
    expect(await empty[1]?.results()).toEqual([]);
  });
});

describe("cancelling", () => {
  const slow = async (tag: string): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return tag;
  };

  test("an asynchronous task that runs: its future ends at once, others go on", async () => {
    const sleep = async (ms: number): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return "slept";
    };
    const future = client.submit(sleep, 1500);
    const other = client.submit(slow, "other");
    const running = async () => Object.values((await client.schedulerInfo()).workers)[0]?.running;
    await expect.poll(running).toBe(2);
    await future.cancel();
    expect(await codeOf(future.result())).toBe("Cancelled");
    expect(await other.result()).toBe("other");
  });

  test("what uses a cancelled future fails; equal work starts afresh", async () => {
    const first = client.submit(slow, "again");
    await client.cancel(first);
    const user = client.submit((text: string) => text, first);
    expect(await codeOf(user.result())).toBe("Cancelled");
    const later = client.submit(slow, "again");
    expect(await later.result()).toBe("again");
    expect(first.status).toBe("cancelled");
  });

  test("a cancelled future keeps its own fate whatever is submitted after it", async () => {
    const cancelled = client.options({ pure: false }).submit(slow, "gone");
    await client.cancel(cancelled);
    expect(await codeOf(cancelled.result())).toBe("Cancelled");
    for (let i = 0; i < 20; i++) {
      expect(
        await client
          .options({ pure: false })
          .submit((x: number) => x, i)
          .result(),
      ).toBe(i);
    }
    expect(cancelled.status).toBe("cancelled");
  });

  test("compute by a signal, before it begins and while it runs", async () => {
    const value = delayed(slow)("computed");
    const reason = new Error("enough");
    const before = AbortSignal.abort(reason);
    const rejects = async (signal: AbortSignal): Promise<unknown> =>
      await compute(value, { scheduler: client, signal }).catch((error: unknown) => error);
    expect(await rejects(before)).toBe(reason);
    const controller = new AbortController();
    const running = rejects(controller.signal);
    await client.submit(() => 0).result();
    controller.abort(reason);
    expect(await running).toBe(reason);
    expect(await client.submit(() => 5).result()).toBe(5);
  });
});

describe("equal work", () => {
  test("asked for again and again while old handles are let go is always there", async () => {
    const square = (x: number): number[] => [x * x];
    for (let i = 0; i < 300; i++) {
      const first = client.submit(square, 12);
      await first.result();
      // The release and the next request meet on their way.
      const second = client.submit(square, 12);
      await Promise.resolve();
      first.release();
      expect(await second.result()).toEqual([144]);
      second.release();
    }
  });
});

describe("tasks that do not end", () => {
  const forever = (_: number): Promise<number> => new Promise(() => undefined);

  test("asynchronous ones free their slot when cancelled, released or aborted", async () => {
    await Client.with({ threads: 2, setAsDefault: false }, async (own) => {
      const running = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 100));
      for (const i of [1, 2]) {
        const future = own.submit(forever, i);
        await running();
        await future.cancel();
        expect(future.status).toBe("cancelled");
      }
      for (const i of [3, 4]) {
        const future = own.submit(forever, i);
        await running();
        future.release();
      }
      const signal = AbortSignal.timeout(100);
      const both = [5, 6].map((i) => delayed(forever)(i).compute({ scheduler: own, signal }));
      for (const promise of both) await expect(promise).rejects.toThrow(/aborted|timeout/);
      expect(await own.gather(own.map((x: number) => x + 1, [1, 2, 3]))).toEqual([2, 3, 4]);
    });
  });

  test("a thread is replaced when a cancelled task goes on in it", async () => {
    await Client.with({ threads: 1, setAsDefault: false }, async (own) => {
      const future = own.submit(() => {
        for (;;);
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await future.cancel();
      expect(await own.submit(() => "free").result()).toBe("free");
    });
  });

  describe("a cancelled task that goes on", () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-stuck-"));
    beforeAll(() => config.set({ "worker.timeouts.cancelled": 100 }));
    afterAll(() => {
      rmSync(folder, { recursive: true });
      config.pop("worker.timeouts.cancelled");
      config.pop("scheduler.allowed-failures");
    });

    test("takes along who shares its thread, and these are made again", async () => {
      // Nobody else is to blame for it.
      config.set({ "scheduler.allowed-failures": 0 });
      const mark = join(folder, "endless");
      await Client.with({ threads: 1, setAsDefault: false }, async (own) => {
        const go = new Event("go", { client: own });
        // Lends its slot to what goes on for ever.
        const waits = own.submit(async (event: Event) => {
          await event.wait();
          return "made again";
        }, go);
        const kept = own.submit(() => ["kept"]);
        await kept.result();
        const endless = own.submit((path: string) => {
          process.getBuiltinModule("node:fs").writeFileSync(path, "");
          for (;;);
        }, mark);
        while (!existsSync(mark)) await new Promise(setImmediate);
        await endless.cancel();
        expect(await own.submit((value: string[]) => value[0], kept).result()).toBe("kept");
        await go.set();
        expect(await waits.result()).toBe("made again");
      });
    });

    test("may end by itself where actors would end with its thread", async () => {
      class Counter {
        n = 0;

        increment(): number {
          this.n += 1;
          return this.n;
        }
      }
      await Client.with({ threads: 1, setAsDefault: false }, async (own) => {
        const counter = await own.options({ actor: true }).submit(Counter).result();
        expect(await counter.increment().result()).toBe(1);
        const mark = join(folder, "long");
        const long = own.submit((path: string) => {
          process.getBuiltinModule("node:fs").writeFileSync(path, "");
          const endMs = performance.now() + 500;
          while (performance.now() < endMs);
        }, mark);
        while (!existsSync(mark)) await new Promise(setImmediate);
        await long.cancel();
        expect(await counter.increment().result()).toBe(2);
      });
    });
  });

  test("an engine whose threads cannot start ends with the reason", async () => {
    const own = new Client({ threads: 1, threadHeapMb: 1, setAsDefault: false });
    await expect(own.submit(() => 1).result()).rejects.toThrow(
      /threads cannot start: .*memory limit/,
    );
  });
});
