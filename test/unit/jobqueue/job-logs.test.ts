import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeLog, existingLogs } from "../../../src/jobqueue/job-logs.ts";

let folder: string;
let files: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-logs-"));
  files = ["job.err", "job.out"].map((name) => join(folder, name));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("of a long file the end is read, and of that the last lines are shown", async () => {
  const [errors = "", output = ""] = files;
  writeFileSync(errors, "");
  writeFileSync(output, Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join(""));
  expect((await existingLogs(files))?.length).toBe(2 ** 16 + 1);
  const shown = (await describeLog(files)).split("\n");
  expect(shown[0]).toBe(`The end of ${output}:`);
  expect([shown.length, shown[1], shown.at(-1)]).toEqual([21, "line 49980", "line 49999"]);
});

test("errors come before what was written otherwise", async () => {
  for (const file of files) writeFileSync(file, `in ${file}\n`);
  expect(await describeLog(files)).toBe(`The end of ${files[0]}:\nin ${files[0]}`);
});

test("where there is none it is said where it was looked for, and what would help", async () => {
  expect(await existingLogs(files)).toBeUndefined();
  expect(await describeLog(files)).toMatch(
    /^No log of it can be read from here\. It was looked for at .*job\.err and .*logDirectory/,
  );
  expect(await describeLog([])).not.toMatch(/looked for/);
});
