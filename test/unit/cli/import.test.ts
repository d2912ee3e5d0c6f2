/** @file `heddle config import`: files in and out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { importFiles } from "../../../src/cli/import.ts";
import { collectYaml } from "../../../src/config/sources.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-import-"));
afterAll(() => rmSync(folder, { recursive: true }));

const given = join(folder, "distributed.yaml");
writeFileSync(given, "distributed:\n  adaptive: { interval: 2 }\n  comm: { shard: 64MiB }\n");

it("prints the translation, and beside it what became of the keys", () => {
  const { text, summary } = importFiles([given], {});
  expect(text).toContain("interval: 2s");
  expect(summary).toBe(
    "1 keys translated, above; 1 not: they are listed at the end, with the reasons\n",
  );
});

it("writes a file that Heddle reads, and replaces none unless it is told to", () => {
  const output = join(folder, "heddle.yaml");
  expect(importFiles([given], { output }).text).toBe("");
  expect(collectYaml(output).get("adaptive.interval")?.value).toBe(2000);
  writeFileSync(output, "# mine\n");
  expect(() => importFiles([given], { output })).toThrow("--overwrite");
  expect(readFileSync(output, "utf8")).toBe("# mine\n");
  importFiles([given], { output, overwrite: true });
  expect(readFileSync(output, "utf8")).toContain("interval: 2s");
});

it("refuses files that cannot be read or written", () => {
  expect(() => importFiles([join(folder, "none.yaml")], {})).toThrow("cannot be read");
  expect(() => importFiles([given], { output: join(folder, "a", "b.yaml") })).toThrow(
    "cannot be written",
  );
});
