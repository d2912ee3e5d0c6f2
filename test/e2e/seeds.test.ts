/**
 * @file What the programs of Dask's courses and notebooks do, on the engine as users find it:
 * nothing is set up unless a test says so. Faults of those programs (one chunk whatever was asked
 * for) are shown mended.
 */

import { Client, compute, delayed, getClient, isHeddleError } from "heddle";
import * as da from "heddle/array";
import { fromDelayed as bagOf, fromSequence } from "heddle/bag";
import { fromDelayed as frameOf } from "heddle/dataframe";
import * as nd from "heddle/ndarray";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const valuesOf = async (x: { compute(): Promise<unknown> }): Promise<unknown> => {
  const value = await x.compute();
  return nd.isNDArray(value) ? value.toArray() : value;
};

describe("arrays", () => {
  test("one axis takes its size and its chunks as plain integers", async () => {
    const labels = da.random.randint(0, 10, { size: 100_000, chunks: 1000 });
    expect(labels.shape).toEqual([100_000]);
    expect(labels.npartitions).toBe(100);
    const [low, high, kinds] = await compute(labels.min(), labels.max(), labels.dtype);
    expect([low, high, kinds]).toEqual([0, 9, "int64"]);
  });

  test("a condition becomes float32, chunk by chunk", async () => {
    const x = da.random.defaultRng(1).random([400, 30], { chunks: [100, 30] });
    const spikes = x.lt(0.1).astype("float32");
    expect([spikes.dtype, spikes.chunks]).toEqual(["float32", x.chunks]);
    const local = await spikes.compute();
    expect(local.dtype).toBe("float32");
    expect(await spikes.mean().compute()).toBeCloseTo(0.1, 1);
    expect(new Set(local.ravel().toArray() as number[])).toEqual(new Set([0, 1]));
  });

  test("stack makes an axis, and the grid grows along it", async () => {
    const [a, b] = [da.arange(4, { chunks: 2 }), da.arange(4, { chunks: 2 }).mul(10)];
    const stacked = da.stack([a, b], { axis: 1 });
    expect(stacked.chunks).toEqual([
      [2, 2],
      [1, 1],
    ]);
    expect(await valuesOf(stacked)).toEqual([
      [0, 0],
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
  });

  test("concatenate joins, and refuses arrays of other ranks", async () => {
    const both = da.concatenate([da.ones([2, 3]), da.zeros([1, 3])], { axis: 0 });
    expect(both.chunks).toEqual([[2, 1], [3]]);
    expect(await valuesOf(both)).toEqual([
      [1, 1, 1],
      [1, 1, 1],
      [0, 0, 0],
    ]);
    expect(() => da.concatenate([da.ones([4, 6, 9]), da.ones([4, 9])], { axis: 1 })).toThrow(
      /number of axes \(3 and 2 given\)/,
    );
  });

  test("compute gives the local value: an array, or a number without axes", async () => {
    const x = da.arange(6, { chunks: 4 });
    const promise = x.compute();
    expect(promise).toBeInstanceOf(Promise);
    expect(nd.isNDArray(await promise)).toBe(true);
    expect(await x.sum().compute()).toBe(15);
  });

  test("(x + x.T).sum() after persist", async () => {
    const x = da.random.defaultRng(3).random([100, 100], { chunks: [10, 10] });
    const y = await x.add(x.T).persist();
    expect(await y.sum().compute()).toBeCloseTo(2 * (await x.sum().compute()), 8);
    expect(y.graph.layers.map(({ kind }) => kind)).toEqual(["held"]);
  });

  test("pi has as many chunks as were asked for, and they draw different points", async () => {
    const estimate = (runs: number, chunks: number) => {
      const rng = da.random.defaultRng(5);
      const [x, y] = [rng.uniform(-1, 1, runs, { chunks }), rng.uniform(-1, 1, runs, { chunks })];
      return x.pow(2).add(y.pow(2)).lt(1).mean().mul(4);
    };
    for (const parts of [1, 32, 128]) {
      const pi = estimate(1_000_000, Math.ceil(1_000_000 / parts));
      const draws = pi.graph.layers.filter(({ kind }) => kind === "source");
      expect(draws.map(({ count }) => count)).toEqual([parts, parts]);
      expect(Math.abs((await pi.compute()) - Math.PI)).toBeLessThan(0.01);
    }
  });
});

describe("from one kind to another, without gathering", () => {
  test("arrays, frames, bags, delayed values and futures", async () => {
    const client = new Client({ embedded: true });
    const load = delayed((n: number) => [n, n + 1], { name: "load" });
    const schema = { v: "float64" };

    const fromDelayed = da.fromDelayed(load(1), [2]);
    const fromFuture = da.fromDelayed(
      client.submit(() => [5, 6]),
      [2],
    );
    expect(await compute(fromDelayed.sum(), fromFuture.sum())).toEqual([3, 11]);
    expect(da.ones([4], { chunks: 2 }).toDelayed()).toHaveLength(2);

    const bag = bagOf([load(1), load(3)]);
    expect(await valuesOf(bag)).toEqual([1, 2, 3, 4]);
    expect(await compute(...bag.toDelayed())).toEqual([
      [1, 2],
      [3, 4],
    ]);

    const frame = frameOf([delayed(() => ({ v: [1, 2] }))(), delayed(() => [{ v: 3 }])()], {
      schema,
    });
    expect(
      await frame
        .col("v" as never)
        .sum()
        .compute(),
    ).toBe(6);
    expect(frame.toDelayed()).toHaveLength(2);
    const array = await frame.toDaskArray();
    expect(await array.sum().compute()).toBe(6);
    const rows = await frame.toBag();
    expect(await rows.count().compute()).toBe(3);
    const back = await fromSequence([{ v: 1 }, { v: 2 }]).toDataFrame();
    expect(await back.col("v").max().compute()).toBe(2);
    await client.close();
  });

  test("a lazy slice given to a task arrives as a local array", async () => {
    const data = da.arange(40, { chunks: 10 }).reshape([10, 4]);
    const train = delayed((batch: nd.NDArray, labels: nd.NDArray) => [
      nd.isNDArray(batch),
      batch.shape,
      labels.sum(),
    ]);
    const steps = [0, 5].map((i) => {
      const rows = da.slice(i, i + 5);
      return train(data.at(rows, ":") as never, data.at(rows, 0) as never);
    });
    expect(await compute(...steps)).toEqual([
      [true, [5, 4], 40],
      [true, [5, 4], 140],
    ]);
  });
});

describe("clients", () => {
  let client: Client;
  beforeAll(() => {
    client = new Client({ embedded: true });
  });
  afterAll(() => client.close());

  test("one used by Client.with is closed at the end, by `await using` too", async () => {
    let used: Client | undefined;
    const total = await Client.with({ embedded: true }, async (inner) => {
      used = inner;
      return await inner.submit((a: number, b: number) => a + b, 1, 2).result();
    });
    expect(total).toBe(3);
    const late = await (async () => used?.submit(() => 1).result())().catch((e: unknown) => e);
    expect(isHeddleError(late, "CommClosed")).toBe(true);
    let other: Client;
    {
      await using scoped = new Client({ embedded: true });
      other = scoped;
      expect(await scoped.submit(() => 1).result()).toBe(1);
    }
    const after = await (async () => other.submit(() => 1).result())().catch((e: unknown) => e);
    expect(isHeddleError(after, "CommClosed")).toBe(true);
  });

  test("getClient in the main program, in a class, and inside a task", async () => {
    class Trainer {
      readonly client = getClient();
      train(n: number) {
        return this.client.submit((x: number) => x * x, n).result();
      }
    }
    expect(new Trainer().client).toBe(client);
    expect(await new Trainer().train(7)).toBe(49);
    const inside = client.submit(async (n: number) => {
      const own = getClient();
      return await own.gather(own.map((x: number) => x + 1, [1, n]));
    }, 5);
    expect(await inside.result()).toEqual([2, 6]);
  });

  test("lambdas take their captures along, bound methods their object", async () => {
    const factor = 3;
    expect(await client.submit((x: number) => x * factor, 5).result()).toBe(15);
    class Scale {
      readonly by: number;
      constructor(by: number) {
        this.by = by;
      }
      apply(x: number): number {
        return x * this.by;
      }
    }
    const scale = new Scale(4);
    expect(await client.submit(scale.apply.bind(scale), 5).result()).toBe(20);
  });

  test("scatter takes one value or a list; tasks read what was broadcast", async () => {
    const matrix = nd.ones([50, 50]);
    const kept = await client.scatter(matrix, { broadcast: true });
    const traces = client.map(
      (m: nd.NDArray, c: number) => c * (m.sum() as number),
      [kept, kept],
      [1, 2],
    );
    expect(await client.gather(traces)).toEqual([2500, 5000]);
    expect(Object.values(await client.whoHas(kept))[0]).toHaveLength(1);
    const list = await client.scatter([1, 2, 3]);
    expect(list).toHaveLength(3);
    expect(await client.gather(list)).toEqual([1, 2, 3]);
  });

  test("what waits for the engine gives a promise, the rest a future at once", async () => {
    const future = client.submit((x: number) => x, 1);
    const sum = da.ones(2).sum();
    for (const one of [future, client.scatter(1), client.compute(sum)])
      expect(one).not.toBeInstanceOf(Promise);
    const remote = [
      future.result(),
      future.exception(),
      client.gather([future]),
      client.whoHas(future),
      client.schedulerInfo(),
      client.compute(sum, { sync: true }),
      client.persist(sum),
      da.ones(2).persist(),
    ];
    expect(remote.map((one) => one instanceof Promise)).toEqual(remote.map(() => true));
    await Promise.all(remote);
  });
});

test("local arrays have what tasks of the courses use", async () => {
  const work = delayed((n: number) => {
    const m = nd.defaultRng(0).random([n, n]) as nd.NDArray<"float64">;
    const square = nd.matmul(m, m);
    const joined = nd.concatenate([m, square]);
    return {
      trace: nd.trace(square),
      spread: [m.max() as number, m.min() as number, m.mean() as number, m.std() as number],
      clipped: (m.clip?.(0, 0.5) ?? nd.clip(m, 0, 0.5)).max(),
      at: nd.argmin(m.ravel()),
      where: nd.where(m.gt(2), 1, 0).sum(),
      exp: nd.exp(nd.zeros([2])).toArray(),
      rows: joined.shape[0],
    };
  });
  const result = await work(20).compute();
  const [high, low, mean, std] = result.spread as [number, number, number, number];
  expect(high).toBeLessThan(1);
  expect(low).toBeGreaterThanOrEqual(0);
  expect(mean).toBeCloseTo(0.5, 1);
  expect(std).toBeCloseTo(Math.sqrt(1 / 12), 1);
  expect(result.trace).toBeGreaterThan(0);
  expect([result.clipped, result.where, result.exp, result.rows]).toEqual([0.5, 0, [1, 1], 40]);
  expect(result.at).toBeLessThan(400);
});
