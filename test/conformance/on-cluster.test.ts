/**
 * @file A sample of what the collections compute on a cluster of two processes, equal to what the
 * calling thread computes. Their whole suites run there in the full tier (`vitest.config.ts`).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as da from "../../dist/array/index.js";
import * as bags from "../../dist/bag/index.js";
import { DataFrame, fromRecords } from "../../dist/dataframe/index.js";
import { delayed } from "../../dist/delayed/index.js";
import { Client, config, LocalCluster } from "../../dist/index.js";

const sync = { scheduler: "sync" } as const;
let cluster: LocalCluster;
let client: Client;
beforeAll(async () => {
  cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, memoryLimit: "512MiB" });
  client = new Client(cluster);
  await client.ready;
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});

const people = Array.from({ length: 60 }, (_, i) => ({ id: i, team: i % 3, score: i / 4 }));

const cases = {
  "an array's reduction": () =>
    da.random
      .defaultRng(1)
      .normal(0, 1, [80, 90], { chunks: [30, 40] })
      .std({ axis: 0 }),
  "x + x.T by an exchange": () => {
    const x = da.random.defaultRng(2).random([90, 90], { chunks: [15, 90] });
    return x.add(x.T).rechunk([90, 15]).cumsum({ axis: 0 });
  },
  "a bag by key": () =>
    bags
      .range(300, { npartitions: 6 })
      .groupby((i: number) => i % 7, { npartitions: 3 })
      .map(([key, items]: [number, number[]]) => [key, items]),
  "a frame's groups and join": () => {
    const frame = fromRecords(people);
    const sums = frame.groupby("team").agg((r) => ({ total: r.score.sum() }));
    return frame.merge(sums, { on: "team" }).sortValues("id");
  },
  "a function on partitions of a frame": () =>
    fromRecords(people)
      .mapPartitions((part) => part.select("id"), { schema: { id: "int64" }, npartitions: 4 })
      .agg((r) => ({ total: r.id.sum() })),
  "delayed calls": () => {
    const add = delayed((a: number, b: number) => a + b);
    return add(add(1, 2), add(3, 4));
  },
};

describe("equal to the calling thread", () => {
  test.each(Object.entries(cases))("%s", async (name, make) => {
    config.set({ "array.rechunk.method": name.includes("exchange") ? "exchange" : "auto" });
    const lazy = make() as { compute(options: object): Promise<unknown> };
    const [here, there] = [await lazy.compute(sync), await lazy.compute({ scheduler: client })];
    expect(plain(there)).toEqual(plain(here));
  });
});

function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("toRecords" in value) return (value as { toRecords(): unknown }).toRecords();
  return "toArray" in value ? (value as { toArray(): unknown }).toArray() : value;
}

test("a frame kept on the cluster is read by both workers' tasks", async () => {
  const kept = await fromRecords(people)
    .mapPartitions((part) => part, { npartitions: 2 })
    .persist({ scheduler: client });
  expect(kept).toBeInstanceOf(DataFrame);
  const [{ n } = { n: 0 }] = (
    await kept.agg((r) => ({ n: r.id.count() })).compute({ scheduler: client })
  ).toRecords();
  expect(Number(n)).toBe(people.length);
});
