/**
 * @file Many small tasks: how fast they are taken, run and given back. Every task is real: it has
 * its own argument, key, state and result, and may fail; the counts are checked against what the
 * scheduler counted.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Client, delayed } from "heddle";
import { check, median, timeMs } from "../lib/measure.mjs";
import { runScheduler } from "../lib/scheduler.mjs";

const MILLION = 1_000_000;

let client;
/** Makes the arguments of every round new, so that nothing is remembered from the last one. */
let round = 0;

export const facts = {};

export async function setUp() {
  client = new Client({ embedded: true });
  await client.ready;
  facts.threads = client.threads;
}

export async function tearDown() {
  await client.close();
}

const transitions = async () => (await client.schedulerInfo()).transitions;

/** Values that no round had before; the fractions are below one. */
function freshValues(count) {
  const offset = ++round / 4096;
  return Array.from({ length: count }, (_, i) => i + offset);
}

function pick(count, from) {
  const chosen = new Set();
  while (chosen.size < count) chosen.add(Math.floor(Math.random() * from));
  return [...chosen];
}

/** Until every task of the list has finished. */
async function finish(futures) {
  await futures.settled();
  check(futures.at(-1).status === "finished", "a task has failed");
  futures.release();
}

/**
 * A million tasks that do nothing: ten throw, ten are cancelled while they wait, a thousand results
 * are fetched and compared.
 */
async function mapMillion() {
  const values = freshValues(MILLION);
  const failing = pick(10, MILLION / 2);
  for (const i of failing) values[i] = -values[i] - 1;
  const before = await transitions();
  const startMs = performance.now();
  const futures = client.map((x) => {
    if (x < 0) throw new RangeError(`${x} is negative`);
    return x;
  }, values);
  const cancelled = Array.from({ length: 10 }, (_, i) => futures.at(-1 - i));
  await client.cancel(cancelled);
  await futures.settled();
  const chosen = pick(1000, MILLION - 10).filter((i) => values[i] >= 0);
  const fetched = chosen.map((i) => futures.at(i));
  const results = await client.gather(fetched);
  const seconds = (performance.now() - startMs) / 1000;

  check(
    results.every((result, k) => result === values[chosen[k]]),
    "a result is wrong",
  );
  const failed = failing.map((i) => futures.at(i));
  const errors = await Promise.all(failed.map((future) => future.exception()));
  check(
    errors.every((error) => error?.cause instanceof RangeError),
    "a failure is missing",
  );
  check(
    cancelled.every((future) => future.status === "cancelled"),
    "a task was not cancelled",
  );
  // Waiting, queued, leased, done. A cancelled task is taken out of its queue, one less, unless it
  // had been leased or had run already.
  const counted = (await transitions()) - before - 4 * MILLION;
  check(counted >= -10 && counted <= 10, `${counted} transitions more than four for each task`);
  for (const future of [...fetched, ...failed, ...cancelled]) future.release();
  futures.release();
  return MILLION / seconds;
}

/** Milliseconds from the call until the engine has given the tasks their numbers. */
async function acceptMillion() {
  const values = freshValues(MILLION);
  const startMs = performance.now();
  const futures = client.map(same, values);
  await futures.at(-1).id();
  const ms = performance.now() - startMs;
  await futures.settled();
  futures.release();
  return ms;
}

/** Median time of one call after the other. */
async function roundTrip(call, count = 500) {
  const times = [];
  for (let i = 0; i < count; i++) times.push(await timeMs(() => call(i)));
  return median(times);
}

/** A binary tree over 2^19 leaves: 2^20 - 1 tasks, each level one `map` over futures. */
async function tree() {
  const leaves = 2 ** 19;
  const startMs = performance.now();
  let level = client.map((x) => x, freshValues(leaves));
  while (level.length > 1) {
    const halves = [level.slice(0, level.length / 2), level.slice(level.length / 2)];
    level = client.map((a, b) => a + b, ...halves);
  }
  await level.at(0).result();
  return (2 * leaves - 1) / ((performance.now() - startMs) / 1000);
}

