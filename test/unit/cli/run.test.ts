import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runScript } from "../../../src/cli/run.ts";

const quiet = { progress: false, summary: false };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("names the nearest file when the script does not exist", async () => {
  writeFileSync(join(folder, "flights.ts"), "");
  await expect(runScript(join(folder, "flight.ts"), [], quiet)).rejects.toThrow(
    /flight\.ts does not exist; did you mean flights\.ts\?/,
  );
  await expect(runScript(join(folder, "no/such.ts"), [], quiet)).rejects.toThrow(/does not exist/);
});

it("refuses what is no program", async () => {
  const path = join(folder, "data.csv");
  writeFileSync(path, "");
  await expect(runScript(path, [], quiet)).rejects.toThrow(/is no program: .*\.ts/);
});
