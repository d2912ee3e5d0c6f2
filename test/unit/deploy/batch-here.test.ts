/** @file Which batch system a host has, by its commands. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { batchSystemHere } from "../../../src/deploy/batch-here.ts";

const root = mkdtempSync(join(tmpdir(), "heddle-batch-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder with these commands. */
function commands(...names: readonly string[]): string {
  const folder = join(root, names.join("-"));
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), "#!/bin/sh\n", { mode: 0o755 });
  return folder;
}

it.each([
  ["sbatch", "slurm"],
  ["bsub", "lsf"],
  ["oarsub", "oar"],
  ["msub", "moab"],
  ["condor_submit", "htcondor"],
  ["qsub", "pbs"],
])("%s is of %s", (command, system) => {
  const path = `${join(root, "none")}:${commands(command)}`;
  expect(batchSystemHere({ PATH: path })).toBe(system);
});

it("qsub is Grid Engine's where that is set up", () => {
  expect(batchSystemHere({ PATH: commands("qsub"), SGE_ROOT: "/opt/sge" })).toBe("sge");
});

it("what stands before another system counts", () => {
  expect(batchSystemHere({ PATH: `${commands("qsub")}:${commands("msub")}` })).toBe("moab");
});

it("files that cannot be run and empty paths are none", () => {
  const folder = join(root, "plain");
  mkdirSync(folder);
  writeFileSync(join(folder, "sbatch"), "", { mode: 0o644 });
  expect(() => batchSystemHere({ PATH: `${folder}::` })).toThrow(/none of msub, oarsub, sbatch/);
  expect(() => batchSystemHere({})).toThrow(/createLocalCluster/);
});
