/** @file What killed engines left behind is removed, and nothing else. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeLeftovers } from "../../../src/cluster/leftovers.ts";
import { processFolder } from "../../../src/config/process-folder.ts";

test("folders of dead processes go, others stay", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-leftovers-"));
  const alive = processFolder();
  expect(alive).toMatch(new RegExp(`^heddle-.+-${process.pid}-[0-9a-f]{8}$`));
  const dead = alive.replace(`-${process.pid}-`, "-4194304-");
  const elsewhere = dead.replace(hostname(), `not-${hostname()}`);
  const other = "heddle-notes";
  const kept = [alive, elsewhere, other].sort();
  for (const name of [dead, ...kept]) mkdirSync(join(folder, name));
  expect(await removeLeftovers(folder)).toEqual([dead]);
  expect(readdirSync(folder).sort()).toEqual(kept);
  rmSync(folder, { recursive: true });
});

test("a folder that does not exist has no leftovers", async () => {
  expect(await removeLeftovers("/nowhere/at/all")).toEqual([]);
});
