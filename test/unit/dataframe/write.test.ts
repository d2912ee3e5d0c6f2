/** @file Frames as files, one or one for each partition, and what is read back from them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromRecords, readCsv, readJson, readParquet } from "../../../src/dataframe/index.ts";

const sync = { scheduler: "sync" } as const;
const rows = Array.from({ length: 5000 }, (_, n) => ({ n, s: `row ${n}` }));
const four = fromRecords(rows).mapPartitions((part) => part, { npartitions: 4 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-write-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a folder of Parquet", () => {
  test("has a file per partition, which is read back in order", async () => {
    const path = join(folder, "four");
    expect(await four.toParquet(path, sync)).toBe(5000);
    expect(readdirSync(path).sort()).toEqual([0, 1, 2, 3].map((i) => `part.${i}.parquet`));
    const back = readParquet<{ n: number; s: string }>(path);
    expect(back.npartitions).toBe(4);
    expect(await back.toRecords(sync)).toEqual(rows);
  });

  test("is written row group by row group, and read in the order of numbers", async () => {
    const one = join(folder, "one.parquet");
    const many = Array.from({ length: 12 * 2048 }, (_, n) => ({ n }));
    await fromRecords(many).toParquet(one, { ...sync, rowGroupSize: 2048 });
    const path = join(folder, "twelve");
    const shifted = readParquet<{ n: number }>(one).assign((r) => ({ m: r.n.add(1) }));
    expect(await shifted.toParquet(path, sync)).toBe(many.length);
    expect(readdirSync(path)).toHaveLength(12);
    const numbers = await readParquet<{ m: number }>(path).col("m").toArray(sync);
    expect(numbers).toEqual(many.map(({ n }) => n + 1));
  });

  test("replaces the files of an earlier run, also those that it has no more", async () => {
    const path = join(folder, "again");
    await four.toParquet(path, sync);
    await fromRecords(rows.slice(0, 10)).toParquet(path, sync);
    expect(readdirSync(path)).toEqual(["part.0.parquet"]);
    expect(await readParquet(path).len(sync)).toBe(10);
    const kept = four.toParquet(path, { ...sync, overwrite: false });
    await expect(kept).rejects.toThrow(/exists/);
  });

  test("is not written over while it is read", async () => {
    const path = join(folder, "itself");
    await four.toParquet(path, sync);
    await expect(readParquet(path).toParquet(path, sync)).rejects.toThrow(/another folder/);
    expect(await readParquet(path).len(sync)).toBe(5000);
  });

  test("without data is said", () => {
    expect(() => readCsv(folder)).toThrow(expect.objectContaining({ code: "FileNotFound" }));
  });
});

test("a star stands for the partition in CSV and JSON", async () => {
  expect(await four.toCsv(join(folder, "part-*.csv"), sync)).toBe(5000);
  expect(readFileSync(join(folder, "part-3.csv"), "utf8")).toMatch(/^n,s\n3750,row 3750\n/);
  expect(await readCsv(join(folder, "part-*.csv")).toRecords(sync)).toEqual(rows);
  expect(await four.toJson(join(folder, "part-*.json"), sync)).toBe(5000);
  expect(await readJson(join(folder, "part-*.json")).toRecords(sync)).toEqual(rows);
});

test("a path with an extension is one file", async () => {
  const path = join(folder, "single.parquet");
  expect(await four.toParquet(path, sync)).toBe(5000);
  expect(await readParquet(path).len(sync)).toBe(5000);
  await expect(four.toCsv(join(folder, "a*b*.csv"), sync)).rejects.toThrow(/at most one/);
});
