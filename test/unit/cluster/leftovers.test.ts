/** @file What killed engines left behind is removed, and nothing else. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeLeftovers } from "../../../src/cluster/leftovers.ts";

test("folders of dead processes go, others stay", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-leftovers-"));
  const dead = "heddle-4194304-0123abcd";
  const alive = `heddle-${process.pid}-0123abcd`;
  const other = "heddle-notes";
  for (const name of [dead, alive, other]) mkdirSync(join(folder, name));
  expect(await removeLeftovers(folder)).toEqual([dead]);
  expect(readdirSync(folder).sort()).toEqual([alive, other].sort());
  rmSync(folder, { recursive: true });
});

test("a folder that does not exist has no leftovers", async () => {
  expect(await removeLeftovers("/nowhere/at/all")).toEqual([]);
});
