/**
 * @file A scheduler with a journal is killed and started again on the same port: its workers and
 * clients come back, every future resolves, and nothing that was finished runs again.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Client, Lock } from "../../dist/cluster/index.js";
import { type Program, Programs, SMALL } from "../fixtures/programs.ts";

let programs: Programs;
let folder: string;
let home: string;

beforeAll(() => {
  programs = new Programs("journal");
  ({ folder, home } = programs);
  process.env["HOME"] = home;
});
afterEach(() => programs.end());
afterAll(() => programs.remove());

async function heddle(...args: string[]): Promise<Program> {
  return await programs.start(args);
}

/**
 * A cluster whose scheduler has a journal of the name, and what starts another scheduler for it.
 */
async function cluster(name: string): Promise<{ address: string; restart: () => Promise<void> }> {
  const journal = ["--journal", join(folder, name)];
  const first = await heddle("scheduler", "--port", "0", "--host", "127.0.0.1", ...journal);
  const address = String(first.first["address"]);
  for (const worker of ["a", "b"]) await heddle("worker", address, "--name", worker, ...SMALL);
  await first.logged(/joined at/, 2);
  let scheduler = first;
  return {
    address,
    restart: async () => {
      scheduler.kill("SIGKILL");
      await scheduler.ended;
      const { port } = new URL(address);
      scheduler = await heddle("scheduler", "--port", port, "--host", "127.0.0.1", ...journal);
    },
  };
}

/** Each line that tasks have written, with the number of times that it is there. */
function counts(path: string): Map<string, number> {
  const lines = new Map<string, number>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line !== "") lines.set(line, (lines.get(line) ?? 0) + 1);
  }
  return lines;
}

describe("a scheduler with a journal", () => {
  it("is killed twice in the middle of 10,000 tasks, and none runs twice", async () => {
    const { address, restart } = await cluster("many");
    const path = join(folder, "runs");
    writeFileSync(path, "");
    const client = new Client(address);
    await client.ready;
    const futures = client.map(
      (i: number) => {
        const endMs = performance.now() + 0.5;
        while (performance.now() < endMs);
        appendFileSync(path, `${i}\n`);
        // A value of the heap, not a word.
        return { i, square: i * i };
      },
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    const sum = client.submit((all: readonly { square: number }[]) => {
      return all.reduce((total, { square }) => total + square, 0);
    }, futures);
    await futures.at(500)!.result();
    await restart();
    await futures.at(5000)!.result();
    await restart();
    const values = (await client.gather(futures)) as unknown as { i: number; square: number }[];
    expect(values.map(({ i }) => i)).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    expect(await sum.result()).toBe(values.reduce((total, { square }) => total + square, 0));
    const runs = counts(path);
    expect(runs.size).toBe(10_000);
    expect(Math.max(...runs.values())).toBe(1);
    await client.close();
  });

  it("knows errors, words, scattered values and locks afterwards, and takes new work", async () => {
    const { address, restart } = await cluster("kinds");
    const client = new Client(address);
    await client.ready;
    const word = client.submit((x: number) => x + 1, 41);
    const failing = client.submit((): number => {
      throw new RangeError("on purpose");
    });
    const [data] = (await client.scatter([[1, 2, 3]])) as unknown as [never];
    const size = client.submit((list: readonly number[]) => list.length, data);
    const lock = new Lock("mine", { client });
    await lock.acquire();
    await Promise.allSettled([word.result(), failing.result(), size.result()]);
    await restart();
    const more = client.submit((list: readonly number[]) => list[2], data);
    expect(await more.result()).toBe(3);
    expect(await word.result()).toBe(42);
    await expect(failing.result()).rejects.toThrow("on purpose");
    expect(await size.result()).toBe(3);
    const other = new Client(address);
    await other.ready;
    const theirs = new Lock("mine", { client: other });
    expect(await theirs.acquire({ timeoutMs: 0 } as never)).toBe(false);
    await lock.release();
    expect(await theirs.acquire()).toBe(true);
    await other.close();
    await client.close();
  });
});
