/**
 * @file Bags on task threads: the same results as on the calling thread, with callbacks that
 * travel.
 */

import { Client, compute, isHeddleError } from "heddle";
import * as bags from "heddle/bag";
import { afterAll, describe, expect, test } from "vitest";

const FLIGHTS = new URL("../../node_modules/vega-datasets/data/flights-20k.json", import.meta.url);

interface Flight {
  delay: number;
  distance: number;
}

const flights = bags.readJson<Flight>(FLIGHTS, { blocksize: "100kB" });
const band = (flight: Flight): number => Math.floor(flight.distance / 500);

const cases = {
  chain: flights.filter((f) => f.delay > 60).map((f) => [band(f), f.delay]),
  groups: flights.groupby(band, { npartitions: 3 }).map(([key, items]) => [key, items.length]),
  folds: flights.foldby(band, (total: number, f) => total + f.delay, 0, {
    combine: (a, b) => a + b,
  }),
  running: flights.pluck("delay").accumulate((a, b) => a + b),
  top: flights.topk(7, "delay"),
  values: bags.fromSequence([new Date(5), new Map([[1, [2n]]]), new Set(["a"]), null, undefined]),
  pairs: bags.zip(flights, flights.map(band)).randomSample(0.01, { randomState: 1 }),
  later: flights.mapPartitions(async (items) => [items.length]),
};

describe("threads give what the calling thread gives", () => {
  test.each(Object.entries(cases))("%s", async (_, bag) => {
    const here = await bag.compute({ scheduler: "sync" });
    expect(here.length).toBeGreaterThan(0);
    expect(await bag.compute({ scheduler: "threads" })).toEqual(here);
  });

  test("single values, computed together", async () => {
    const items = [flights.count(), flights.pluck("delay").std(), flights.map(band).max()] as const;
    const here = await compute(...items, { scheduler: "sync" });
    expect(here[0]).toBe(20_000);
    expect(await compute(...items, { scheduler: "threads" })).toEqual(here);
  });

  test("the number of threads changes nothing", async () => {
    const { groups, pairs } = cases;
    const results = [];
    for (const threads of [1, 3]) {
      await using client = new Client({ threads });
      results.push([
        await groups.compute({ scheduler: client }),
        await pairs.compute({ scheduler: client }),
      ]);
    }
    expect(results[1]).toEqual(results[0]);
  });
});

test("a variable that changes between two computations gives two results", async () => {
  let factor = 2;
  const scaled = bags.range(5).map((x) => x * factor);
  expect(await scaled.compute()).toEqual([0, 2, 4, 6, 8]);
  factor = 3;
  expect(await scaled.compute()).toEqual([0, 3, 6, 9, 12]);
});

test("persisted partitions stay with the engine, and later work starts from them", async () => {
  const late = await flights.filter((f) => f.delay > 60).persist();
  const count = await late.count().compute();
  expect(count).toBe((await cases.chain.compute()).length);
  expect((await late.pluck("delay").min().compute()) > 60).toBe(true);
});

test("an error keeps its class and message", async () => {
  const bad = bags.range(3).map((x) => {
    if (x === 2) throw new RangeError(`${x} is too large`);
    return x;
  });
  const error: unknown = await bad.compute().catch((e: unknown) => e);
  expect(isHeddleError(error, "TaskFailed")).toBe(true);
  expect((error as Error).cause).toBeInstanceOf(RangeError);
  expect(((error as Error).cause as Error).message).toBe("2 is too large");
});

test("frames and back", async () => {
  const df = await flights.toDataFrame();
  const largest = await df.nlargest(2, "distance").toRecords();
  const top = await flights.topk(2, "distance").compute();
  expect(largest.map((f) => f.distance)).toEqual(top.map((f) => f.distance));
  const back = await (await df.toBag()).pluck("delay").sum().compute();
  expect(back).toBe(await flights.pluck("delay").sum().compute());
});

afterAll(() => Client.current()?.close());
