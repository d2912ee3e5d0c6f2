/**
 * @file A cluster of processes over TCP: two workers of one thread each, the scheduler in a thread
 * of its own. Every task is real: its own argument, key, state and result, and it may fail. The
 * shapes "merge" to "numpy" are those of the paper on the Rust scheduler for Dask (Böhm and
 * Beránek, "Runtime vs Scheduler: Analyzing Dask's Overheads", 2020), sized for two cores.
 */
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, config, LocalCluster, wait } from "heddle";
import * as da from "heddle/array";
import { fromSequence } from "heddle/bag";
import { readParquet, TableEngine } from "heddle/dataframe";
import { full } from "heddle/ndarray";
import { bareRelay } from "../lib/bare-relay.mjs";
import { bareArray, bareExchange } from "../lib/bare-sockets.mjs";
import { check, median, timeMs } from "../lib/measure.mjs";
import { schedulerMemory } from "../lib/scheduler-memory.mjs";

const WORKERS = 2;
const TASKS = 400_000;

let cluster;
let client;
/** Makes the arguments of every round new, so that nothing is remembered from the last one. */
let round = 0;

/** Rows of the shuffle; fewer where a try is wanted: HEDDLE_BENCH_SHUFFLE_ROWS=5000000. */
const SHUFFLE_ROWS = Number(process.env.HEDDLE_BENCH_SHUFFLE_ROWS ?? 50_000_000);
const SHUFFLE_PARTS = 50;
const shuffleFolder = join(tmpdir(), `heddle-bench-shuffle-${SHUFFLE_ROWS}-rows`);

export const facts = { workers: WORKERS, shuffleFolder, shuffleParts: SHUFFLE_PARTS };

async function started() {
  const made = new LocalCluster({ nWorkers: WORKERS, threadsPerWorker: 1, memoryLimit: "4GiB" });
  const own = new Client({ engine: made.engine, setAsDefault: false });
  while ((await own.schedulerInfo()).threads < WORKERS) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await own.close();
  return made;
}

export async function setUp() {
  cluster = await started();
  client = new Client(cluster);
  await client.ready;
}

export async function tearDown() {
  await client.close();
  await cluster.close();
}

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

/** Ten throw, ten are cancelled while they wait, a thousand results are fetched and compared. */
async function manyTasks() {
  const values = freshValues(TASKS);
  const failing = pick(10, TASKS / 2);
  for (const i of failing) values[i] = -values[i] - 1;
  const startMs = performance.now();
  const futures = client.map((x) => {
    if (x < 0) throw new RangeError(`${x} is negative`);
    return x;
  }, values);
  const cancelled = Array.from({ length: 10 }, (_, i) => futures.at(-1 - i));
  await client.cancel(cancelled);
  await futures.settled();
  const chosen = pick(1000, TASKS - 10).filter((i) => values[i] >= 0);
  const results = await client.gather(chosen.map((i) => futures.at(i)));
  const seconds = (performance.now() - startMs) / 1000;
  check(
    results.every((result, k) => result === values[chosen[k]]),
    "a result is wrong",
  );
  const errors = await Promise.all(failing.map((i) => futures.at(i).exception()));
  check(
    errors.every((error) => error?.cause instanceof RangeError),
    "a failure is missing",
  );
  check(
    cancelled.every((future) => future.status === "cancelled"),
    "a task was not cancelled",
  );
  futures.release();
  return TASKS / seconds;
}

const same = (x) => x;
const add = (a, b) => a + b;

/** Median time of one call after the other. */
async function roundTrip(call, count = 300) {
  const times = [];
  for (let i = 0; i < count; i++) times.push(await timeMs(() => call(i)));
  return median(times);
}

