/** @file Waiting for futures no longer than so long. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, isHeddleError, wait } from "../../../dist/index.js";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 1 });
});
afterAll(() => client.close());

/** A task that ends when the cell is set, and what sets it. */
function gated(): { task: () => Promise<number>; open: () => void } {
  const port = new BroadcastChannel("heddle-timeout-test");
  port.unref();
  const task = async (): Promise<number> =>
    await new Promise((resolve) => {
      const own = new BroadcastChannel("heddle-timeout-test");
      own.onmessage = () => {
        own.close();
        resolve(5);
      };
    });
  return { task, open: () => port.postMessage("go") };
}

test("result and wait reject with Timeout, and the task goes on", async () => {
  const { task, open } = gated();
  const future = client.options({ pure: false }).submit(task);
  const late = await future.result({ timeoutMs: 1 }).catch((error: unknown) => error);
  expect(isHeddleError(late, "Timeout")).toBe(true);
  expect((late as Error).message).toContain(future.key);
  const more = client.map((_: number, x: number) => x, [1, 2], [future, future]);
  await expect(more.results({ timeoutMs: 1 })).rejects.toThrow(/2 futures did not end within 1 ms/);
  await expect(wait([future], { timeoutMs: 1 })).rejects.toMatchObject({ code: "Timeout" });
  const timer = setInterval(open, 5);
  expect(await future.result({ timeoutMs: 60_000 })).toBe(5);
  clearInterval(timer);
  expect(await more.results({ timeoutMs: 60_000 })).toEqual([5, 5]);
  expect((await wait(future, { timeoutMs: Number.POSITIVE_INFINITY })).done).toEqual([future]);
});

test("nonsense is refused", async () => {
  const future = client.submit(() => 1);
  await expect(future.result({ timeoutMs: -1 })).rejects.toThrow(/timeoutMs is -1/);
  await expect(future.result({ timeout: 1 } as never)).rejects.toThrow(/did you mean "timeoutMs"/);
  const futures = client.map((x: number) => x, [1]);
  await expect(futures.results({ timeoutMs: "1" } as never)).rejects.toThrow(/timeoutMs is 1/);
  await expect(futures.results({ timeout: 1 } as never)).rejects.toThrow(
    /did you mean "timeoutMs"/,
  );
});
