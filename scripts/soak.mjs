/**
 * @file A long loop of mixed work on the embedded engine: maps, calls inside of calls, arrays,
 * frames, bags, exchanges, failures, cancellations, values that go to disk and come back, scattered
 * values, futures that are just dropped, threads that die now and then. Prints memory, handles and
 * threads as a table, and ends with 1 when one of them grows.
 * `--minutes N` (default 60), `--seed N`.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Client, compute, delayed, getClient, wait } from "heddle";
import * as da from "heddle/array";
import { fromSequence } from "heddle/bag";
import * as dd from "heddle/dataframe";
import { Prng } from "../dist/core/prng.js";
import { collectGarbage } from "../dist/ndarray/collect-garbage.js";

const { values: given } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const totalMs = Number(given.minutes) * 60_000;
/** The first part of the time warms up: code is compiled, memory finds its size. */
const WARM_SHARE = 0.4;
const SAMPLES_MIN = 10;
const sampleMs = Math.min(60_000, totalMs / SAMPLES_MIN);
const MIB = 2 ** 20;
const prng = new Prng(Number(given.seed));
const client = new Client({ threads: 2, memoryLimit: "96MiB", threadHeapMb: 256 });
const flights = "node_modules/vega-datasets/data/flights-200k.json";

function check(isTrue, what) {
  if (!isTrue) throw new Error(`wrong result: ${what}`);
}

async function fails(promise, code) {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  check(error?.code === code, `${error?.code ?? "success"} instead of ${code}`);
}

const range = (count) => Array.from({ length: count }, (_, i) => i);

/** Each kind of work checks its own result. */
const work = {
  async map() {
    const shift = prng.integer(1000);
    const list = client.map((x) => x + shift, range(20_000));
    const results = await list.results();
    check(results[777] === 777 + shift, "map");
    list.release();
  },
  async calls() {
    const salt = prng.uint32();
    const leaves = range(16).map((i) => client.submit((a, b) => [a, b], i, salt));
    const sum = client.submit((pairs) => pairs.reduce((total, [a]) => total + a, 0), leaves);
    check((await sum.result()) === 120, "calls");
  },
  async nested() {
    const tree = async (depth, salt) => {
      if (depth === 0) return 1;
      const own = getClient();
      const halves = [0, 1].map((side) => own.submit(tree, depth - 1, salt * 2 + side));
      const [a, b] = await own.gather(halves);
      return a + b;
    };
    check((await client.submit(tree, 4, prng.uint32()).result()) === 16, "nested");
  },
  async delayed() {
    const add = delayed((a, b) => a + b);
    let total = add(prng.integer(10), 0);
    for (let i = 0; i < 20; i++) total = add(total, i);
    const [value] = await compute(total, { scheduler: client });
    check(value >= 190 && value < 200, "delayed");
  },
  async array() {
    const x = da.random.random([800, 800], { chunks: [200, 200] });
    const symmetric = x.add(x.T);
    const [mean, shape] = [await symmetric.mean().compute(), symmetric.shape];
    check(Math.abs(Number(mean) - 1) < 0.05 && shape[0] === 800, "array");
    const turned = da.ones([600, 600], { chunks: [600, 60] }).rechunk([60, 600]);
    check(Number(await turned.sum().compute()) === 360_000, "rechunk");
  },
  async frame() {
    if (!existsSync(flights)) return;
    const frame = dd.readJson(flights, { lines: false });
    const means = await frame
      .groupby("distance")
      .agg({ n: ["delay", "count"] })
      .compute();
    check(means.length > 100, "frame");
  },
  async bag() {
    const words = fromSequence(
      range(2000).map((i) => `w${i % 7}`),
      { npartitions: 4 },
    );
    const counts = await words.frequencies().compute();
    check(counts.length === 7, "bag");
    const groups = await words.groupby((word) => word).compute();
    check(groups.length === 7, "groupby");
  },
  async failure() {
    const list = client.options({ pure: false }).map((x) => {
      if (x === 13) throw new RangeError("thirteen");
      return x;
    }, range(100));
    await fails(list.results(), "TaskFailed");
    check((await list.at(12).result()) === 12, "the others");
    list.release();
  },
  async cancel() {
    const sleep = (i) => new Promise((resolve) => setTimeout(resolve, 2000 + i));
    const list = client.options({ pure: false, concurrency: 20 }).map(sleep, range(40));
    await list.cancel();
    await fails(list.at(39).result(), "Cancelled");
    list.release();
  },
  async spill() {
    const list = client.options({ pure: false }).map((i) => new Uint8Array(4e6).fill(i), range(40));
    const sums = client.map((bytes) => bytes[0] + bytes[3_999_999], list);
    check((await sums.results())[21] === 42, "spill");
    const back = await list.results();
    check(back[39][5] === 39, "read back");
    list.release();
  },
  async scatter() {
    const parts = range(8).map((i) => new Float64Array(200_000).fill(i));
    const list = client.scatter(parts);
    const firsts = await client.map((values) => values[199_999], list).results();
    check(firsts[7] === 7, "scatter");
    list.release();
  },
  async dropped() {
    // Neither fetched nor released: the collector has to find them.
    const make = client.options({ pure: false });
    await wait(make.map((i) => new Uint8Array(2e6).fill(i), range(10)));
    make.submit(() => "x".repeat(1000));
  },
  async death() {
    if (!prng.chance(0.2)) return;
    const killer = client.options({ pure: false }).submit(() => process.exit(1));
    await fails(killer.result(), "KilledWorker");
  },
  async clients() {
    const other = new Client({ embedded: true, setAsDefault: false });
    check((await other.submit((x) => x * 2, 21).result()) === 42, "another client");
    await other.close();
  },
};

