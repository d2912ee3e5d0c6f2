/** @file Locks on the embedded engine: between programs, and between tasks on threads. */
import { mkdtempSync, openSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, Event, Lock, MultiLock } from "../../../../dist/index.js";
import { startEngine } from "../../../support/engines.ts";
import { codeOf } from "../../../support/failures.ts";

let client: Client;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-lock-"));
  const started = await startEngine("embedded", 2, { memoryLimit: "128MiB" });
  client = started.client;
  return started.close;
});
afterAll(() => rmSync(folder, { recursive: true }));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Fails when somebody else does the same at the same time. */
async function alone(path: string): Promise<void> {
  openSync(path, "wx");
  await turn();
  unlinkSync(path);
}

describe("Lock", () => {
  test("of many tasks on threads, one holds it at a time", async () => {
    const lock = new Lock("tasks");
    const path = join(folder, "one");
    const tasks = client.map(
      async (i: number, lock: Lock) => {
        await lock.with(() => alone(path));
        return i;
      },
      Array.from({ length: 60 }, (_, i) => i),
      Array.from({ length: 60 }, () => lock),
    );
    expect(await tasks.results()).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(await lock.locked()).toBe(false);
  });

  test("may be captured by a task, and found by its name within one", async () => {
    const lock = new Lock("captured");
    await lock.acquire();
    const captured = client.submit(async () => await lock.acquire({ blocking: false }));
    const named = client.submit(async () => await new Lock("captured").acquire({ timeoutMs: 0 }));
    expect(await client.gather([captured, named])).toEqual([false, false]);
    await lock.release();
  });

  test("tasks that wait for it leave their slots to others", async () => {
    const lock = new Lock("slots");
    await lock.acquire();
    const waiting = client.map(
      async (_: number) => {
        await using _hold = await lock.hold();
        return "had it";
      },
      [1, 2, 3, 4, 5, 6],
    );
    // There are two threads: this one runs only while the others hold no slot.
    const other = client.submit(() => "ran");
    expect(await other.result()).toBe("ran");
    expect(waiting.doneCount).toBe(0);
    await lock.release();
    expect(await waiting.results()).toEqual(Array(6).fill("had it"));
  });

  test("is held by who acquired it, and released once for each time", async () => {
    const [one, two] = [new Lock("once"), new Lock("once")];
    expect(await one.acquire()).toBe(true);
    expect(await two.acquire({ timeoutMs: 5 })).toBe(false);
    expect(await codeOf(two.release())).toBe("InvalidArgument");
    expect(await one.locked()).toBe(true);
    await one.release();
    expect(await codeOf(one.release())).toBe("InvalidArgument");
    expect(await two.acquire()).toBe(true);
    await two[Symbol.asyncDispose]();
    expect(await one.locked()).toBe(false);
  });

  test("comes back when what runs with it throws, and when it is no function", async () => {
    const lock = new Lock("throws");
    const thrown = lock.with(() => {
      throw new RangeError("no");
    });
    await expect(thrown).rejects.toThrow(RangeError);
    expect(await codeOf(lock.with("x" as never))).toBe("InvalidArgument");
    expect(await lock.locked()).toBe(false);
    await lock.acquire();
    expect(await codeOf(lock.with(() => 1, { timeoutMs: 1 }))).toBe("Timeout");
    await lock.release();
  });

  test("a wait that is called off leaves the queue", async () => {
    const lock = new Lock("aborted");
    await lock.acquire();
    const stop = new AbortController();
    const waiting = lock.acquire({ signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await lock.release();
    expect(await lock.locked()).toBe(false);
  });

  test("a client that closes gives back what it holds, and waits no longer", async () => {
    const other = new Client({ embedded: true, setAsDefault: false });
    const third = new Client({ embedded: true, setAsDefault: false });
    const mine = new Lock("closing", { client: third });
    const theirs = new Lock("closing", { client: other });
    await theirs.acquire();
    const waiting = mine.acquire();
    const again = codeOf(theirs.acquire());
    await other.close();
    expect(await waiting).toBe(true);
    expect(await again).toBe("CommClosed");
    expect(await codeOf(theirs.locked())).toBe("CommClosed");
    await third.close();
  });

  test("a thread that dies gives back what its tasks held", async () => {
    const lock = new Lock("dies");
    const task = client.submit(async () => {
      await lock.acquire();
      process.exit(3);
    });
    expect(await codeOf(task.result())).toBe("KilledWorker");
    expect(await lock.acquire()).toBe(true);
    await lock.release();
  });

  test("a task that ends without releasing it gives it back", async () => {
    const ways = [
      async () => void (await new Lock("ends").acquire()),
      async () => {
        await new Lock("ends").acquire();
        throw new RangeError("no");
      },
      // Not asynchronous: it ends before it has the lock.
      () => void new Lock("ends").acquire(),
      () => void new Lock("ends").acquire(),
    ];
    for (const way of ways) await client.submit(way).exception();
    const lock = new Lock("ends");
    expect(await lock.acquire()).toBe(true);
    await lock.release();
  });

  test("a task that is cancelled while it waits is not given the lock", async () => {
    const [lock, isHere] = [new Lock("cancelled"), new Event("here")];
    await lock.acquire();
    const task = client.submit(async () => {
      await isHere.set();
      await lock.acquire();
    });
    await isHere.wait();
    await task.cancel();
    await lock.release();
    expect(await new Lock("cancelled").acquire()).toBe(true);
  });

  test.each<[string, () => unknown]>([
    ["an empty name", () => new Lock("")],
    ["no text as a name", () => new Lock(7 as never)],
    ["a misspelt option", () => new Lock("x", { leaseTimeout: 1 } as never)],
    ["no names", () => new MultiLock([])],
    ["one text as names", () => new MultiLock("ab" as never)],
    ["an option of acquire", () => new Lock("x").acquire({ timeout: 1 } as never)],
    ["a timeout without waiting", () => new Lock("x").acquire({ blocking: false, timeoutMs: 1 })],
    ["a negative timeout", () => new Lock("x").acquire({ timeoutMs: -1 })],
    ["too many of the names", () => new MultiLock(["a"]).acquire({ numLocks: 2 })],
  ])("%s is refused", async (_, make) => {
    expect(await codeOf((async () => await make())())).toBe("InvalidArgument");
  });
});

describe("MultiLock", () => {
  test("tasks that want the same locks in another order all get them", async () => {
    const names = ["a", "b", "c"].map((name) => join(folder, name));
    const tasks = client.map(
      async (i: number) => {
        const order = [...names.slice(i % 3), ...names.slice(0, i % 3)].slice(0, 2);
        await new MultiLock(order).with(async () => {
          await Promise.all(order.map(alone));
        });
        return i;
      },
      Array.from({ length: 30 }, (_, i) => i),
    );
    expect((await tasks.results()).length).toBe(30);
  });

  test("excludes the locks of its names, and takes as many as are needed", async () => {
    const [x, y] = [new Lock("x"), new Lock("y")];
    const both = new MultiLock(["x", "y"]);
    await x.acquire();
    expect(await both.acquire({ blocking: false })).toBe(false);
    expect(both.locked()).toBe(false);
    expect(await both.acquire({ numLocks: 1 })).toBe(true);
    expect([both.locked(), await y.locked()]).toEqual([true, true]);
    await both.release();
    expect(await y.locked()).toBe(false);
    await x.release();
    await using hold = await both.hold();
    expect(await x.acquire({ timeoutMs: 0 })).toBe(false);
    expect(hold.lost.aborted).toBe(false);
  });
});
