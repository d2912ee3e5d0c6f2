/**
 * @file Launches of real processes by a launcher of our own, which sets the variables of MPICH.
 * What the launchers of others do is in `test/e2e/mpi-launchers.test.ts`, and what else may happen
 * in `mpi-launches.test.ts`.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeConnectionFile } from "../../../src/comm/index.ts";
import {
  clientOf,
  FAKE,
  type Launched,
  launch,
  main,
  program,
  secretsIn,
} from "../../support/launchers.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-launch-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SUM = 328_350;

/** Runs the program of the tests on so many ranks. */
async function run(ranks: number, what: string, options: object = {}): Promise<Launched> {
  const words = [...FAKE.command(ranks), process.execPath, program, what];
  // Certificates take a second to make.
  words.push(JSON.stringify({ protocol: "tcp", ...options }));
  const ended = await launch(words, { cwd: folder }).ended;
  await expect.poll(ended.left).toEqual([]);
  return ended;
}

describe("a program that initializes", () => {
  it("has the other ranks as its cluster, and ends with all of them", async () => {
    const { code, said, output } = await run(4, "end");
    expect(said).toEqual([{ sum: SUM, workers: 2 }]);
    // The scheduler and the workers say nothing there.
    expect(output.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(0);
    expect(secretsIn(join(folder, ".heddle/mpi"))).toEqual([]);
  });

  it("that throws gives the launch its exit code", async () => {
    const { code, said, errors } = await run(3, "throw", { workers: 1 });
    expect(said).toEqual([{ sum: SUM, workers: 1 }]);
    expect(errors).toContain("Error: on purpose");
    expect(code).toBe(1);
  });

  it("is told when there are too few ranks", async () => {
    const { code, errors } = await run(2, "end");
    expect(errors).toContain("2 ranks were launched, and 3 are needed");
    expect(code).toBe(1);
  });
});

describe("heddle mpi", () => {
  it("is a cluster for clients with its file, whatever was there before", async () => {
    const file = join(folder, "scheduler.json");
    // Nobody listens there.
    writeConnectionFile(file, { address: "tcp://127.0.0.1:9", token: "t".repeat(40) });
    const args = ["mpi", "--scheduler-file", file, "--nthreads", "1", "--memory-limit", "400MB"];
    const words = [...FAKE.command(3), process.execPath, main, ...args, "--no-dashboard", "--json"];
    const running = launch(words, { cwd: folder });
    await expect.poll(() => statSync(file, { throwIfNoEntry: false })?.ino).not.toBe(undefined);
    const client = await clientOf(file);
    await client.waitForWorkers(2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const names = await client.schedulerInfo();
    expect(
      Object.values(names.workers)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["heddle-mpi-1", "heddle-mpi-2"]);
    expect(await client.submit((x: number) => x + 1, 41).result()).toBe(42);
    await client.shutdown();
    const { code, said, left } = await running.ended;
    expect(code).toBe(0);
    expect(said).toMatchObject([{ type: "scheduler" }]);
    await expect.poll(left).toEqual([]);
    expect(secretsIn(folder)).toEqual([]);
  });
});
