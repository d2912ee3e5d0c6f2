/**
 * @file A worker that was away for too long comes back with what it has, and what it still runs.
 */
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ClusterScheduler } from "../../dist/cluster/cluster-scheduler.js";
import { ClusterWorker } from "../../dist/cluster/cluster-worker.js";
import { ownHello } from "../../dist/cluster/own-hello.js";
import { Client, config } from "../../dist/index.js";
import { TcpProxy } from "../lab/tcp-proxy.ts";

const token = "a token for this test alone";

let scheduler: ClusterScheduler;
let proxy: TcpProxy;
let worker: ClusterWorker;
let client: Client;

beforeEach(async () => {
  config.set({ "comm.timeouts.lost": 300 });
  await open();
});

async function open(): Promise<void> {
  scheduler = await ClusterScheduler.start({
    token,
    hello: ownHello("scheduler", "lab", {}),
    allowedFailures: 3,
  });
  proxy = await TcpProxy.start(scheduler.address);
  worker = await ClusterWorker.start({
    name: "one",
    scheduler: [proxy.address],
    token,
    listen: ["tcp://127.0.0.1:0"],
    threads: 1,
    memoryLimitBytes: 2 ** 30,
    resources: {},
    localDirectory: tmpdir(),
    configuration: config.serialize(),
    validate: true,
    environ: {},
    nodeOptions: [],
  });
  client = new Client({ address: scheduler.address, token });
  await client.ready;
}

async function close(): Promise<void> {
  await client.close();
  await worker.close("the test is over");
  await proxy.close();
  await scheduler.close();
}

afterEach(async () => {
  await close();
  for (const key of ["lost", "suspect", "dead"] as const) config.pop(`comm.timeouts.${key}`);
});

/** Cuts the worker off until the scheduler has given it up, and lets it come back. */
async function away(meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
  const workers = async (): Promise<number> =>
    Object.keys((await client.schedulerInfo()).workers).length;
  proxy.refuses = true;
  proxy.cut();
  while ((await workers()) > 0) await pause(20);
  await meanwhile();
  proxy.refuses = false;
  while ((await workers()) === 0) await pause(20);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test("when both sides gave the session up, old tasks are not taken for new ones", async () => {
  config.set({ "comm.timeouts.suspect": 200, "comm.timeouts.dead": 400 });
  await close();
  await open();
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  const old = client.map((i: number) => `old ${i}`, numbers);
  await old.settled();
  // Forgotten while it is away: the tasks that come later have the same numbers.
  await away(async () => {
    await pause(1500);
    old.release();
    await client.schedulerInfo();
  });
  const later = client.map((i: number) => `new ${i}`, numbers);
  expect(await later.results()).toEqual(numbers.map((i) => `new ${i}`));
});

test("its values are the same as before", async () => {
  const made = client.map(
    (i: number) => ({ i, random: Math.random(), filler: "x".repeat(1000) }),
    [1, 2, 3, 4],
  );
  const words = client.map((i: number) => i + Math.random(), [1, 2, 3]);
  const before = [await made.results(), await words.results()];
  await away();
  expect([await made.results(), await words.results()]).toEqual(before);
});

test("an asynchronous task that it was running, and that is still wanted, ends well", async () => {
  const slow = client.submit(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return "done";
  });
  await pause(100);
  await away();
  expect(await slow.result()).toBe("done");
});

test("it gets the rest of a graph that it has in part", async () => {
  const texts = Array.from({ length: 40_000 }, (_, i) => `text ${i}`);
  const read = client.map((text: string) => {
    const endMs = performance.now() + (text === "text 1" ? 1500 : 0);
    while (performance.now() < endMs);
    return `${text}!`;
  }, texts);
  await read.at(0)?.result();
  await away();
  const results = await client.gather([read.at(0), read.at(20_000), read.at(39_999)]);
  expect(results).toEqual(["text 0!", "text 20000!", "text 39999!"]);
});
