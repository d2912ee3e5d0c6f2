/** @file Collections that are published: other clients get them over the same values. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as da from "../../../../dist/array/index.js";
import { type Bag, fromSequence } from "../../../../dist/bag/index.js";
import { type DataFrame, fromRecords } from "../../../../dist/dataframe/index.js";
import {
  Client,
  type Delayed,
  delayed,
  LocalCluster,
  Queue,
  wait,
} from "../../../../dist/index.js";

type Shared = {
  readonly array: da.DistArray<"float64">;
  readonly bag: Bag<number>;
  readonly rows: DataFrame<{ x: number }>;
  readonly call: Delayed<number>;
};

describe.each(["embedded", "processes"] as const)("clients of %s", (engine) => {
  let client: Client;
  let other: Client;
  let cluster: LocalCluster | undefined;

  beforeAll(async () => {
    if (engine === "processes") {
      cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
    }
    client = new Client(cluster ?? { threads: 2 });
    await client.ready;
    const access = (client as unknown as { readonly limits: never }).limits;
    other = new Client({ engine: cluster?.engine ?? access });
    await other.ready;
  });
  afterAll(async () => {
    await other.close();
    await client.close();
    await cluster?.close();
  });

  const stamp = (block: number[]): number[] => block.map((x) => x + performance.now());
  const make = (): Shared => ({
    array: da.ones([40, 40], { chunks: 20 }).mul(3) as never,
    bag: fromSequence([1, 2, 3, 4], { npartitions: 2 }).mapPartitions(stamp),
    rows: fromRecords([{ x: 1 }, { x: 5 }]),
    call: delayed((a: number) => a + 1)(41),
  });
  const compute = async ({ array, bag, rows, call }: Shared): Promise<unknown[]> => [
    await array.sum().compute({ scheduler: other }),
    await bag.sum().compute({ scheduler: other }),
    await rows.col("x").sum().compute({ scheduler: other }),
    await call.compute({ scheduler: other }),
  ];

  test("persisted ones are the same values there, and stay", async () => {
    const lazy = make();
    const [array, bag, rows, call] = await client.persist([
      lazy.array,
      lazy.bag,
      lazy.rows,
      lazy.call,
    ]);
    await wait(client.futuresOf([array, bag, rows, call]));
    const sum = await bag.sum().compute({ scheduler: client });
    await client.publishDataset("all", { array, bag, rows, call });
    const shared = (await other.getDataset("all")) as Shared;
    // The clock would say something else if it were read again.
    expect(await compute(shared)).toEqual([4800, sum, 6, 42]);
    const again = await bag.sum().compute({ scheduler: client });
    expect(again).toBe(sum);
    expect(await client.unpublishDataset("all")).toBe(true);
    expect(await compute(shared)).toEqual([4800, sum, 6, 42]);
  });

  test("lazy ones are computed by whoever gets them, also out of a queue", async () => {
    const lazy = make();
    await client.publishDataset("lazy", [lazy.array, lazy.call]);
    const [array, call] = (await other.getDataset("lazy")) as [Shared["array"], Shared["call"]];
    expect(await array.mean().compute({ scheduler: other })).toBe(3);
    expect(await call.compute({ scheduler: other })).toBe(42);
    const [kept] = await client.persist([lazy.array]);
    await new Queue("arrays", { client }).put(kept.add(1));
    const taken = (await new Queue("arrays", { client: other }).get()) as Shared["array"];
    expect(await taken.max().compute({ scheduler: other })).toBe(4);
  });

  test("one that another client has persisted is refused", async () => {
    const [kept] = await client.persist([da.ones([4], { chunks: 2 })]);
    await expect(other.publishDataset("theirs", kept)).rejects.toThrow(/by another client/);
  });
});
