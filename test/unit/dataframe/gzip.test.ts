/** @file Compressed CSV: a file that ends too early is an error, not fewer rows. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HeddleError } from "../../../src/core/errors.ts";
import { readCsv } from "../../../src/dataframe/index.ts";

const sync = { scheduler: "sync" } as const;
const lines = Array.from({ length: 5000 }, (_, i) => `${i},${Math.sin(i)}`);
const whole = gzipSync(`a,b\n${lines.join("\n")}\n`);
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-gzip-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([4000, -9, -1])("cut at byte %i", async (end) => {
  const path = join(folder, "cut.csv.gz");
  writeFileSync(path, whole.subarray(0, end));
  const error = await readCsv(path)
    .len(sync)
    .catch((reason: HeddleError) => reason);
  expect((error as HeddleError).cause).toMatchObject({ code: "FileInvalid", fields: { path } });
  // The same path, whole now: what was found before does not stick to it.
  writeFileSync(path, whole);
  expect(await readCsv(path).len(sync)).toBe(5000);
});

test("every file of a pattern is checked", async () => {
  writeFileSync(join(folder, "many-1.csv.gz"), whole);
  writeFileSync(join(folder, "many-2.csv.gz"), whole.subarray(0, 4000));
  const frame = readCsv<{ a: number }>(join(folder, "many-*.csv.gz"), {
    schema: { a: "int64", b: "float64" },
  });
  await expect(frame.filter((r) => r.a.gt(10)).len(sync)).rejects.toThrow(/many-2.*whole gzip/);
});
