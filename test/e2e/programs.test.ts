/** @file The programs of examples/programs: each runs by `heddle run`, says something, and ends. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAMS = join(ROOT, "examples", "programs");

function outputOf(name: string): string {
  const heddle = join(ROOT, "lib", "cli", "main.js");
  const args = [heddle, "run", "--quiet", join(PROGRAMS, name)];
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1" };
  for (const key of Object.keys(env)) if (key.startsWith("VITEST")) delete env[key];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env,
    encoding: "utf8",
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`${name} ended with ${status}\n${stderr}`);
  return stdout;
}

test.each(readdirSync(PROGRAMS).filter((name) => name.endsWith(".ts")))("%s", (name) => {
  expect(outputOf(name).trim()).not.toBe("");
});

test("data-in-workers.ts: made there, or sent there, it is the same matrix", () => {
  const [made, size, three] = outputOf("data-in-workers.ts").trim().split("\n");
  expect(size).toBe("8.4 MB");
  expect(three?.split(" ")[1]).toBe(made);
  expect(Number(three?.split(" ")[2])).toBeCloseTo(2 * Number(made), 2);
});

test("slurm.ts: 72 cores are 4 workers of 18 threads, with an equal share of the memory", () => {
  const script = outputOf("slurm.ts");
  for (const directive of ["-n 1", "--cpus-per-task=72", "--mem=4G", "-t 00:30:00"]) {
    expect(script).toContain(`#SBATCH ${directive}\n`);
  }
  expect(script).toContain("--nworkers 4 --nthreads 18 --memory-limit 905MiB");
});

test("pbs.ts: the site's own directives, InfiniBand, modules, and the node's folder", () => {
  const script = outputOf("pbs.ts");
  expect(script).not.toContain("select");
  expect(script).toContain("#PBS -l ncpus=48\n#PBS -l mem=192GB\nmodule use");
  expect(script).toContain('--local-directory "$TMPDIR" --interface ib0');
});
