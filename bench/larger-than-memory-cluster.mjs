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
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { largerCases, loader, MIB, rounded, statusMiB, writeFrames } from "./lib/larger-cases.mjs";

const script = fileURLToPath(import.meta.url);
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

const load = loader(flags.lib);
const { Client, LocalCluster, config } = await load("index.js");
const { parseBytes } = await load("core/units.js");
const limitBytes = parseBytes(flags.limit);
/** Bytes of the data: by default four times what the workers may take together. */
const dataBytes = Number(flags.factor) * WORKERS * limitBytes;

/** Largest resident set of a process so far. */
const peakMiB = (pid) => statusMiB(() => readFileSync(`/proc/${pid}/status`, "utf8"), "VmHWM");

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
  if (name.startsWith("frame ")) await writeFrames({ load, folder, dataBytes, name });
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
    right = await largerCases({ load, dataBytes, folder })[name]();
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
for (const name of Object.keys(largerCases({ load, dataBytes, folder: "" }))) {
  if (flags.case === undefined || name.includes(flags.case)) results.push(await runCase(name));
}
if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else {
  for (const { case: name, ...figures } of results) {
    console.log(name, JSON.stringify(rounded(figures)));
  }
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
