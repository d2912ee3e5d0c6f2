/**
 * @file Who is silent for a while is not gone: a program that computes for more than a minute
 * without a turn of its event loop keeps its futures, and a worker that is stopped for half a
 * minute goes on. Timers are those of the configuration's defaults, but where it is said.
 */
import { afterEach, describe, expect, test } from "vitest";
import { addressOf, type Program, Programs, SMALL } from "../fixtures/programs.ts";
import { NetworkClient } from "./fixtures/network-client.ts";

const TOKEN = "a token for the patient";

let programs: Programs;
let scheduler: Program;
let worker: Program;
let client: NetworkClient;

afterEach(async () => {
  client.kill();
  await programs.remove();
});

async function start(timers: Record<string, string> = {}): Promise<void> {
  programs = new Programs("patience", { HEDDLE_TOKEN: TOKEN, ...timers });
  scheduler = await programs.scheduler();
  const address = addressOf(scheduler);
  const args = ["worker", address, ...SMALL, "--no-nanny", "--name"];
  worker = await programs.start([...args, "w1"]);
  await programs.start([...args, "w2"]);
  client = new NetworkClient([], { HOME: programs.home, HEDDLE_TOKEN: TOKEN, ...timers });
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
    ["for longer than workers may be silent", { SUSPECT: "500ms", DEAD: "3s" }, 8000],
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
