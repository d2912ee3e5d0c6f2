/** @file The folder of logs is made before a job would look for it. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JobValues } from "../../../src/jobqueue/job-values.ts";
import { makeLogFolder } from "../../../src/jobqueue/log-folder.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-logs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const make = (logDirectory: string | null): void =>
  makeLogFolder(new JobValues("slurm", { logDirectory }));

test("with all above it, unless only the nodes know its name", () => {
  make(join(folder, "a", "b"));
  expect(existsSync(join(folder, "a", "b"))).toBe(true);
  make(join(folder, "$USER"));
  make(join(folder, "%x"));
  make(null);
  expect(existsSync(join(folder, "$USER")) || existsSync(join(folder, "%x"))).toBe(false);
});

test("where that cannot be, the option is named", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => make(join(folder, "file", "logs"))).toThrow(/logDirectory .* cannot be made/);
});
