/**
 * @file Lazy collections as ordinary values: captured by the functions of tasks, and given back by
 * them, on task threads.
 */

import { Client, compute, delayed } from "heddle";
import * as da from "heddle/array";
import { range } from "heddle/bag";
import { fromRecords } from "heddle/dataframe";
import { afterAll, describe, expect, test } from "vitest";

const client = new Client({ embedded: true });
afterAll(() => client.close());

const x = da.arange(10, { chunks: 5 });
const bag = range(4, { npartitions: 2 });
const frame = fromRecords([
  { k: "a", v: 1 },
  { k: "b", v: 2 },
]);

describe("captured", () => {
  test("a task computes an array, a bag, a frame and a delayed value from outside", async () => {
    const twice = delayed((n: number) => 2 * n, { name: "twice" })(21);
    const inside = async () => [
      await x.add(1).sum().compute(),
      await bag.sum().compute(),
      await frame.col("v").sum().compute(),
      await twice.compute(),
    ];
    expect(await client.submit(inside).result()).toEqual([55, 6, 3, 42]);
  });

  test("a delayed function is called inside a task", async () => {
    const half = delayed((n: number) => n / 2, { name: "half", pure: true });
    const inside = (n: number) => half(half(n));
    const quarter = await client.submit(inside, 12).result();
    expect(quarter.key).toMatch(/^half-/);
    expect(await quarter.compute({ scheduler: client })).toBe(3);
  });

  test("what the client holds is refused, with the way out", async () => {
    const kept = await x.persist({ scheduler: client });
    const inside = () => kept.sum().compute();
    expect(() => client.submit(inside)).toThrow(/persisted.*Pass the future or the collection/s);
  });
});

describe("given back", () => {
  test("delayed values made by tasks are gathered and then computed", async () => {
    const futures = client.map((n: number) => delayed((m: number) => 2 * m)(n), [1, 2, 3]);
    expect(await compute(...(await client.gather(futures)))).toEqual([2, 4, 6]);
  });

  test("collections keep their work, their parts and their keys", async () => {
    const sum = delayed(Math.max, { pure: true })(1, 2);
    const given = { x, bag, frame, item: bag.sum(), scalar: frame.col("v").max(), sum };
    const back = await client.submit(() => given).result();
    expect(back.x.chunks).toEqual(x.chunks);
    expect(back.x.lower().outputs[0]?.layer.name).toBe(x.lower().outputs[0]?.layer.name);
    expect(back.bag.npartitions).toBe(2);
    expect(back.frame.columns).toEqual(["k", "v"]);
    expect(back.sum.key).toBe(sum.key);
    const values = await compute(back.x.sum(), back.bag, back.frame.col("k"), back.item);
    expect(values.slice(0, 2)).toEqual([45, [0, 1, 2, 3]]);
    expect(await compute(back.item, back.scalar, back.sum)).toEqual([6, 2, 2]);
  });
});

test("a chain of calls is one task; a failure is its call's, with the user's error", async () => {
  const inc = delayed((n: number) => n + 1, { name: "inc" });
  const fails = delayed(
    async (n: number): Promise<number> => {
      throw new RangeError(`no ${n}`);
    },
    { name: "fails" },
  );
  const culprit = fails(inc(1));
  const error = await inc(inc(culprit))
    .compute({ scheduler: client })
    .catch((e: unknown) => e);
  expect(error).toMatchObject({
    code: "TaskFailed",
    message: `task ${culprit.key} failed: RangeError: no 2`,
    cause: expect.any(RangeError),
    fields: { key: culprit.key, attempts: 1 },
  });
  const { cause } = error as { cause: Error };
  expect(cause.stack).toMatch(/lazy-values\.test\.ts/);
  expect(await inc(inc(inc(1))).compute({ scheduler: client })).toBe(4);
});
