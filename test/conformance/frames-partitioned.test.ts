/**
 * @file Frames in partitions give what one query gives, over files and local tables, on the calling
 * thread and on task threads; `e2e/frames-partitioned.test.ts` does so on a cluster.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { DataFrame } from "../../dist/dataframe/index.js";
import { oneIn } from "../support/tier.ts";
import { compare, ordered, type Sale, sales, salesFiles, unordered } from "./frame-cases.ts";

let folder = "";
let files: DataFrame<Sale>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-partitioned-"));
  files = await salesFiles(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("on the calling thread", () => {
  const sync = { scheduler: "sync" };
  test.each(oneIn(2, Object.entries(ordered)))("%s", (_, make) =>
    compare(make, sales, sync, false),
  );
  test.each(oneIn(2, Object.entries(unordered)))("%s", (_, make) =>
    compare(make, sales, sync, true),
  );
  test.each(oneIn(3, Object.entries(ordered)))("%s, of files", (_, make) =>
    compare(make, files, sync, false),
  );
});

describe("on task threads", () => {
  const threads = { scheduler: "threads" };
  test.each(oneIn(4, Object.entries({ ...ordered, ...unordered })))("%s", (name, make) =>
    compare(make, files, threads, name in unordered),
  );
});
