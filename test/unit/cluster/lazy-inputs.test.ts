/**
 * @file Delayed values and collections as arguments of submitted calls: computed on the engine,
 * once, and let go afterwards.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as da from "../../../dist/array/index.js";
import { range } from "../../../dist/bag/index.js";
import { fromRecords } from "../../../dist/dataframe/index.js";
import { Client, compute, delayed, isHeddleError } from "../../../dist/index.js";
import type { NDArray } from "../../../dist/ndarray/index.js";

let client: Client;
let folder: string;

beforeAll(async () => {
  client = new Client({ threads: 2, memoryLimit: "256MiB" });
  folder = mkdtempSync(join(tmpdir(), "heddle-lazy-"));
  await client.ready;
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true });
});

/** Leaves one file for each time that it runs. */
const counted = delayed(
  async (name: string): Promise<number> => {
    const { mkdirSync, writeFileSync } = await import("node:fs");
    mkdirSync(name, { recursive: true });
    writeFileSync(`${name}/${performance.now()}-${Math.random()}`, "");
    return 7;
  },
  { name: "counted" },
);
const runs = (name: string): number =>
  existsSync(join(folder, name)) ? readdirSync(join(folder, name)).length : 0;

const heldBytes = async (): Promise<number> =>
  Object.values((await client.schedulerInfo()).workers)[0]?.memoryBytes ?? Number.NaN;

describe("submit", () => {
  test("a delayed value arrives as its result", async () => {
    const inc = delayed((x: number) => x + 1);
    const future = client.submit((a: number, b: number) => a * b, inc(inc(1)), 10);
    expect(await future.result()).toBe(30);
  });

  test("arrays, bags, frames and their numbers arrive computed", async () => {
    const x = da.arange(10, { chunks: 3 });
    const frame = fromRecords([
      { k: "a", v: 1 },
      { k: "b", v: 2 },
    ]);
    const [array, sum, bag, rows] = await client.gather([
      client.submit((a: NDArray<"int64">) => [a.constructor.name, ...a.shape, a.sum()], x),
      client.submit((n: number) => n + 0.5, x.sum()),
      client.submit((items: number[]) => items.join(), range(4, { npartitions: 2 })),
      client.submit((n: number) => n, frame.col("v").sum()),
    ]);
    expect(array).toEqual(["NDArray", 10, 45]);
    expect(sum).toBe(45.5);
    expect(bag).toBe("0,1,2,3");
    expect(rows).toBe(3);
  });

  test("lazy values inside arrays, objects, maps and sets are found", async () => {
    const two = delayed(() => 2)();
    const x = da.ones(5, { chunks: 2 }).sum();
    const future = client.submit(
      (o: { list: number[]; map: Map<string, number>; set: Set<number> }) => [
        ...o.list,
        o.map.get("x"),
        ...o.set,
      ],
      {
        list: [two, 3, client.submit(() => 4)],
        map: new Map([["x", x as never]]),
        set: new Set([two as never]),
      } as never,
    );
    expect(await future.result()).toEqual([2, 3, 4, 5, 2]);
  });

  test("what a persisted collection holds is read, not computed again", async () => {
    const name = join(folder, "persisted");
    const kept = await counted(name).persist({ scheduler: client });
    const values = [1, 2].map((n) => client.submit((a: number, b: number) => a + b, kept, n));
    expect(await client.gather(values)).toEqual([8, 9]);
    expect(runs("persisted")).toBe(1);
  });

  test("one given to several calls of a turn is computed once", async () => {
    const one = counted(join(folder, "shared"));
    const calls = [1, 2, 3].map((n) => client.submit((a: number, b: number) => a + b, one, n));
    const mapped = client.map((a: number, b: number) => a - b, [one, one], [1, 2]);
    expect(await client.gather(calls)).toEqual([8, 9, 10]);
    expect(await mapped.results()).toEqual([6, 5]);
    expect(runs("shared")).toBe(1);
  });

  test("the input goes when the calls have read it; the result goes with its future", async () => {
    const before = await heldBytes();
    const x = da.ones([1000, 1000], { chunks: 500 });
    const sums = [0, 1].map((n) =>
      client.submit((a: NDArray<"float64">, m: number) => (a.sum() as number) + m, x, n),
    );
    expect(await client.gather(sums)).toEqual([1e6, 1e6 + 1]);
    await expect.poll(heldBytes).toBeLessThan(before + 1e6);
    for (const sum of sums) sum.release();
  });

  test("equal calls over equal collections are one task", () => {
    const make = () => client.submit((n: number) => n, da.arange(6, { chunks: 2 }).sum());
    expect(make().key).toBe(make().key);
    const other = client.submit((n: number) => n, da.arange(7, { chunks: 2 }).sum());
    expect(other.key).not.toBe(make().key);
  });

  test("a failing collection fails the call, naming the culprit", async () => {
    const bad = delayed(
      (): number => {
        throw new RangeError("no value");
      },
      { name: "bad" },
    )();
    const future = client.submit((x: number) => x, bad);
    const error = await future.exception();
    expect(isHeddleError(error, "TaskFailed")).toBe(true);
    expect(error?.message).toMatch(/task bad-.*no value/);
  });

  test("what cannot be computed here fails the call with the reason", async () => {
    const { createServer } = await import("node:net");
    const server = createServer();
    const lost = client.submit((x: boolean) => x, delayed(() => server.listening)());
    await expect(lost.result()).rejects.toThrow(/"server" is a Server/);
    const other = new Client({ threads: 1, setAsDefault: false });
    const kept = await da.ones(3).persist({ scheduler: other });
    const foreign = client.submit((x: unknown) => x, kept);
    await expect(foreign.result()).rejects.toThrow(/persisted by another client/);
    await other.close();
  });
});

