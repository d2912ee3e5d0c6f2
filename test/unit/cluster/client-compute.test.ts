/** @file `client.compute` and `client.persist`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as da from "../../../dist/array/index.js";
import { range } from "../../../dist/bag/index.js";
import { Client, delayed, Future, isHeddleError } from "../../../dist/index.js";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 2 });
});
afterAll(() => client.close());

const inc = delayed((x: number) => x + 1, { name: "inc" });

describe("compute", () => {
  test("gives a future at once; a list gives futures", async () => {
    const future = client.compute(da.ones([4, 4], { chunks: 2 }).sum());
    expect(future).toBeInstanceOf(Future);
    expect(await future.result()).toBe(16);
    const [one, items] = client.compute([inc(1), range(3, { npartitions: 2 })]);
    expect(await one.result()).toBe(2);
    expect(await items.result()).toEqual([0, 1, 2]);
    expect(client.compute([])).toEqual([]);
  });

  test("the future is an argument like any other, and has the delayed value's key", async () => {
    const lazy = inc(5);
    const future = client.compute(lazy);
    expect(future.key).toBe(lazy.key);
    expect(await client.submit((x: number) => 2 * x, future).result()).toBe(12);
    expect(await inc(future).compute()).toBe(7);
  });

  test("with sync the values", async () => {
    expect(await client.compute(inc(1), { sync: true })).toBe(2);
    expect(await client.compute([inc(1), inc(2)], { sync: true })).toEqual([2, 3]);
  });

  test("options reach the tasks, except those that have their own", async () => {
    const { mkdtempSync, readdirSync, rmSync } = await import("node:fs");
    const folder = mkdtempSync("/tmp/heddle-compute-");
    const flaky = delayed(async (dir: string): Promise<number> => {
      const fs = await import("node:fs");
      const tries = fs.readdirSync(dir).length + 1;
      fs.writeFileSync(`${dir}/${tries}`, "");
      if (tries <= 2) throw new Error(`try ${tries}`);
      return tries;
    });
    expect(await client.compute(flaky(folder), { retries: 2 }).result()).toBe(3);
    expect(readdirSync(folder)).toHaveLength(3);
    rmSync(folder, { recursive: true });
  });

  test("a failure is the future's", async () => {
    const bad = delayed((): number => {
      throw new RangeError("no");
    })();
    const future = client.compute(bad);
    expect(isHeddleError(await future.exception(), "TaskFailed")).toBe(true);
    await expect(client.compute(bad, { sync: true })).rejects.toMatchObject({ code: "TaskFailed" });
  });

  test("a signal stops a computation that is waited for", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    const waiting = client.compute(inc(1), { sync: true, signal });
    await expect(waiting).rejects.toThrow("enough");
  });

  test("nonsense is refused", () => {
    expect(() => client.compute(5 as never)).toThrow(/takes a lazy collection.*the number 5/);
    expect(() => client.compute([inc(1), 5] as never)).toThrow(/the number 5/);
    expect(() => client.compute((() => 1) as never)).toThrow(/client.submit/);
    expect(() => client.compute(inc(1), { snyc: true } as never)).toThrow('mean "sync"');
    expect(() => client.compute(inc(1), { priority: "x" } as never)).toThrow(/priority is "x"/);
  });
});

describe("persist", () => {
  test("gives the same collections over values that are kept", async () => {
    const x = await client.persist(da.arange(6, { chunks: 2 }));
    expect(x).toBeInstanceOf(da.DistArray);
    expect(await x.sum().compute()).toBe(15);
    const [a, b] = await client.persist([inc(1), range(3)], { priority: 2 });
    expect(await a.compute()).toBe(2);
    expect(await b.compute()).toEqual([0, 1, 2]);
  });
});
