/**
 * @file Data four times the memory limit: each case runs in a process of its own, which records the
 * largest heap, the largest resident set (the kernel's own count) and the largest disk use.
 *
 * `node bench/larger-than-memory.mjs [--case NAME] [--limit 256MiB] [--lib DIR] [--json]`
 *
 * A case passes when the heap never exceeds the limit, and the resident set never exceeds what the
 * idle process had, plus the limit, plus the slack that the case states. The slack is what lies
 * outside the limit by design: V8's own heaps, which hold a partition's plain objects while a task
 * works on them, one for each thread.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const script = fileURLToPath(import.meta.url);
const MIB = 2 ** 20;
const FACTOR = 4;

const { values: flags } = parseArgs({
  options: {
    case: { type: "string" },
    limit: { type: "string", default: "256MiB" },
    threads: { type: "string", default: "2" },
    lib: { type: "string", default: join(dirname(dirname(script)), "lib") },
    child: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const load = (path) => import(pathToFileURL(join(resolve(flags.lib), path)).href);

/** Side of a square float64 array of this many bytes, a multiple of 64. */
const sideOf = (bytes) => Math.ceil(Math.sqrt(bytes / 8) / 64) * 64;

/** What is computed, by case; each gives true when the result is right. */
const cases = {
  /** Persisted first, so that three quarters of it must go to disk and come back. */
  "x + x.T": {
    slackMiB: 96,
    async run({ limitBytes }) {
      const da = await load("array/index.js");
      const side = sideOf(limitBytes * FACTOR);
      const drawn = da.random.defaultRng(1).random([side, side], { chunks: side / 16 });
      const x = await drawn.persist();
      const total = await x.add(x.T).sum().compute();
      const single = await x.sum().compute();
      return Math.abs(total - 2 * single) < 1e-6 * total;
    },
  },
  "rechunk rows to columns": {
    slackMiB: 64,
    async run({ limitBytes }) {
      const da = await load("array/index.js");
      const side = sideOf(limitBytes * FACTOR);
      const strip = side / 64;
      const rows = da.random.defaultRng(1).random([side, side], { chunks: [strip, side] });
      const columns = rows.rechunk([side, strip]);
      const [sums, total] = [await columns.sum({ axis: 0 }).compute(), await rows.sum().compute()];
      const again = sums.toArray().reduce((a, b) => a + b, 0);
      return Math.abs(again - total) < 1e-9 * total;
    },
  },
  "frame join": {
    slackMiB: 64,
    async run({ folder, limitBytes }) {
      const { readParquet } = await load("dataframe/index.js");
      const left = readParquet(join(folder, "left-*.parquet"));
      const right = readParquet(join(folder, "right-*.parquet"));
      const joined = left.merge(right, { on: "id" });
      const [{ n, same }] = (
        await joined.agg((r) => ({ n: r.id.count(), same: r.a.sub(r.b).abs().max() })).compute()
      ).toRecords();
      return Number(n) === rowsOf(limitBytes) && Number(same) === 0;
    },
  },
  "bag groupby": {
    slackMiB: 96,
    async run({ limitBytes }) {
      const { range } = await load("bag/index.js");
      // An item takes about 320 bytes as JSON, and more as an object.
      const count = Math.round((limitBytes * FACTOR) / 320);
      const text = "The quick brown fox jumps over the lazy dog. ".repeat(8);
      const items = range(count, { npartitions: 100 }).map((i) => ({
        id: i,
        key: (i * 7919) % 1000,
        words: ["some", "words", `of item ${i}`],
        note: text.slice(i % 100, (i % 100) + 220),
        place: { x: i % 360, y: i % 180 },
      }));
      const groups = items.groupby("key").map(([key, list]) => [key, list.length]);
      const sizes = await groups.compute();
      const total = sizes.reduce((sum, [, size]) => sum + size, 0);
      return sizes.length === 1000 && total === count;
    },
  },
};

const rowsOf = (limitBytes) => Math.round((limitBytes * FACTOR) / 64);

