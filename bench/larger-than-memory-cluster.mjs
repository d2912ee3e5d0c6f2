/**
 * @file Data four times the memory limits of a local cluster of two processes: each case records
 * the seconds, the largest resident set of each worker (the kernel's own count) and the largest use
 * of the workers' folders on disk.
 *
 * `node bench/larger-than-memory-cluster.mjs [--case NAME] [--limit 256MiB] [--factor 4] [--far]
 * [--lib DIR] [--json]`
 *
 * With `--far`, workers pull from each other what they could read from disk. The limit is that of
 * each worker's process, of which a part is for values. A case passes when its result is right, no
 * worker was ended for taking more than its limit, and nothing is left on disk.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const script = fileURLToPath(import.meta.url);
const MIB = 2 ** 20;
const WORKERS = 2;

const { values: flags } = parseArgs({
  options: {
    case: { type: "string" },
    limit: { type: "string", default: "512MiB" },
    factor: { type: "string", default: "4" },
    lib: { type: "string", default: join(dirname(dirname(script)), "lib") },
    far: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const load = (path) => import(pathToFileURL(join(resolve(flags.lib), path)).href);
const { Client, LocalCluster, config } = await load("index.js");
const { parseBytes } = await load("core/units.js");
const limitBytes = parseBytes(flags.limit);
/** Bytes of the data: by default four times what the workers may take together. */
const dataBytes = Number(flags.factor) * WORKERS * limitBytes;

/** Side of a square float64 array of this many bytes, a multiple of 64. */
const side = Math.ceil(Math.sqrt(dataBytes / 8) / 64) * 64;

/** What is computed, by case; each gives true when the result is right. */
const cases = {
  "x + x.T": async () => {
    const da = await load("array/index.js");
    const x = da.random.defaultRng(1).random([side, side], { chunks: side / 16 });
    const [total, single] = [await x.add(x.T).sum().compute(), await x.sum().compute()];
    return Math.abs(total - 2 * single) < 1e-6 * total;
  },
  "rechunk rows to columns": async () => {
    const da = await load("array/index.js");
    const strip = side / 64;
    const rows = da.random.defaultRng(1).random([side, side], { chunks: [strip, side] });
    const columns = rows.rechunk([side, strip]);
    const [sums, total] = [await columns.sum({ axis: 0 }).compute(), await rows.sum().compute()];
    const again = sums.toArray().reduce((a, b) => a + b, 0);
    return Math.abs(again - total) < 1e-9 * total;
  },
  "bag groupby": async () => {
    const { range } = await load("bag/index.js");
    // An item takes about 320 bytes as JSON, and more as an object.
    const count = Math.round(dataBytes / 320);
    const text = "The quick brown fox jumps over the lazy dog. ".repeat(8);
    const parts = Math.max(32, Math.ceil(dataBytes / (8 * MIB)));
    const items = range(count, { npartitions: parts }).map((i) => ({
      id: i,
      key: (i * 7919) % 1000,
      words: ["some", "words", `of item ${i}`],
      note: text.slice(i % 100, (i % 100) + 220),
      place: { x: i % 360, y: i % 180 },
    }));
    const groups = items
      .groupby("key", { npartitions: parts })
      .map(([key, list]) => [key, list.length]);
    const sizes = await groups.compute();
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    return sizes.length === 1000 && total === count;
  },
  "frame join": async ({ folder }) => {
    const { readParquet } = await load("dataframe/index.js");
    const left = readParquet(join(folder, "left-*.parquet"));
    const right = readParquet(join(folder, "right-*.parquet"));
    const joined = left.merge(right, { on: "id" });
    const [row] = (
      await joined
        .agg((r) => ({
          n: r.id.count(),
          away: r.a.sub(r.b).abs().max(),
          // Columns that only travel.
          x: r.xleft.add(r.xright).max(),
          y: r.yleft.add(r.yright).min(),
        }))
        .compute()
    ).toRecords();
    return Number(row.n) === rowCount && Number(row.away) === 0 && row.x > 0 && row.y > 0;
  },
  "frame groupby": async ({ folder }) => {
    const { readParquet } = await load("dataframe/index.js");
    const frame = readParquet([join(folder, "left-*.parquet"), join(folder, "right-*.parquet")]);
    // As many groups as a side has rows, and all values of a group are needed at once.
    const groups = frame.groupby("id").agg((r) => ({
      n: r.id.size(),
      distinct: r.xleft.nunique(),
      most: r.yleft.max(),
    }));
    const [row] = (
      await groups.agg((r) => ({ n: r.n.sum(), groups: r.id.count(), y: r.most.max() })).compute()
    ).toRecords();
    return Number(row.n) === 2 * rowCount && Number(row.groups) === rowCount && row.y > 0;
  },
};