/** A random graph of distinct tasks with two inputs each, built call by call and computed. */
async function randomGraph(count) {
  const leaf = delayed((i) => i, { pure: true });
  const node = delayed((a, b, i) => (a + b + i) % 1024, { pure: true });
  const values = freshValues(count);
  const startMs = performance.now();
  const nodes = [];
  let seed = round;
  const earlier = (i) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return nodes[i - 1 - (seed % Math.min(i, 1000))];
  };
  for (let i = 0; i < count; i++) {
    nodes.push(i < 10 ? leaf(values[i]) : node(earlier(i), earlier(i), values[i]));
  }
  const total = delayed((all) => all.length)(nodes.slice(-2000));
  check((await total.compute()) === 2000, "the graph was not computed");
  return count / ((performance.now() - startMs) / 1000);
}

async function kilobyteResults(count) {
  const values = freshValues(count);
  const startMs = performance.now();
  await finish(client.map((i) => new Uint8Array(1000).fill(i), values));
  return count / ((performance.now() - startMs) / 1000);
}

/** Keeps a thread busy. */
function spin(ms) {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
  return ms;
}

/** How near the threads come to working all the time: 100 is perfect. */
async function busyShare(ms, count) {
  const values = freshValues(count).map((_, i) => ms + i / 1e9 + round / 1e12);
  const startMs = performance.now();
  await finish(client.map(spin, values));
  return (100 * ((ms * count) / client.threads)) / (performance.now() - startMs);
}

/** Makespan in units of the best possible one; one task in a hundred is 1,000 times longer. */
async function stragglers() {
  const count = 10_000;
  const values = freshValues(count).map(
    (_, i) => (i % 100 === 50 ? 20 : 0.02) + i / 1e9 + round / 1e12,
  );
  const totalMs = values.reduce((a, b) => a + b, 0);
  const startMs = performance.now();
  await finish(client.map(spin, values));
  return (performance.now() - startMs) / (totalMs / client.threads);
}

function firstResult(what) {
  const script = fileURLToPath(new URL("../lib/first-result.mjs", import.meta.url));
  return Number(execFileSync(process.execPath, [script, what], { encoding: "utf8" }));
}

const same = (x) => x;
let counter = 0;
const bag = { weight: 0 };

const more = (name, unit, run, goal) => ({ name, unit, better: "more", run, goal });
const less = (name, unit, run, goal) => ({ name, unit, better: "less", run, goal });

/** The pure machine, on graphs with this many inputs a task: three figures of the same runs. */
function schedulerCases(shape, edges) {
  const runs = [];
  const figure = (name) => {
    let at = 0;
    return async () => {
      runs[at] ??= await runScheduler(MILLION, edges);
      return runs[at++][name];
    };
  };
  return [
    less(`scheduler, ${shape}: accept 1,000,000 tasks`, "ms", figure("acceptedMs"), 1000),
    less(`scheduler, ${shape}: memory`, "bytes/task", figure("bytesPerTask"), 100),
    more(`scheduler, ${shape}: transitions`, "1/s", figure("transitionsPerSecond"), 5e6),
  ];
}

/** Fixed since the first commit of this file: cases may be added, not changed. */
export const cases = [
  more("map of 1,000,000 tasks", "tasks/s", mapMillion, 1e6),
  less("map of 1,000,000 tasks accepted", "ms", acceptMillion, 1000),
  more("tree of 1,000,000 tasks", "tasks/s", tree),
  more("random graph, built task by task", "tasks/s", () => randomGraph(200_000)),
  more("1 kB results", "tasks/s", () => kilobyteResults(100_000)),
  less(
    "submit to result, p50",
    "ms",
    () => roundTrip((i) => client.submit(same, ++round + i / 4096).result()),
    0.15,
  ),
  less("submit of an inline function to result, p50", "ms", () =>
    roundTrip((i) => client.submit((x) => x, ++round + i / 4096).result()),
  ),
  less(
    "submit to result with mutable captures, p50",
    "ms",
    () =>
      roundTrip(() => {
        counter++;
        bag.weight = counter / 2;
        return client.submit((x) => x + counter + bag.weight, 1).result();
      }),
    1.5,
  ),
  more("tasks of 0.1 ms", "% of ideal", () => busyShare(0.1, 10_000)),
  more("tasks of 1 ms", "% of ideal", () => busyShare(1, 1000)),
  more("tasks of 10 ms", "% of ideal", () => busyShare(10, 100)),
  less("one task in 100 takes 1,000 times longer", "x ideal", stragglers, 1.1),
  {
    ...less("first result", "ms", () => firstResult("engine")),
    peers: { "bare threads": () => firstResult("threads") },
  },
  ...schedulerCases("map", 0),
  ...schedulerCases("graph", 2),
];
