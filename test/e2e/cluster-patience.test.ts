/**
 * @file Who is silent for a while is not gone: a program that computes for more than a minute
 * without a turn of its event loop keeps its futures, and a worker that is stopped for half a
 * minute goes on. Timers are those of the configuration's defaults, but where it is said.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NetworkClient } from "./fixtures/network-client.ts";
import { type Program, startProgram } from "./fixtures/programs.ts";

const TOKEN = "a token for the patient";
const SIZE = ["--nthreads", "1", "--memory-limit", "1GB"];

let folder: string;
let environ: Record<string, string>;
let programs: Program[] = [];
let scheduler: Program;
let worker: Program;
let client: NetworkClient;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-patience-"));
});

afterEach(async () => {
  client.kill();
  for (const one of programs) one.kill("SIGKILL");
  await Promise.all(programs.map(({ ended }) => ended));
  programs = [];
  rmSync(folder, { recursive: true, force: true });
});

async function program(...args: string[]): Promise<Program> {
  const one = await startProgram([...args, "--json"], folder, environ);
  programs.push(one);
  return one;
}

async function start(timers: Record<string, string> = {}): Promise<void> {
  environ = { HOME: folder, HEDDLE_TOKEN: TOKEN, ...timers };
  scheduler = await program("scheduler", "--port", "0", "--host", "127.0.0.1");
  const address = String(scheduler.first["address"]);
  worker = await program("worker", address, "--no-nanny", "--name", "w1", ...SIZE);
  await program("worker", address, "--no-nanny", "--name", "w2", ...SIZE);
  client = new NetworkClient([], environ);
  await client.do("connect", { address, workers: 2 });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe("a program that computes", () => {
  test.each([
    ["for longer than workers may be silent", { SUSPECT: "200ms", DEAD: "500ms" }, 3000],
    ["for 70 s", {}, 70_000],
  ])("%s keeps its futures", async (_, timers, ms) => {
    const named = Object.entries(timers).map(([name, value]) => [
      `HEDDLE_COMM__TIMEOUTS__${name}`,
      value,
    ]);
    await start(Object.fromEntries(named));
    await client.do("start", { count: 40, ms: 20 });
    expect(await client.do("block", { ms })).toEqual(range(40));
    expect(await client.do("ping", { n: 1 })).toBe(2);
    expect(scheduler.log()).not.toMatch(/client .* is gone/);
  });
});

test("a worker that is stopped for 30 s gets no more tasks, and goes on where it was", async () => {
  await start();
  const expected = await client.do("reduce", { side: 500, chunks: 100 });
  await client.do("start", { count: 100, ms: 50 });
  worker.kill("SIGSTOP");
  const during = client.do("reduce", { side: 500, chunks: 100 });
  await pause(30_000);
  worker.kill("SIGCONT");
  expect(await client.do("results")).toEqual(range(100));
  expect(await during).toBe(expected);
  expect(await client.do("info")).toEqual(["w1", "w2"]);
  expect(scheduler.log()).not.toMatch(/worker w1 is gone/);
});