function threadCount() {
  if (process.platform !== "linux") return 0;
  return Number(/Threads:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

async function sample(startMs, rounds) {
  collectGarbage();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const facts = Object.values((await client.schedulerInfo()).workers)[0];
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    minutes: (Date.now() - startMs) / 60_000,
    rounds,
    rss,
    heapUsed,
    external,
    engine: facts.memoryBytes,
    spilled: facts.spilledBytes,
    handles: process.getActiveResourcesInfo().length,
    threads: threadCount(),
  };
}

function print(row) {
  const mib = (bytes) => (bytes / MIB).toFixed(1).padStart(9);
  const { minutes, rounds, rss, heapUsed, external, engine, spilled, handles, threads } = row;
  console.log(
    `${minutes.toFixed(1).padStart(7)} ${String(rounds).padStart(7)} ${mib(rss)} ` +
      `${mib(heapUsed)} ` +
      `${mib(external)} ${mib(engine)} ${mib(spilled)} ${String(handles).padStart(8)} ` +
      `${String(threads).padStart(8)}`,
  );
}

/** Growth from the first to the last third of the samples, by medians, which forgive a peak. */
function growth(samples, of) {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const median = (rows) => rows.map(of).sort((a, b) => a - b)[Math.floor(rows.length / 2)];
  const [first, last] = [median(samples.slice(0, third)), median(samples.slice(-third))];
  return { first, last, grown: last - first };
}

function verdicts(samples) {
  const warm = samples.slice(Math.floor(samples.length * WARM_SHARE));
  const limits = {
    rss: (first) => 0.08 * first + 24 * MIB,
    heapUsed: (first) => 0.08 * first + 4 * MIB,
    external: (first) => 0.1 * first + 8 * MIB,
    handles: () => 0,
    threads: () => 0,
  };
  return Object.entries(limits).flatMap(([name, limit]) => {
    const { first, last, grown } = growth(warm, (row) => row[name]);
    return grown > limit(first) ? [`${name} grew from ${first} to ${last}`] : [];
  });
}

const startMs = Date.now();
const samples = [];
const kinds = Object.entries(work).filter(
  ([name]) => given.only === undefined || given.only.split(",").includes(name),
);
console.log("minutes  rounds   RSS MiB  heap MiB  external    engine   on disk  handles  threads");
let rounds = 0;
for (let nextMs = startMs + sampleMs; Date.now() - startMs < totalMs; ) {
  for (const [name, run] of prng.shuffle([...kinds])) {
    try {
      await run();
    } catch (error) {
      error.message = `${name}: ${error.message}`;
      throw error;
    }
  }
  rounds++;
  if (Date.now() < nextMs) continue;
  nextMs = Date.now() + sampleMs;
  samples.push(await sample(startMs, rounds));
  print(samples.at(-1));
}
const faults = verdicts(samples);
for (const fault of faults) console.log(fault);
console.log(faults.length === 0 ? `flat over ${rounds} rounds` : "not flat");
await client.close();
process.exitCode = faults.length === 0 ? 0 : 1;
