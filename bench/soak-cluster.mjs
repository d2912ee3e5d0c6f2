/**
 * @file Mixed work on a local cluster of processes for a long time, while workers are killed at
 * random: every result is checked, and memory and open files of every process are looked at.
 *
 * `node bench/soak-cluster.mjs [--minutes 30] [--workers 3] [--seed 1] [--only frame,bag]
 * [--calm] [--save]`
 *
 * The first worker is never killed, so that its memory can be watched; the others are, every few
 * seconds (none with `--calm`). One line a minute says what each process takes. At the end the
 * first third counts as warm-up: what a process takes in the last third may not be much more than
 * in the second. With `--save` the figures are kept in `results/soak-cluster.json`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import * as da from "../lib/array/index.js";
import * as bags from "../lib/bag/index.js";
import { fromRecords } from "../lib/dataframe/index.js";
import { delayed } from "../lib/delayed/index.js";
import { Client, config, isHeddleError, LocalCluster } from "../lib/index.js";
import { machineFacts } from "./lib/machine.mjs";
import { median } from "./lib/measure.mjs";

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    workers: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    calm: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
  },
});
const MINUTE_MS = 60_000;
const endMs = performance.now() + Number(flags.minutes) * MINUTE_MS;
const workerCount = Number(flags.workers);
/** How often memory is looked at. */
const LOOK_MS = 5000;
/** Growth of the median from the second to the last third that is still noise. */
const GROWTH_MAX_MIB = 32;
const FILES_MAX = 8;

// A task is not to blame for being where we kill.
config.set({ "scheduler.allowed-failures": 10_000, "array.rechunk.method": "exchange" });
const folder = mkdtempSync(join(tmpdir(), "heddle-soak-"));
const cluster = new LocalCluster({
  nWorkers: workerCount,
  threadsPerWorker: 1,
  memoryLimit: "384MiB",
  localDirectory: folder,
  dashboardAddress: null,
});
const client = new Client(cluster);
await client.ready;
await client.waitForWorkers(workerCount);

