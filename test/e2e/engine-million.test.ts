/** @file A map of a million tasks, each its own argument, key, state, result and possible error. */

import { Client, type Future, type HeddleError } from "heddle";
import { expect, test } from "vitest";

const COUNT = 1_000_000;

test("a million tasks: ten fail, ten are cancelled, every transition is counted", async () => {
  const failing = Array.from({ length: 10 }, (_, i) => 12_345 + 98_765 * i);
  const cancelled = Array.from({ length: 10 }, (_, i) => COUNT - 1 - 7 * i);
  const bad = new Set(failing);
  await Client.with({ threads: 2, memoryLimit: "1GiB" }, async (client) => {
    await client.ready;
    const transitions = async (): Promise<number> => (await client.schedulerInfo()).transitions;
    expect(await transitions()).toBe(0);
    const list = client.map(
      (x: number): number => {
        if (bad.has(x)) throw new RangeError(`no ${x}`);
        return 3 * x;
      },
      Array.from({ length: COUNT }, (_, i) => i),
    );
    const at = (i: number): Future<number> => list.at(i) as Future<number>;
    const handles = cancelled.map(at);
    await client.cancel(handles);
    const outcomes = await Promise.all(
      cancelled.map((_, i) => handles[i]?.result().catch((error: HeddleError) => error.code)),
    );
    expect(outcomes).toEqual(cancelled.map(() => "Cancelled"));
    for (let i = 3; i < COUNT; i += 1009) {
      if (bad.has(i) || cancelled.includes(i)) continue;
      using future = at(i);
      expect(await future.result()).toBe(3 * i);
    }
    for (const i of failing) {
      using future = at(i);
      const error = await future.exception();
      expect(error?.message).toContain(`RangeError: no ${i}`);
      expect(error?.message).toContain(`[${i}]`);
    }
    await expect.poll(() => list.doneCount, { timeout: 60_000 }).toBe(COUNT);
    // Waiting, queued, leased, and memory or erred; a cancelled one was let go on the way.
    const computed = await transitions();
    expect(Math.abs(computed - 4 * COUNT)).toBeLessThanOrEqual(10);
    for (const handle of handles) handle.release();
    list.release();
    await client.submit(() => 0).result();
    const forgotten = (await transitions()) - computed;
    // A value is released and forgotten, a failure forgotten; then there is the last task.
    expect(Math.abs(forgotten - (2 * (COUNT - 20) + 10 + 10 + 4))).toBeLessThanOrEqual(4);
  });
});
