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
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { largerCases, loader, MIB, rounded, statusMiB, writeFrames } from "./lib/larger-cases.mjs";

const script = fileURLToPath(import.meta.url);
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

const load = loader(flags.lib);

/** What a case's resident set may take beside the limit, in MiB. */
const SLACK_MIB = {
  "x + x.T": 96,
  "rechunk rows to columns": 64,
  "frame join": 64,
  "bag groupby": 96,
};

const status = (field) => statusMiB(() => readFileSync("/proc/self/status", "utf8"), field);

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
  const dataBytes = FACTOR * limitBytes;
  const right = await largerCases({ load, dataBytes, folder, keep: true })[flags.case]();
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
    if (name.startsWith("frame ")) {
      const { parseBytes } = await load("core/units.js");
      await writeFrames({ load, folder, dataBytes: FACTOR * parseBytes(flags.limit), name });
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
    const allowedMiB = SLACK_MIB[name];
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
  for (const name of Object.keys(SLACK_MIB)) {
    if (flags.case === undefined || name.includes(flags.case)) results.push(await runCase(name));
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else {
    const rows = results.map(({ case: name, ...figures }) => [name, rounded(figures)]);
    console.table(Object.fromEntries(rows));
  }
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
}
