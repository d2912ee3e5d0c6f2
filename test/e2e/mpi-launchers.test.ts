/**
 * @file Launches by Open MPI, MPICH and `srun`: what each of them tells its ranks, what it does
 * when one ends, and that nothing is left. Those that are not there are skipped, with a line.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLab } from "../lab/batch-lab.ts";
import {
  clientOf,
  fixture,
  isThere,
  type Launched,
  launch,
  MPICH,
  main,
  OPEN_MPI,
  program,
  SRUN,
  secretsIn,
  type TestLauncher,
} from "../support/launchers.ts";

const lab = await startLab("slurm");
const missing = new Set([OPEN_MPI, MPICH].filter((launcher) => !isThere(launcher)));
if (lab === undefined) missing.add(SRUN);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-launchers-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab?.end();
});

const SUM = 328_350;
const GONE = { timeout: 20_000 };

async function ended(words: readonly string[]): Promise<Launched> {
  const result = await launch(words, { cwd: folder }).ended;
  await expect.poll(result.left, GONE).toEqual([]);
  return result;
}

async function run(
  launcher: TestLauncher,
  ranks: number,
  what: string,
  options: object = {},
  more: readonly string[] = [],
): Promise<Launched> {
  const [command = "", ...rest] = launcher.command(ranks);
  const words = [command, ...more, ...rest, process.execPath, program, what];
  return await ended([...words, JSON.stringify(options)]);
}

const NAMES = new Map([
  [OPEN_MPI, "Open MPI"],
  [MPICH, "MPICH"],
  [SRUN, "Slurm"],
]);

describe.each([OPEN_MPI, MPICH, SRUN])("$name", (launcher) => {
  const test = it.skipIf(missing.has(launcher));

  test("each rank says who it is", async () => {
    const { code, output } = await ended([
      ...launcher.command(3),
      process.execPath,
      main,
      "mpi",
      "--hello",
    ]);
    const lines = output.trim().split(/\r?\n/).sort();
    expect(lines).toHaveLength(3);
    lines.forEach((line, rank) => {
      expect(line).toContain(`Hello, World! I am process ${rank} of 3 on ${hostname()}`);
      expect(line).toContain(`[${NAMES.get(launcher)}, rank `);
      expect(line).not.toContain("nothing names");
    });
    expect(code).toBe(0);
  });

  test("a program has the other ranks as its cluster, and ends in order", async () => {
    const { code, said } = await run(launcher, 4, "end");
    expect({ code, said }).toEqual({ code: 0, said: [{ sum: SUM, workers: 2 }] });
    expect(secretsIn(join(folder, ".heddle/mpi"))).toEqual([]);
  });

  test.each([
    ["throw", 1],
    ["exit", 7],
  ])("a program that ends by %s gives the launch its exit code", async (what, expected) => {
    const { code, said } = await run(launcher, 3, what, { workers: 1 });
    expect({ code, said }).toEqual({ code: expected, said: [{ sum: SUM, workers: 1 }] });
  });

  test("a worker that is killed is replaced, and the launch goes on", async () => {
    const kill = { victim: "worker", marker: join(folder, `worker-${launcher.name}`) };
    const { code, said } = await run(launcher, 4, "end", { kill });
    expect({ code, said }).toEqual({ code: 0, said: [{ sum: SUM, workers: 2 }] });
    expect(existsSync(kill.marker)).toBe(true);
  });

  it.skipIf(missing.has(launcher) || launcher.lasting === undefined)(
    "a rank that is killed does not end the others, if the launcher is told so",
    async () => {
      const kill = { victim: "rank", marker: join(folder, `rank-${launcher.name}`) };
      const { said } = await run(launcher, 4, "end", { kill }, launcher.lasting);
      expect(said).toEqual([{ sum: SUM, workers: 2 }]);
      expect(existsSync(kill.marker)).toBe(true);
    },
  );

  test("too few ranks are said", async () => {
    const { code, errors } = await run(launcher, 2, "end");
    expect(errors).toContain("2 ranks were launched, and 3 are needed");
    expect(code).toBe(1);
  });

  test("heddle mpi serves clients until one of them ends it", async () => {
    const file = join(folder, `${NAMES.get(launcher)}.json`);
    const args = ["--scheduler-file", file, "--nthreads", "1", "--memory-limit", "400MB"];
    const words = [...launcher.command(3), process.execPath, main, "mpi", "--json", ...args];
    const running = launch([...words, "--no-dashboard"], { cwd: folder });
    const client = await clientOf(file);
    await client.waitForWorkers(2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await client.submit((x: number) => x + 1, 41).result()).toBe(42);
    await client.shutdown();
    const { code, said, left } = await running.ended;
    expect(code).toBe(0);
    expect(said).toMatchObject([{ type: "scheduler" }]);
    await expect.poll(left, GONE).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });
});

describe.skipIf(lab === undefined)("Slurm", () => {
  it("gives ranks to both nodes", async () => {
    const words = ["srun", "-N2", "-n4", process.execPath, main, "mpi", "--hello", "--json"];
    const { said } = await ended(words);
    const nodes = said.map(({ rank, node, localSize }) => ({ rank, node, localSize }));
    expect(nodes.sort((a, b) => Number(a.rank) - Number(b.rank))).toEqual([
      { rank: 0, node: "node1", localSize: 3 },
      { rank: 1, node: "node1", localSize: 3 },
      { rank: 2, node: "node1", localSize: 3 },
      { rank: 3, node: "node2", localSize: 1 },
    ]);
  });

  it("runs a program with a SLURMRunner", async () => {
    const file = join(folder, "runner-{job_id}.json");
    const script = fixture("slurm-runner.mjs");
    const { code, said } = await ended(["srun", "-N2", "-n4", process.execPath, script, file]);
    expect(said).toEqual([{ sum: 30, role: "client", rank: 1, size: 4 }, { closed: true }]);
    expect(code).toBe(0);
    expect(secretsIn(folder)).toEqual([]);
  });

  it("takes the script that --job-script prints, and runs it", async () => {
    const file = join(folder, "job.json");
    const size = ["--nodes", "2", "--ntasks-per-node", "2", "--memory", "1GB"];
    const words = [main, "mpi", "--job-script", ...size, "--scheduler-file", file];
    const small = ["--memory-limit", "400MB", "--no-dashboard", "--log-directory", folder];
    const { output } = await ended([process.execPath, ...words, ...small]);
    const script = join(folder, "cluster.job");
    writeFileSync(script, output);
    const environ = `ALL,HOME=${folder}`;
    const id = lab?.run("sbatch", "--parsable", `--export=${environ}`, script).trim() ?? "";
    const client = await clientOf(file);
    await client.waitForWorkers(3);
    expect(await client.submit((x: number) => x + 1, 41).result()).toBe(42);
    await client.shutdown();
    await expect
      .poll(() => lab?.run("squeue", "-h", "-t", "all", "-j", id, "-o", "%T").trim(), GONE)
      .toBe("COMPLETED");
  });

  it.for([OPEN_MPI, MPICH])("has ranks of $name on both nodes of a job", (launcher, { skip }) => {
    skip(missing.has(launcher), "it is not there");
    const { command } = launcher;
    const log = join(folder, "job.log");
    const options = JSON.stringify({ workers: 2 });
    const run = `${command(4).join(" ")} ${process.execPath} ${program} end '${options}'`;
    const job = ["-N2", "-n4", "--wait", `--output=${log}`, `--export=ALL,HOME=${folder}`];
    lab?.run("sbatch", ...job, `--wrap=${run.replace(" --oversubscribe", "")}`);
    expect(readFileSync(log, "utf8")).toContain(JSON.stringify({ sum: SUM, workers: 2 }));
  });

  it("tells a batch script that it is one process", () => {
    const command = `${process.execPath} ${main} mpi --hello`;
    const log = join(folder, "plain.log");
    const wrap = ["--wait", `--output=${log}`, `--wrap=${command}`];
    expect(() => lab?.run("sbatch", ...wrap)).toThrow();
    expect(readFileSync(log, "utf8")).toMatch(/the script of batch job \d+, which runs once/);
  });
});
