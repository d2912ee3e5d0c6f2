/** @file Temporary files of frames lie where nobody else can read or change them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { config } from "../../../src/config/config.ts";
import { processFolder } from "../../../src/config/process-folder.ts";
import { closeTableEngine, configureTableEngine, tableEngine } from "../../../src/table/current.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-current-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  closeTableEngine();
  rmSync(folder, { recursive: true, force: true });
});

test("the folder of a thread has a name that nobody can guess, and is closed to others", () => {
  config.set({ "temporary-directory": folder });
  tableEngine();
  const names = readdirSync(folder);
  expect(names).toEqual([expect.stringMatching(/^heddle-.*-[0-9a-f]{16}$/)]);
  expect(statSync(join(folder, String(names[0]))).mode & 0o777).toBe(0o700);
});

test("a folder that somebody else has made is not used", () => {
  const planted = join(folder, processFolder());
  mkdirSync(planted, { mode: 0o777 });
  configureTableEngine({ tempDirectory: join(planted, "table") });
  vi.spyOn(process, "getuid").mockReturnValue((process.getuid?.() ?? 0) + 1);
  expect(() => tableEngine()).toThrow(
    expect.objectContaining({
      code: "SpillFailed",
      message: expect.stringMatching(/cannot be made: .*it belongs to the user/),
    }),
  );
});
