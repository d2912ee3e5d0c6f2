/**
 * @file What a cluster on a batch system costs, on the real Slurm of `test/lab`: the time from the
 * first line of an allocated job to its first task, the submission of 100 jobs, the poll of 1, 100
 * and 1,000 jobs, and a cluster that has nothing to do.
 *
 * Run as root: npm run build && node bench/jobqueue.mjs [--json] [--save] [--rounds N] [--idle S]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BatchDesk } from "../dist/jobqueue/batch-desk.js";
import { makePlan } from "../dist/jobqueue/make-plan.js";
import { Client } from "../lib/cluster/index.js";
import { SLURMCluster } from "../lib/jobqueue/index.js";
import { machineFacts } from "./lib/machine.mjs";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    idle: { type: "string", default: "60" },
  },
});
const rounds = Number(flags.rounds);
const idleMs = Number(flags.idle) * 1000;

const lab = (name) => fileURLToPath(new URL(`../test/lab/${name}`, import.meta.url));
const up = spawnSync(lab("slurm-up"), { encoding: "utf8" });
const conf = /^export SLURM_CONF=(.*)$/m.exec(up.stdout ?? "")?.[1];
if (conf === undefined) {
  process.stderr.write(`No Slurm here: ${up.stderr ?? up.error}`);
  process.exit(1);
}
process.env["SLURM_CONF"] = conf;
const folder = mkdtempSync(join(tmpdir(), "heddle-bench-jobqueue-"));
process.env["HOME"] = folder;

const JOB = {
  cores: 1,
  processes: 1,
  memory: "512MiB",
  walltime: "30",
  logDirectory: folder,
  dashboardAddress: null,
};
/** Jobs that Slurm takes and does not start. */
const HELD = { ...JOB, jobExtraDirectives: ["--hold"], maxPendingJobs: 1000 };

const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
const rounded = (value, digits = 1) => Number(value.toFixed(digits));

/** From the first line of the job's script to the first line of a task that waited for it. */
async function firstTask() {
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const file = join(folder, `start-${i}`);
    const cluster = new SLURMCluster({ ...JOB, jobScriptPrologue: [`date +%s%N > ${file}`] });
    const client = new Client(cluster);
    const first = client.submit(() => Date.now());
    await cluster.scale({ jobs: 1 });
    const ranMs = await first.result();
    times.push(ranMs - Number(readFileSync(file, "utf8")) / 1e6);
    await client.close();
    await cluster.close();
  }
  return median(times);
}

/** Until 100 jobs are submitted, listed, and known to wait; and how many submissions that were. */
async function submission() {
  const times = [];
  const arrays = new Set();
  for (let i = 0; i < rounds; i++) {
    const cluster = new SLURMCluster(HELD);
    await cluster.ready;
    const startMs = performance.now();
    await cluster.scale({ jobs: 100 });
    times.push(performance.now() - startMs);
    for (const { id } of cluster.jobs) arrays.add(`${i}: ${id.split("_")[0]}`);
    await cluster.close();
  }
  return { ms: median(times), commands: arrays.size / rounds };
}

/** One poll, of so many jobs, in milliseconds. */
async function poll(jobs) {
  const jobName = `poll-${jobs}`;
  const access = { connectionFile: join(folder, "none"), clusterName: "poll" };
  const plan = makePlan("slurm", { ...HELD, jobName }, access);
  const ids = await new BatchDesk().submit(plan, jobs);
  const times = [];
  for (let i = 0; i < 3 * rounds; i++) {
    const startMs = performance.now();
    const listed = await new BatchDesk().list(plan);
    times.push(performance.now() - startMs);
    if (listed.size < jobs) throw new Error(`${listed.size} of ${jobs} jobs were listed`);
  }
  await new BatchDesk().cancel(plan, ids);
  return median(times);
}

/** Processor time of this process and of the commands that it has run, in milliseconds. */
function usedMs() {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  // User and system time, of the process and of its children, in hundredths of a second.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + 10 * Number(ticks), 0);
}

/** Share of a core that the program takes, its scheduler and its polls with it. */
async function idle() {
  const cluster = new SLURMCluster({ ...JOB, jobs: 2 });
  await cluster.waitForWorkers(2);
  const client = new Client(cluster);
  await client.submit(() => 1).result();
  const before = usedMs();
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const share = (usedMs() - before) / idleMs;
  await client.close();
  await cluster.close();
  return share;
}

try {
  const submitted = await submission();
  const polls = [await poll(1), await poll(100), await poll(1000)];
  const results = {
    machine: machineFacts(),
    firstTaskMs: rounded(await firstTask(), 0),
    submit100Ms: rounded(submitted.ms, 0),
    submit100Commands: submitted.commands,
    poll1Ms: rounded(polls[0]),
    poll100Ms: rounded(polls[1]),
    poll1000Ms: rounded(polls[2]),
    idlePercentOfACore: rounded(100 * (await idle()), 2),
  };
  if (flags.save) {
    const path = fileURLToPath(new URL("./results/jobqueue.json", import.meta.url));
    writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else console.table(results);
} finally {
  rmSync(folder, { recursive: true, force: true });
  spawnSync(lab("slurm-down"));
}
