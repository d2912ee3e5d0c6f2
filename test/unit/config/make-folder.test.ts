/** @file Folders that users name, also where none can be made. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolder } from "../../../src/config/make-folder.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "heddle-folder-"));
});
afterEach(() => rmSync(root, { recursive: true }));

test("makes all that is missing, with the mode", () => {
  makeFolder(join(root, "a", "b", "c"), { mode: 0o700 });
  expect(statSync(join(root, "a", "b", "c")).mode & 0o777).toBe(0o700);
  makeFolder(join(root, "a", "b", "c"));
});

test("a file in the way is an error", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => makeFolder(join(root, "file", "below"))).toThrow(/ENOTDIR/);
});

test.skipIf(!existsSync("/proc/self"))("a folder that takes nothing is an error, soon", () => {
  expect(() => makeFolder("/proc/none/below")).toThrow(/ENOENT/);
});