/** A binary tree, each level one `map` over futures; tasks a second. */
async function tree(leaves) {
  const startMs = performance.now();
  let level = client.map(same, freshValues(leaves));
  while (level.length > 1) {
    const halves = [level.slice(0, level.length / 2), level.slice(level.length / 2)];
    level = client.map(add, ...halves);
  }
  await level.at(0).result();
  return (2 * leaves - 1) / ((performance.now() - startMs) / 1000);
}

const count = (values) => values.length;

/** Independent tasks, and one that takes all their results; tasks a second. */
async function merge(tasks) {
  const startMs = performance.now();
  const futures = client.map(same, freshValues(tasks));
  check((await client.submit(count, futures).result()) === tasks, "results are missing");
  return (tasks + 1) / ((performance.now() - startMs) / 1000);
}

/** The same with tasks that take time: percent of the ideal. */
async function mergeSlow(tasks, ms) {
  const slow = (x) => {
    const endMs = performance.now() + Math.floor(x);
    while (performance.now() < endMs);
    return x;
  };
  const values = freshValues(tasks).map((_, i) => ms + i / 1e6 + round / 1e9);
  const startMs = performance.now();
  await client.submit(count, client.map(slow, values)).result();
  return (100 * ((tasks * ms) / WORKERS)) / (performance.now() - startMs);
}

/** Products of all pairs of two bags, filtered and summed by key. */
async function bag() {
  const offset = ++round;
  const numbers = Array.from({ length: 200_000 }, (_, i) => i + offset);
  return await timeMs(async () => {
    const sums = await fromSequence(numbers, { npartitions: 50 })
      .map((x) => x * 3)
      .filter((x) => x % 2 === 0)
      .foldby(
        (x) => x % 10,
        (total, x) => total + x,
        0,
        { combine: (a, b) => a + b, combineInitial: 0 },
      )
      .compute({ scheduler: client });
    check(sums.length === 5, "a key is missing");
  });
}

/** Every item goes to the group of its key: all to all. */
async function groupby() {
  const offset = ++round;
  const numbers = Array.from({ length: 100_000 }, (_, i) => i + offset);
  return await timeMs(async () => {
    const groups = await fromSequence(numbers, { npartitions: 40 })
      .groupby((x) => x % 100)
      .map(([key, items]) => [key, items.length])
      .compute({ scheduler: client });
    check(groups.length === 100, "a group is missing");
  });
}

/** Transposes a distributed matrix, adds and aggregates. */
async function numpy() {
  const seed = ++round;
  return await timeMs(async () => {
    const x = da.random.defaultRng(seed).random([4000, 4000], { chunks: 500 });
    const mean = await x.add(x.T).mean().compute({ scheduler: client });
    check(Math.abs(mean - 1) < 0.01, "the mean is wrong");
  });
}

/** A gigabyte to the workers and back; MB/s of both ways together. */
async function scatterGather() {
  const parts = Array.from({ length: 16 }, (_, i) => new Float64Array(8e6).fill(i + round));
  round++;
  const startMs = performance.now();
  const futures = client.scatter(parts, { hash: false });
  const back = await client.gather(futures);
  const seconds = (performance.now() - startMs) / 1000;
  check(back[3][7_999_999] === parts[3][0], "a value is wrong");
  futures.release();
  return (2 * 16 * 64) / seconds;
}

/**
 * Values of 100 MB that a task on the other worker reads; MB/s. A plain typed array is the task's
 * own copy, an NDArray lies where it came.
 */
async function transfer(make, last) {
  const [one, two] = Object.keys((await client.schedulerInfo()).workers);
  const seed = ++round;
  const made = client.options({ workers: [one], pure: false }).submit(make, seed);
  await wait(made);
  const startMs = performance.now();
  const read = client.options({ workers: [two], pure: false }).submit(last, made);
  check((await read.result()) === seed, "a value is wrong");
  const seconds = (performance.now() - startMs) / 1000;
  made.release();
  return 100 / seconds;
}

const typedArrays = () =>
  transfer(
    (value) => new Float64Array(12_500_000).fill(value),
    (x) => x[12_499_999],
  );