/** The same numbers for the same seed. */
let state = Number(flags.seed) >>> 0;
function random() {
  state = (state * 1_664_525 + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

const range = (count) => Array.from({ length: count }, (_, i) => i);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Counter {
  n = 0;
  add(by) {
    this.n += by;
    return this.n;
  }
}

const people = range(600).map((i) => ({ id: i, team: i % 7, score: i / 4 }));
const drawn = (seed) => da.random.defaultRng(seed).random([600, 600], { chunks: [50, 600] });

/** Each gives something that is the same every time; the first time says what is right. */
const WORK = {
  array: () =>
    da.random
      .defaultRng(1)
      .normal(0, 1, [800, 800], { chunks: 200 })
      .std({ axis: 0 })
      .sum()
      .compute(),
  "array with its transpose": async () => {
    const x = drawn(2);
    return await x.add(x.T).sum({ axis: 0 }).max().compute();
  },
  exchange: () => drawn(3).rechunk([600, 50]).cumsum({ axis: 0 }).max().compute(),
  bag: async () => {
    const groups = bags
      .range(5000, { npartitions: 6 })
      .groupby((i) => i % 17, { npartitions: 3 })
      .map(([key, items]) => [key, items.length, items.reduce((a, b) => a + b, 0)]);
    return (await groups.compute()).sort((a, b) => a[0] - b[0]);
  },
  frame: async () => {
    const frame = fromRecords(people).mapPartitions((part) => part, { npartitions: 3 });
    const sums = frame.groupby("team").agg((r) => ({ total: r.score.sum() }));
    return (await frame.merge(sums, { on: "team" }).sortValues("id").compute()).toRecords();
  },
  delayed: () => {
    const add = delayed((a, b) => a + b);
    let layer = range(64).map((i) => add(i, 1));
    while (layer.length > 1) {
      layer = range(layer.length / 2).map((i) => add(layer[2 * i], layer[2 * i + 1]));
    }
    return layer[0].compute();
  },
  futures: async () => {
    const parts = client
      .options({ pure: false })
      .map((i) => new Float64Array(2000).fill(i), range(60));
    const [held] = await client.scatter([{ offset: 1 }]);
    const sums = client.map(
      (part, { offset }) => part[1999] + offset,
      parts,
      range(60).map(() => held),
    );
    const failing = client.submit(() => {
      throw new RangeError("on purpose");
    });
    const error = await failing.exception();
    return [
      await client.submit((all) => all.reduce((a, b) => a + b, 0), sums).result(),
      error.message,
    ];
  },
  "futures of futures": async () => {
    const nested = client.map(async (i) => {
      const { getClient } = await import("heddle");
      return await getClient()
        .submit((x) => x * x, i)
        .result();
    }, range(8));
    return await nested.results();
  },
  "many short tasks": async () => {
    const results = await client.map((i) => i + 1, range(20_000)).results();
    return results.reduce((a, b) => a + b, 0);
  },
  actor: async () => {
    const counter = await client.options({ actor: true, pure: false }).submit(Counter).result();
    const calls = range(50).map(() => counter.add(2).result());
    return (await Promise.all(calls)).at(-1);
  },
};

/** What each killed worker may take with it: whoever asks is told so. */
let lost = 0;
let kills = 0;
const wrong = [];
const names = Object.keys(WORK).filter((name) => `,${flags.only || name},`.includes(`,${name},`));
/** Errors that are right after a kill: nobody can make an actor's state or scattered data again. */
const MAY_BE_LOST = { actor: ["Lost", "KilledWorker"], futures: ["Lost", "Cancelled"] };
const rounds = Object.fromEntries(names.map((name) => [name, 0]));
const expected = {};

async function once(name) {
  let result;
  try {
    result = await WORK[name]();
  } catch (error) {
    const cause = isHeddleError(error, "TaskFailed") ? error.cause : error;
    if (!MAY_BE_LOST[name]?.includes(cause?.code)) throw error;
    lost++;
    return;
  }
  expected[name] ??= result;
  rounds[name]++;
  if (isDeepStrictEqual(result, expected[name])) return;
  wrong.push(name);
  console.log(`WRONG ${name}: ${JSON.stringify(result).slice(0, 200)}`);
}

async function work() {
  while (performance.now() < endMs) {
    const name = names[Math.floor(random() * names.length)];
    try {
      await once(name);
    } catch (error) {
      wrong.push(name);
      console.log(`FAILED ${name}:`, error);
    }
  }
}

/** The processes of the workers, by name. */
async function workers() {
  const { workers: all } = await client.schedulerInfo();
  return Object.values(all).map(({ name, pid }) => ({ name, pid }));
}

/** Kills any worker but the first. */
async function kill(spared) {
  while (performance.now() < endMs) {
    await pause(2000 + 6000 * random());
    const others = (await workers()).filter(({ pid }) => pid !== spared);
    const victim = others[Math.floor(random() * others.length)];
    if (victim === undefined) continue;
    try {
      process.kill(victim.pid, "SIGKILL");
      kills++;
    } catch {
      // It has ended by itself: as one that was killed a moment ago.
    }
  }
}

/** Memory in MiB and open files of a process, if it is there. */
function look(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const rssMiB = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    return { rssMiB: Math.round(rssMiB), files: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

const samples = [];
async function watch(spared) {
  const startMs = performance.now();
  let saidMs = startMs;
  while (performance.now() < endMs) {
    await pause(LOOK_MS);
    const seconds = Math.round((performance.now() - startMs) / 1000);
    const others = (await workers()).filter(({ pid }) => pid !== spared);
    const sample = { seconds, program: look(process.pid), spared: look(spared) };
    sample.others = others.map(({ pid }) => look(pid)).filter((one) => one !== undefined);
    samples.push(sample);
    if (performance.now() - saidMs < MINUTE_MS) continue;
    saidMs += MINUTE_MS;
    const text = ({ rssMiB, files }) => `${rssMiB} MiB ${files} files`;
    const done = Object.values(rounds).reduce((a, b) => a + b, 0);
    console.log(
      `${Math.round(seconds / 60)} min: ${done} rounds, ${kills} kills, ${wrong.length} wrong; ` +
        `program ${text(sample.program)}; first worker ${text(sample.spared)}; ` +
        `others ${sample.others.map(text).join(", ")}`,
    );
  }
}

/** Whether a process takes about as much in the last third as in the second. */
function judge(who) {
  const third = Math.floor(samples.length / 3);
  const [second, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)];
  const of = (list, what) => median(list.map((sample) => sample[who]?.[what] ?? Number.NaN));
  const figures = {
    rssMiB: [of(second, "rssMiB"), of(last, "rssMiB")],
    files: [of(second, "files"), of(last, "files")],
  };
  const grown = ({ length: _, ...pair }) => pair[1] - pair[0];
  const isFlat = grown(figures.rssMiB) <= GROWTH_MAX_MIB && grown(figures.files) <= FILES_MAX;
  return { ...figures, isFlat };
}

for (const name of names) await once(name);
const [first] = await workers();
console.log(`process ${process.pid}, workers ${JSON.stringify(await workers())}`);
await Promise.all([work(), work(), ...(flags.calm ? [] : [kill(first.pid)]), watch(first.pid)]);
await client.close();
await cluster.close();
const left = readdirSync(folder, { recursive: true });
rmSync(folder, { recursive: true, force: true });

const judged = { program: judge("program"), firstWorker: judge("spared") };
const ok =
  wrong.length === 0 && left.length === 0 && Object.values(judged).every(({ isFlat }) => isFlat);
const facts = { machine: machineFacts(), minutes: Number(flags.minutes), seed: flags.seed };
const summary = { ok, rounds, kills, lost, wrong, leftFiles: left.length, ...judged };
console.log(JSON.stringify(summary, null, 2));
if (flags.save) {
  const each = Math.max(1, Math.round(MINUTE_MS / LOOK_MS));
  const everyMinute = samples.filter((_, i) => (i + 1) % each === 0);
  const text = JSON.stringify({ ...facts, ...summary, samples: everyMinute }, null, 1);
  writeFileSync(new URL("results/soak-cluster.json", import.meta.url), `${text}\n`);
}
process.exitCode = ok ? 0 : 1;
