/**
 * @file Static order against the real `dask.order`, on the graphs of Dask's own published tests
 * (`generate/order.py`): the most results held at once must never be more than in Dask's order.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { orderTasks } from "../../src/optimize/order.ts";
import { pressureOf } from "../../src/optimize/pressure.ts";
import { dependentsOf, type Edges, sortTasks } from "../../src/optimize/topology.ts";

interface Case {
  readonly name: string;
  readonly deps: readonly (readonly number[])[];
  /** Entries that are values, not tasks. */
  readonly data: readonly number[];
  /** Of Dask's order: the most results held, and the sum over all tasks. */
  readonly peak: number;
  readonly total: number;
  /** Dask's order itself, for small graphs. */
  readonly order: readonly number[] | null;
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("goldens/order.json", import.meta.url), "utf8"),
);

function edgesOf({ deps }: Case): Edges {
  const depOffsets = new Int32Array(deps.length + 1);
  for (const [i, own] of deps.entries()) depOffsets[i + 1] = (depOffsets[i] as number) + own.length;
  return { count: deps.length, depOffsets, deps: Int32Array.from(deps.flat()) };
}

function ourPeak(one: Case): { peak: number; total: number } {
  const edges = edgesOf(one);
  const template = new Int32Array(edges.count);
  for (const id of one.data) template[id] = -1;
  const rank = orderTasks(edges, sortTasks(edges, String), template);
  return pressureOf(edges, dependentsOf(edges), rank);
}

describe("order", () => {
  test("the measure is Dask's: its orders have the pressure that Dask reports", () => {
    const small = cases.filter((one) => one.order !== null);
    expect(small.length).toBeGreaterThan(50);
    for (const one of small) {
      const edges = edgesOf(one);
      const rank = new Int32Array(edges.count);
      for (const [i, task] of (one.order ?? []).entries()) rank[task] = i;
      const { peak, total } = pressureOf(edges, dependentsOf(edges), rank);
      expect({ name: one.name, peak, total }).toEqual({
        name: one.name,
        peak: one.peak,
        total: one.total,
      });
    }
  });

  test("never holds more results than Dask's order, and often fewer", () => {
    expect(cases.length).toBeGreaterThanOrEqual(98);
    const worse = cases.filter((one) => ourPeak(one).peak > one.peak);
    expect(worse.map(({ name, peak }) => ({ name, peak }))).toEqual([]);
    const better = cases.filter((one) => ourPeak(one).peak < one.peak);
    expect(better.length).toBeGreaterThanOrEqual(10);
  });
});