const ndarrays = () =>
  transfer(
    (value) => full([12_500_000], value),
    (x) => x.get(12_499_999),
  );

/** Files of four numeric columns, which both sides read; they stay for the next run. */
function writeShuffleFiles() {
  if (existsSync(shuffleFolder)) return;
  mkdirSync(shuffleFolder);
  const engine = TableEngine.open({ threads: 2 });
  const from = (part) => Math.floor((SHUFFLE_ROWS * part) / SHUFFLE_PARTS);
  for (let part = 0; part < SHUFFLE_PARTS; part++) {
    engine.query(
      "COPY (SELECT (hash(i) % 1000000)::BIGINT AS k, i AS id, (i * 0.5)::DOUBLE AS x, i::DOUBLE AS y " +
        `FROM range(${from(part)}, ${from(part + 1)}) t(i)) ` +
        `TO '${join(shuffleFolder, `part.${part}.parquet`)}' (FORMAT parquet)`,
    );
  }
  engine.close();
}

/** Rows of equal keys come together; every row and column is looked at afterwards. */
async function shuffle() {
  writeShuffleFiles();
  config.set({ "dataframe.fragment": "partitioned" });
  try {
    const frame = readParquet(`${shuffleFolder}/*.parquet`).shuffle("k", {
      npartitions: SHUFFLE_PARTS,
    });
    let row;
    const ms = await timeMs(async () => {
      [row] = await frame
        .agg((r) => ({ n: r.k.count(), id: r.id.sum(), x: r.x.max(), y: r.y.max() }))
        .toRecords({ scheduler: client, int64: "bigint" });
    });
    const count = BigInt(SHUFFLE_ROWS);
    check(BigInt(row.n) === count && row.id === (count * (count - 1n)) / 2n, "rows are lost");
    check(row.y === SHUFFLE_ROWS - 1 && row.x === row.y / 2, "a value is wrong");
    return ms / 1000;
  } finally {
    config.set({ "dataframe.fragment": "auto" });
  }
}

/** From nothing until two workers have joined. */
async function ready() {
  let made;
  const ms = await timeMs(async () => {
    made = await started();
  });
  await made.close();
  return ms;
}

const more = (name, unit, run, goal) => ({ name, unit, better: "more", run, goal });
const less = (name, unit, run, goal) => ({ name, unit, better: "less", run, goal });

/** Fixed since the first commit of this file: cases may be added, not changed. */
export const cases = [
  more("map of 400,000 tasks", "tasks/s", manyTasks, 400_000),
  {
    ...less(
      "submit to result, p50",
      "ms",
      () => roundTrip((i) => client.submit(same, ++round + i / 4096).result()),
      0.6,
    ),
    peers: { "bare relay": () => bareRelay(300) },
  },
  more("tree of 8,191 tasks", "tasks/s", () => tree(4096), 100_000),
  more("merge of 25,000", "tasks/s", () => merge(25_000)),
  more("merge of 400 tasks of 10 ms", "% of ideal", () => mergeSlow(400, 10)),
  less("bag", "ms", bag),
  less("groupby", "ms", groupby),
  less("numpy", "ms", numpy),
  {
    ...more("1 GB scattered and gathered", "MB/s", scatterGather),
    peers: { "bare sockets": () => bareExchange(8, 64e6) },
  },
  {
    ...more("100 MB between two workers", "MB/s", typedArrays),
    peers: { "bare sockets": () => bareArray(100e6) },
  },
  {
    ...more("NDArray of 100 MB between two workers", "MB/s", ndarrays),
    peers: { "bare sockets": () => bareArray(100e6) },
  },
  less("two workers ready", "ms", ready, 800),
  less("shuffle of 50 million rows", "s", shuffle),
  {
    ...less("scheduler's memory, 1,000,000 tasks", "MB", () => schedulerMemory(1e6), 300),
    once: true,
  },
];
