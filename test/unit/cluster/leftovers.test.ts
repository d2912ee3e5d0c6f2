/** @file What killed engines left behind is removed, and nothing else. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { removeLeftovers } from "../../../src/cluster/leftovers.ts";
import { processFolder } from "../../../src/config/process-folder.ts";

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "heddle-leftovers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const alive = processFolder();
const dead = alive.replace(`-${process.pid}-`, "-4194304-");

test("folders of dead processes go, others stay", async () => {
  const folder = folderOfTest();
  const elsewhere = dead.replace(hostname(), `not-${hostname()}`);
  const kept = [alive, elsewhere, "heddle-notes"].sort();
  for (const name of [dead, ...kept]) mkdirSync(join(folder, name));
  expect(await removeLeftovers(folder, folder)).toEqual([dead]);
  expect(readdirSync(folder).sort()).toEqual(kept);
});

test("modules that a dead process laid out go, too, wherever its values were", async () => {
  const [folder, modules] = [folderOfTest(), folderOfTest()];
  const name = processFolder("modules").replace(`-${process.pid}-`, "-4194304-");
  mkdirSync(join(modules, name, "file-1"), { recursive: true });
  expect(await removeLeftovers(folder, modules)).toEqual([name]);
  expect(readdirSync(modules)).toEqual([]);
});

test("modules are looked for in the system's temporary folder", async () => {
  const name = processFolder("modules").replace(`-${process.pid}-`, "-4194303-");
  mkdirSync(join(tmpdir(), name));
  expect(await removeLeftovers(folderOfTest())).toContain(name);
});

test("what somebody else made, or links to something, is not followed", async () => {
  const folder = folderOfTest();
  mkdirSync(join(folder, "precious", "things"), { recursive: true });
  symlinkSync(join(folder, "precious"), join(folder, dead));
  expect(await removeLeftovers(folder, folder)).toEqual([]);
  rmSync(join(folder, dead));
  mkdirSync(join(folder, dead));
  vi.spyOn(process, "getuid").mockReturnValue((process.getuid?.() ?? 0) + 1);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  expect(await removeLeftovers(folder, folder)).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual([dead, "precious"].sort());
});

test("a folder that does not exist has no leftovers", async () => {
  expect(await removeLeftovers("/nowhere/at/all", "/nowhere/either")).toEqual([]);
});
