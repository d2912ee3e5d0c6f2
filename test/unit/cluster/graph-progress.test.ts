/** @file What those who watch hear of calls, computed and persisted collections. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { feed, type GroupCounts, progress, RunSummary } from "../../../dist/diagnostics/index.js";
import { Client, delayed, wait } from "../../../dist/index.js";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 2 });
});
afterAll(() => client.close());

const inc = delayed((x: number) => x + 1, { name: "inc" });
const total = delayed((xs: number[]) => xs.reduce((a, b) => a + b, 0), { name: "total" });
const fail = delayed(
  (_: unknown): number => {
    throw new Error("no");
  },
  { name: "fail" },
);

describe("the graph behind a future", () => {
  test("is counted by the names of its functions", async () => {
    const future = client.compute(total([inc(1), inc(2), inc(3)]));
    await wait(future);
    expect(await future.counter?.counts()).toEqual([
      { name: "inc", total: 3, done: 3, failed: 0 },
      { name: "total", total: 1, done: 1, failed: 0 },
    ]);
  });

  test("failures count with all that depends on them", async () => {
    const future = client.compute(total([inc(4), fail(inc(5))]), { fuse: false });
    await wait(future);
    const counts = (await future.counter?.counts()) as GroupCounts[];
    expect(Object.fromEntries(counts.map((c) => [c.name, [c.done, c.failed]]))).toEqual({
      inc: [2, 0],
      fail: [0, 1],
      total: [0, 1],
    });
  });

  test("progress ends with the graph, for futures and persisted collections", async () => {
    const bad = client.compute(fail(6));
    const kept = await client.persist(total([inc(7), inc(8)]));
    await progress(
      bad,
      kept,
      client.map((x: number) => x, [1, 2]),
    );
    expect(bad.status).toBe("error");
    expect(await kept.compute()).toBe(17);
  });
});

describe("the feed", () => {
  test("hears of calls, maps and persisted collections, and of their failures", async () => {
    const summary = new RunSummary(feed);
    const double = (x: number): number => {
      if (x === 3) throw new RangeError("three");
      return 2 * x;
    };
    const list = client.map(double, [0, 1, 2, 3]);
    await wait(list);
    const one = client.options({ pure: false }).submit(double, 5);
    await one.result();
    await (await client.persist(inc(40))).compute();
    await expect.poll(() => summary.groups.length).toBe(2);
    const groups = Object.fromEntries(summary.groups.map((g) => [g.name, g]));
    expect(groups["double"]).toMatchObject({ total: 5, done: 4, failed: 1 });
    expect(groups["inc"]).toMatchObject({ total: 1, done: 1, failed: 0 });
    expect(summary.failures).toBe(1);
    summary.close();
  });

  test("a computation that is watched ends when its client closes", async () => {
    const ended: string[] = [];
    const stop = feed.listen({ onFinish: (_, { status }) => ended.push(status) });
    const other = new Client({ threads: 1, setAsDefault: false });
    other.submit(() => new Promise(() => undefined));
    await other.schedulerInfo();
    await other.close();
    expect(ended).toHaveLength(1);
    stop();
  });
});
