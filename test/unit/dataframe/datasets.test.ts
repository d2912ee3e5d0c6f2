import { describe, expect, expectTypeOf, test } from "vitest";
import { timeseries, withSpec } from "../../../src/dataframe/index.ts";

const sync = { scheduler: "sync" } as const;

describe("timeseries", () => {
  test("rows at regular times, the last partition as long as what is left", async () => {
    const df = timeseries({
      start: "2000-01-01",
      end: "2000-01-02T12:00",
      freq: "6h",
      seed: 7,
    });
    expect(df.npartitions).toBe(2);
    const rows = await df.toRecords(sync);
    expectTypeOf(rows[0]!.timestamp).toEqualTypeOf<Date>();
    expectTypeOf(rows[0]!.x).toEqualTypeOf<number>();
    const first = Date.parse("2000-01-01T00:00Z");
    expect(rows).toHaveLength(6);
    expect(rows.map((row) => row.timestamp.getTime())).toEqual(
      rows.map((_, i) => first + i * 216e5),
    );
  });

  test("values are distributed as they should be", async () => {
    const rows = await timeseries({ end: "2000-01-02", freq: "10s", seed: 1 }).toRecords(sync);
    const ids = rows.map((row) => row.id);
    const mean = ids.reduce((a, b) => a + b, 0) / ids.length;
    const variance = ids.reduce((a, b) => a + (b - mean) ** 2, 0) / ids.length;
    expect(Math.abs(mean - 1000)).toBeLessThan(2);
    expect(Math.abs(variance - 1000)).toBeLessThan(60);
    expect(rows.every((row) => Math.abs(row.x) <= 1)).toBe(true);
    expect(new Set(rows.map((row) => row.name)).size).toBe(26);
  });

  test("a seed gives the same rows, and another one others", async () => {
    const of = (seed: number): Promise<unknown[]> =>
      timeseries({ end: "2000-01-03", freq: "1h", seed }).toRecords(sync);
    expect(await of(5)).toEqual(await of(5));
    expect(await of(5)).not.toEqual(await of(6));
  });

  test("columns of one's own, and what cannot be", async () => {
    const df = timeseries({ end: "2000-01-02", freq: "12h", dtypes: { ok: "bool" }, seed: 1 });
    const rows = await df.toRecords(sync);
    expectTypeOf(rows[0]!.ok).toEqualTypeOf<boolean>();
    expect(rows.map((row) => typeof row.ok)).toEqual(["boolean", "boolean"]);
    expect(() => timeseries({ end: "1999-01-01" })).toThrow("is not after start");
    expect(() => timeseries({ freq: "0s" })).toThrow("above 0");
  });
});

describe("withSpec", () => {
  test("columns by kind, number, limits and choices", async () => {
    const df = withSpec(
      {
        npartitions: 3,
        nrecords: 100,
        indexSpec: { kind: "range", step: 2 },
        columnSpecs: [
          { prefix: "n", dtype: "int64", number: 2, low: 3, high: 6 },
          { dtype: "float64", low: 10, high: 11 },
          { prefix: "color", dtype: "category", choices: ["red", "blue"] },
        ],
      },
      { seed: 3 },
    );
    expect(df.columns).toEqual(["index", "n1", "n2", "float64", "color"]);
    expect(df.npartitions).toBe(3);
    const rows = await df.toRecords(sync);
    expect(rows.map((row) => row["index"])).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i));
    expect(new Set(rows.map((row) => row["n1"]))).toEqual(new Set([3, 4, 5]));
    expect(rows.every((row) => Math.floor(row["float64"] as number) === 10)).toBe(true);
    expect(new Set(rows.map((row) => row["color"]))).toEqual(new Set(["red", "blue"]));
    expect(() => withSpec({ npartitions: 0, columnSpecs: [] })).toThrow("at least one partition");
  });
});