describe("map", () => {
  test("lists of delayed values and of collections", async () => {
    const inc = delayed((x: number) => x + 1);
    const tens = client.map((x: number) => 10 * x, [inc(0), inc(1), inc(2)]);
    expect(await tens.results()).toEqual([10, 20, 30]);
    const x = da.arange(9, { chunks: 4 });
    const sizes = client.map((a: NDArray<"int64">) => a.size, [x.at("::2"), x.at("3:")]);
    expect(await sizes.results()).toEqual([5, 6]);
  });

  test("futures, lazy and plain values may stand in one list, nested too", async () => {
    const future = client.submit(() => 1);
    const mixed = client.map((x: number) => x + 1, [future, 5, delayed(() => 9)()]);
    expect(await mixed.results()).toEqual([2, 6, 10]);
    expect(mixed.at(1)?.key).toMatch(/\[1\]$/);
    const nested = client.map((p: { v: number }) => p.v, [{ v: future }, { v: 3 }]);
    expect(await nested.results()).toEqual([1, 3]);
  });

  test("a collection beside the lists goes to every task", async () => {
    const total = da.arange(5).sum();
    const future = client.map((i: number, t: number) => t - i, [1, 2], [total, total]);
    expect(await future.results()).toEqual([9, 8]);
  });
});

describe("lists of futures", () => {
  test("stand for the array of their results in delayed calls, nested too", async () => {
    const squares = client.map((x: number) => x * x, [1, 2, 3]);
    const sum = delayed((xs: number[]) => xs.reduce((a, b) => a + b, 0), { name: "sum" });
    expect(await sum(squares).compute({ scheduler: client })).toBe(14);
    const first = delayed((o: { xs: number[]; y: number }) => (o.xs[0] ?? 0) + o.y);
    const nested = first({ xs: squares, y: client.submit(() => 5) });
    expect(await nested.compute()).toBe(6);
    const scattered = client.scatter([10, 20]);
    expect(await compute(sum(scattered), sum(squares))).toEqual([30, 14]);
  });

  test("are held while a delayed value needs them", async () => {
    const length = delayed((xs: string[]) => xs.join(""));
    const text = (() => length(client.map((s: string) => s.repeat(40), ["a", "b"])))();
    await new Promise(setImmediate);
    (globalThis as { gc?: () => void }).gc?.();
    expect((await text.compute({ scheduler: client })).length).toBe(80);
  });

  test("nested in the arguments of submit", async () => {
    const futures = client.map((x: number) => x + 1, [1, 2]);
    const value = client.submit((o: { xs: number[] }) => o.xs, { xs: futures });
    expect(await value.result()).toEqual([2, 3]);
  });
});
