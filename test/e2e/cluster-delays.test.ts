/**
 * @file A cluster whose scheduler is behind a network that delays, cuts, half-closes and loses one
 * direction, in the middle of a shuffle and a tree reduction: the results are those of a network
 * without faults, and nothing waits for ever.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as da from "../../dist/array/index.js";
import { ClusterScheduler } from "../../dist/cluster/cluster-scheduler.js";
import { ClusterWorker } from "../../dist/cluster/cluster-worker.js";
import { ownHello } from "../../dist/cluster/own-hello.js";
import { Client, config } from "../../dist/index.js";
import { type Direction, TcpProxy } from "../lab/tcp-proxy.ts";

const token = "a token for this test alone";
const SIDE = 480;

let folder: string;
let scheduler: ClusterScheduler;
/** Of the two workers, and of the client. */
let proxies: TcpProxy[];
let workers: ClusterWorker[];
let client: Client;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-delays-"));
  config.set({ "array.rechunk.method": "exchange", "exchange.read-neighbours": false });
  const hello = ownHello("scheduler", "lab", {});
  scheduler = await ClusterScheduler.start({ token, hello, allowedFailures: 3 });
  proxies = await Promise.all([1, 2, 3].map(() => TcpProxy.start(scheduler.address)));
  const of = async (name: string, proxy: TcpProxy): Promise<ClusterWorker> =>
    await ClusterWorker.start({
      name,
      scheduler: [proxy.address],
      token,
      listen: ["tcp://127.0.0.1:0"],
      threads: 1,
      memoryLimitBytes: 2 ** 29,
      resources: {},
      localDirectory: folder,
      configuration: config.serialize(),
      validate: true,
      environ: {},
      nodeOptions: [],
    });
  workers = [await of("one", proxies[0]!), await of("two", proxies[1]!)];
  client = new Client({ address: proxies[2]!.address, token });
  await client.waitForWorkers(2);
});

afterEach(async () => {
  for (const proxy of proxies) Object.assign(proxy, { delayMs: 0, jitterMs: 0 });
  await client.close();
  for (const worker of workers) await worker.close("the test is over");
  for (const proxy of proxies) await proxy.close();
  await scheduler.close();
  for (const key of ["array.rechunk.method", "exchange.read-neighbours"] as const) config.pop(key);
  rmSync(folder, { recursive: true, force: true });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A shuffle, a tree reduction and calls with a result each, all at once. */
async function work(): Promise<unknown> {
  const x = da.random.defaultRng(7).random([SIDE, SIDE], { chunks: [SIDE / 6, SIDE] });
  const shuffled = x
    .rechunk([SIDE, SIDE / 6])
    .cumsum({ axis: 0 })
    .rechunk([SIDE / 6, SIDE])
    .sum({ axis: 1 })
    .compute({ scheduler: client });
  const y = da.random.defaultRng(8).random([SIDE, SIDE], { chunks: SIDE / 6 });
  const total = y.add(y.T).mul(2).sum().compute({ scheduler: client });
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  const calls = client.options({ pure: false }).map((i: number) => i * i, numbers);
  return [(await shuffled).toArray(), await total, await calls.results()];
}

/** Work goes on while the network does this again and again. */
async function whileFaulty(fault: (round: number) => Promise<void>): Promise<unknown> {
  let isDone = false;
  const results = work().finally(() => {
    isDone = true;
  });
  for (let round = 0; round < 20 && !isDone; round++) await fault(round);
  return await results;
}

test("delays of 20 to 60 ms on all ways change no result", async () => {
  const expected = await work();
  for (const proxy of proxies) Object.assign(proxy, { delayMs: 20, jitterMs: 40 });
  expect(await work()).toEqual(expected);
});

test("cuts under delay lose nothing and do nothing twice", async () => {
  const expected = await work();
  for (const proxy of proxies) Object.assign(proxy, { delayMs: 5, jitterMs: 10 });
  const results = await whileFaulty(async (round) => {
    await pause(60);
    proxies[round % 3]?.cut();
  });
  expect(proxies.every(({ connections }) => connections > 1)).toBe(true);
  expect(results).toEqual(expected);
});

test.each<Direction>(["up", "down"])("one direction (%s) is lost for a while", async (way) => {
  const expected = await work();
  const results = await whileFaulty(async (round) => {
    const proxy = proxies[round % 3]!;
    proxy.cutOneWay(way);
    await pause(150);
    proxy.heal();
    await pause(20);
  });
  expect(results).toEqual(expected);
});

test.each<Direction>(["up", "down"])("one side (%s) is told that no more comes", async (way) => {
  const expected = await work();
  const results = await whileFaulty(async (round) => {
    proxies[round % 3]?.halfClose(way);
    await pause(80);
  });
  expect(results).toEqual(expected);
});
