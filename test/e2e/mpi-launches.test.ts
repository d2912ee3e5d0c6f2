/**
 * @file What may happen to a launch: programs that end in any way, processes that are killed,
 * launches beside each other. By a launcher of our own, which leaves those alone that still run.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  clientOf,
  FAKE,
  fixture,
  type Launch,
  type Launched,
  launch,
  main,
  program,
  secretsIn,
} from "../support/launchers.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-launches-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SUM = 328_350;
const GONE = { timeout: 20_000 };

function start(ranks: number, what: string, options: object = {}): Launch {
  const given = JSON.stringify({ protocol: "tcp", ...options });
  const words = [...FAKE.command(ranks), process.execPath, program, what, given];
  return launch(words, { cwd: folder });
}

/** Runs the program of the tests to its end; nothing of it may be left. */
async function run(ranks: number, what: string, options: object = {}): Promise<Launched> {
  const ended = await start(ranks, what, options).ended;
  await expect.poll(ended.left, GONE).toEqual([]);
  return ended;
}

describe("a launch ends with its program", () => {
  it.each([
    ["end", 0],
    ["exit", 7],
    ["shutdown", 0],
    ["signal", 0],
    ["kill", 137],
  ])("by %s, with exit code %i", async (what, expected) => {
    const { code, said } = await run(3, what, { workers: 1 });
    expect(said).toEqual([{ sum: SUM, workers: 1 }]);
    expect(code).toBe(expected);
  });

  it("the other ranks may go on in the program", async () => {
    const { code, said } = await run(3, "signal", { workers: 1, exit: false });
    expect(said).toContainEqual({ sum: SUM, workers: 1 });
    expect(said.filter(({ over }) => over)).toHaveLength(2);
    expect(code).toBe(0);
  });

  it("two ranks are enough if the scheduler's has a worker", async () => {
    const shared = await run(2, "end", { workers: 1, exclusiveWorkers: false });
    expect(shared).toMatchObject({ code: 0, said: [{ sum: SUM, workers: 1 }] });
  });

  it("workers of the ranks' own processes do", async () => {
    const alone = await run(3, "end", { workers: 1, nanny: false, interface: "lo" });
    expect(alone).toMatchObject({ code: 0, said: [{ sum: SUM, workers: 1 }] });
  });

  it("a function is executed on its rank", async () => {
    const words = [...FAKE.command(4), process.execPath, fixture("executes.mjs")];
    const { code, said, left } = await launch(words, { cwd: folder }).ended;
    expect({ code, said }).toEqual({ code: 0, said: [{ result: 42, rank: "2" }] });
    await expect.poll(left, GONE).toEqual([]);
    const failed = await launch([...words, "throw"], { cwd: folder }).ended;
    expect(failed).toMatchObject({ code: 1, said: [] });
    expect(failed.errors).toContain("RangeError: on purpose");
    await expect.poll(failed.left, GONE).toEqual([]);
  });
});

describe("killed in the middle", () => {
  it.each([
    ["worker", 0],
    ["rank", 137],
  ])("a %s: the result is right", async (victim, expected) => {
    const kill = { victim, marker: join(folder, `killed-${victim}`) };
    const { code, said } = await run(4, "end", { kill });
    expect(said).toEqual([{ sum: SUM, workers: 2 }]);
    expect(existsSync(kill.marker)).toBe(true);
    // The launcher tells of a killed rank; a killed worker is none.
    expect(code).toBe(expected);
  });

  it("the scheduler's rank: workers end after the death timeout", async () => {
    const file = join(folder, "killed.json");
    const running = launch(heddleMpi(3, file, '{"deathTimeout": "2s"}'), { cwd: folder });
    const client = await clientOf(file);
    await client.waitForWorkers(2);
    const { facts } = JSON.parse(readFileSync(file, "utf8")) as { facts: { pid: number } };
    process.kill(facts.pid, "SIGKILL");
    const { code, left } = await running.ended;
    expect(code).toBe(137);
    await expect.poll(left, GONE).toEqual([]);
    await client.close();
    // What it has left is of no harm to the next one, which takes it away.
    const [abandoned] = hidden("killed");
    expect(abandoned).toBeDefined();
    const next = launch(heddleMpi(2, file), { cwd: folder });
    const other = await clientOf(file);
    await other.waitForWorkers(1);
    await other.shutdown();
    expect((await next.ended).code).toBe(0);
    expect(hidden("killed")).not.toContain(abandoned);
    expect(secretsIn(folder)).toEqual([]);
  });

  it("a program that does not come: the launch fails after the death timeout", async () => {
    const rank = `process.env.PMI_RANK === "1" || import(${JSON.stringify(program)})`;
    const options = '{"workerOptions": {"deathTimeout": "3s"}, "protocol": "tcp"}';
    const words = [...FAKE.command(3), process.execPath, "--input-type=module", "-e", rank];
    const { code, errors, left } = await launch([...words, "--", program, "end", options], {
      cwd: folder,
    }).ended;
    expect(errors).toContain("the program's rank (1) has not come");
    expect(code).toBe(1);
    await expect.poll(left, GONE).toEqual([]);
  });
});

function heddleMpi(ranks: number, file: string, workerOptions = "{}", ...more: string[]): string[] {
  const args = ["--scheduler-file", file, "--worker-options", workerOptions, "--protocol", "tcp"];
  const small = ["--nthreads", "1", "--memory-limit", "400MB", "--no-dashboard", ...more];
  return [...FAKE.command(ranks), process.execPath, main, "mpi", ...args, ...small];
}

/** Where launches with a file of that name have met. */
function hidden(stem: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith(`.${stem}-`));
}

describe("launches beside each other", () => {
  it("never mix, though they name the same file", async () => {
    const schedulerFile = join(folder, "shared.json");
    const all = [2, 1, 3].map((workers) => start(workers + 2, "end", { workers, schedulerFile }));
    const ended = await Promise.all(all.map(async (one) => await one.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(ended.map(({ said }) => said)).toEqual([
      [{ sum: SUM, workers: 2 }],
      [{ sum: SUM, workers: 1 }],
      [{ sum: SUM, workers: 3 }],
    ]);
    expect(secretsIn(folder)).toEqual([]);
  });

  it("one may be the workers of another one's scheduler", async () => {
    const file = join(folder, "first.json");
    const first = launch(heddleMpi(1, file, "{}", "--inclusive-workers"), { cwd: folder });
    const client = await clientOf(file);
    await client.waitForWorkers(1);
    const more = heddleMpi(2, file, "{}", "--no-scheduler", "--name", "more");
    const second = launch(more, { cwd: folder });
    await client.waitForWorkers(3);
    const { workers } = await client.schedulerInfo();
    const names = Object.values(workers).map(({ name }) => name);
    expect(names.sort()).toEqual(["heddle-mpi-0", "more-0", "more-1"]);
    await client.shutdown();
    expect((await first.ended).code).toBe(0);
    expect((await second.ended).code).toBe(0);
  });
});
