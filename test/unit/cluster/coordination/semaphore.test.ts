/** @file Semaphores on the embedded engine. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, Semaphore } from "../../../../dist/index.js";
import { startEngine } from "../../../support/engines.ts";
import { codeOf } from "../../../support/failures.ts";

let client: Client;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-semaphore-"));
  const started = await startEngine("embedded", 2, { memoryLimit: "128MiB" });
  client = started.client;
  return started.close;
});
afterAll(() => rmSync(folder, { recursive: true }));

test("of many tasks on threads, as many hold it as there are leases, and no more", async () => {
  const semaphore = new Semaphore({ maxLeases: 3, name: "tasks" });
  const tasks = client.options({ concurrency: 8 }).map(
    async (i: number, semaphore: Semaphore) => {
      return await semaphore.with(async () => {
        const mine = join(folder, String(i));
        writeFileSync(mine, "");
        const inside = readdirSync(folder).length;
        await new Promise((resolve) => setImmediate(resolve));
        rmSync(mine);
        return inside;
      });
    },
    Array.from({ length: 60 }, (_, i) => i),
    Array.from({ length: 60 }, () => semaphore),
  );
  expect(Math.max(...(await tasks.results()))).toBe(3);
  expect(await semaphore.getValue()).toBe(0);
  await semaphore.close();
});

test("an object may hold several leases, and gives them back one by one", async () => {
  const semaphore = new Semaphore({ maxLeases: 2, name: "several" });
  expect(await semaphore.acquire()).toBe(true);
  expect(await semaphore.acquire()).toBe(true);
  expect(await semaphore.acquire({ timeoutMs: 2 })).toBe(false);
  expect(await semaphore.getValue()).toBe(2);
  await semaphore.release();
  await using _hold = await new Semaphore({ maxLeases: 2, name: "several" }).hold();
  expect(await semaphore.getValue()).toBe(2);
  await semaphore.release();
  expect(await semaphore.getValue()).toBe(1);
  expect(await codeOf(semaphore.release())).toBe("InvalidArgument");
});

test("all who use a name must agree on the number of leases", async () => {
  const two = new Semaphore({ maxLeases: 2, name: "agree" });
  await two.acquire();
  const three = new Semaphore({ maxLeases: 3, name: "agree" });
  expect(await codeOf(three.acquire())).toBe("InvalidArgument");
  const waits = new Semaphore({ maxLeases: 2, name: "agree" });
  await waits.acquire();
  const waiting = codeOf(waits.acquire());
  expect(await waits.getValue()).toBe(2);
  await two.close();
  expect(await waiting).toBe("Cancelled");
  expect(await codeOf(two.release())).toBe("Lost");
  expect(await three.acquire()).toBe(true);
});

test.each<[string, () => unknown]>([
  ["no leases", () => new Semaphore({ maxLeases: 0 })],
  ["half a lease", () => new Semaphore({ maxLeases: 1.5 })],
  ["a misspelt option", () => new Semaphore({ leases: 1 } as never)],
  ["a lease of no time", () => new Semaphore({ leaseTimeoutMs: 0 }).acquire()],
])("%s is refused", async (_, make) => {
  expect(await codeOf((async () => await make())())).toBe("InvalidArgument");
});

test.each([Symbol("three"), Number.NaN, -1, 0, 1.5, "2", 2n, null, {}, Number.POSITIVE_INFINITY])(
  "%s leases are refused where they are given",
  (maxLeases) => {
    expect(() => new Semaphore({ maxLeases: maxLeases as number })).toThrow(
      expect.objectContaining({
        code: "InvalidArgument",
        message: expect.stringMatching(
          /^Semaphore: maxLeases is .*; it may be a whole number from 1/,
        ),
      }),
    );
  },
);