const rowCount = Math.round(dataBytes / 64);

/** Two frames of 32 bytes a row, each row of one meeting one row of the other. */
async function writeFrames(folder, isJoin) {
  const { TableEngine } = await load("dataframe/index.js");
  const engine = TableEngine.open({ threads: 2 });
  const session = engine.session();
  const files = 8;
  for (let k = 0; k < files; k++) {
    const [from, to] = [
      Math.floor((rowCount * k) / files),
      Math.floor((rowCount * (k + 1)) / files),
    ];
    for (const [name, id, column] of [
      ["left", "i", "a"],
      ["right", `${rowCount} - 1 - i`, "b"],
    ]) {
      // One frame of all files needs columns of the same names.
      const [a, x, y] = isJoin ? [column, `x${name}`, `y${name}`] : ["a", "xleft", "yleft"];
      session.execute(
        `copy (select ${id} as id, ((${id}) * 7919 % 1000003)::double as ${a}, ` +
          `i * 0.5 as ${x}, hash(i)::double as ${y} from range(${from}, ${to}) t(i)) ` +
          `to '${join(folder, `${name}-${k}.parquet`)}' (format parquet)`,
      );
    }
  }
  engine.close();
}

/** Largest resident set of a process so far, in MiB. */
function peakMiB(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function diskMiB(folder) {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true })) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile()) bytes += stat.size;
  }
  return bytes / MIB;
}

async function runCase(name) {
  const folder = mkdtempSync(join(tmpdir(), "heddle-bench-"));
  const spill = mkdtempSync(join(tmpdir(), "heddle-spill-"));
  if (name.startsWith("frame ")) await writeFrames(folder, name === "frame join");
  config.set({ "exchange.read-neighbours": !flags.far });
  const cluster = new LocalCluster({
    nWorkers: WORKERS,
    threadsPerWorker: 1,
    memoryLimit: limitBytes,
    localDirectory: spill,
  });
  const client = new Client(cluster);
  await client.ready;
  const pids = new Set();
  let [diskMost, rssMost] = [0, 0];
  const look = async () => {
    const { workers } = await client.schedulerInfo();
    for (const { pid } of Object.values(workers)) pids.add(pid);
    for (const pid of pids) rssMost = Math.max(rssMost, peakMiB(pid));
    diskMost = Math.max(diskMost, diskMiB(spill));
  };
  const watch = setInterval(() => look().catch(() => undefined), 200);
  const startMs = performance.now();
  let right = false;
  let problem;
  try {
    right = await cases[name]({ folder });
  } catch (error) {
    problem = String(error);
  }
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(watch);
  await look();
  await client.close();
  await cluster.close();
  const leftFiles = readdirSync(spill).length;
  rmSync(folder, { recursive: true, force: true });
  rmSync(spill, { recursive: true, force: true });
  const deaths = pids.size - WORKERS;
  return {
    case: name,
    ok: right && deaths === 0 && leftFiles === 0,
    right,
    seconds,
    dataMiB: dataBytes / MIB,
    limitMiB: limitBytes / MIB,
    rssMiB: rssMost,
    diskMiB: diskMost,
    deaths,
    leftFiles,
    ...(problem === undefined ? {} : { problem }),
  };
}

const results = [];
for (const name of Object.keys(cases)) {
  if (flags.case === undefined || name.includes(flags.case)) results.push(await runCase(name));
}
if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else {
  const round = (value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value);
  for (const { case: name, ...figures } of results) {
    const rounded = Object.entries(figures).map(([key, value]) => [key, round(value)]);
    console.log(name, JSON.stringify(Object.fromEntries(rounded)));
  }
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