/** Two frames of 32 bytes a row, each row of one meeting one row of the other. */
async function writeFrames(folder, limitBytes) {
  const { TableEngine } = await load("dataframe/index.js");
  const engine = TableEngine.open({ threads: 2 });
  const session = engine.session();
  const rows = rowsOf(limitBytes);
  const files = 8;
  for (let k = 0; k < files; k++) {
    const [from, to] = [Math.floor((rows * k) / files), Math.floor((rows * (k + 1)) / files)];
    for (const [name, id, column] of [
      ["left", "i", "a"],
      ["right", `${rows} - 1 - i`, "b"],
    ]) {
      session.execute(
        `copy (select ${id} as id, ((${id}) * 7919 % 1000003)::double as ${column}, ` +
          `i * 0.5 as x${name}, hash(i)::double as y${name} from range(${from}, ${to}) t(i)) ` +
          `to '${join(folder, `${name}-${k}.parquet`)}' (format parquet)`,
      );
    }
  }
  engine.close();
}

function status(field) {
  const text = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024;
}

async function child() {
  const { Client } = await load("index.js");
  const { parseBytes } = await load("core/units.js");
  const limitBytes = parseBytes(flags.limit);
  const folder = process.env.HEDDLE_BENCH_FOLDER;
  const spill = mkdtempSync(join(tmpdir(), "heddle-spill-"));
  const client = new Client({
    threads: Number(flags.threads),
    memoryLimit: limitBytes,
    localDirectory: spill,
  });
  await client.submit((x) => x + 1, 1).result();
  const baseMiB = status("VmRSS");
  const startMs = performance.now();
  let diskMiB = 0;
  const watch = setInterval(async () => {
    const [worker] = Object.values((await client.schedulerInfo()).workers);
    diskMiB = Math.max(diskMiB, worker.spilledBytes / MIB);
  }, 20);
  const right = await cases[flags.case].run({ client, folder, limitBytes });
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(watch);
  const [left, peakMiB] = await settle(client);
  await client.close();
  const folders = readdirSync(spill);
  rmSync(spill, { recursive: true, force: true });
  const result = {
    right,
    seconds,
    limitMiB: limitBytes / MIB,
    heapMiB: peakMiB,
    baseMiB,
    rssMiB: status("VmHWM"),
    spilledMiB: diskMiB,
    leftBytes: left,
    leftFiles: folders.length,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}

/** Bytes still held once garbage has been collected, and the peak. */
async function settle(client) {
  let worker;
  for (let i = 0; i < 200; i++) {
    globalThis.gc?.();
    [worker] = Object.values((await client.schedulerInfo()).workers);
    if (worker.memoryBytes === 0 && worker.spilledBytes === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return [worker.memoryBytes + worker.spilledBytes, worker.peakBytes / MIB];
}

async function runCase(name) {
  const folder = mkdtempSync(join(tmpdir(), "heddle-bench-"));
  try {
    if (name === "frame join") {
      const { parseBytes } = await load("core/units.js");
      await writeFrames(folder, parseBytes(flags.limit));
    }
    const args = ["--expose-gc", script, "--child", "--case", name];
    for (const flag of ["limit", "threads", "lib"]) args.push(`--${flag}`, flags[flag]);
    const {
      stdout,
      stderr,
      status: code,
    } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { ...process.env, HEDDLE_BENCH_FOLDER: folder },
      timeout: 120_000,
    });
    process.stderr.write(stderr);
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
    const figures = JSON.parse(stdout);
    const slackMiB = figures.rssMiB - figures.baseMiB - figures.limitMiB;
    const allowedMiB = cases[name].slackMiB;
    const ok =
      figures.right &&
      figures.heapMiB <= figures.limitMiB &&
      slackMiB <= allowedMiB &&
      figures.leftBytes === 0 &&
      figures.leftFiles === 0;
    return { case: name, ok, ...figures, slackMiB, allowedMiB };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (flags.child) await child();
else {
  const results = [];
  for (const name of Object.keys(cases)) {
    if (flags.case === undefined || name.includes(flags.case)) results.push(await runCase(name));
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else {
    const round = (value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value);
    const rows = results.map(({ case: name, ...figures }) => [
      name,
      Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, round(value)])),
    ]);
    console.table(Object.fromEntries(rows));
  }
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
}
