/** @file `heddle jobs`: the jobs of a cluster on a batch system, beside its workers. */
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Client } from "../cluster/client.ts";
import { HeddleError, nearestName, shortPath } from "../core/errors.ts";
import { formatBytes, formatTime } from "../core/units.ts";
import { type JobRow, type JobTable, readJobTable, type WorkerRow } from "../jobqueue/job-table.ts";

export interface JobsFlags {
  readonly schedulerFile?: string;
  readonly json?: boolean;
}

/** A cluster that does not answer is given up after this time. */
const CONNECT_MS = 10_000;

/** The text of the jobs and workers of a running cluster. Errors: those of connecting. */
export async function showJobs(cluster: string | undefined, flags: JobsFlags): Promise<string> {
  const target = targetOf(cluster, flags.schedulerFile);
  const client = new Client({ ...target, connectTimeoutMs: CONNECT_MS });
  try {
    const table = await readJobTable(client);
    return flags.json === true ? `${JSON.stringify(table, null, 2)}\n` : formatTable(table);
  } finally {
    await client.close();
  }
}

type Target = { readonly address: string } | { readonly schedulerFile: string };

/**
 * Where the cluster is: an address, a connection file, the name of a cluster that has left one in
 * the user's own folder, or the one cluster that has. Errors: `InvalidArgument`, with the names.
 */
export function targetOf(
  given: string | undefined,
  schedulerFile: string | undefined,
  home: string = homedir(),
): Target {
  if (given !== undefined && schedulerFile !== undefined) {
    throw new HeddleError("InvalidArgument", "heddle jobs takes a cluster or --scheduler-file");
  }
  if (schedulerFile !== undefined) return { schedulerFile };
  const folder = join(home, ".heddle", "jobqueue");
  const names = existsSync(folder) ? namesIn(folder) : [];
  if (given === undefined) {
    const [only, ...others] = names;
    if (only !== undefined && others.length === 0) return fileIn(folder, only);
    throw new HeddleError("InvalidArgument", whichOne(folder, names));
  }
  if (given.includes("://")) return { address: given };
  if (names.includes(given)) return fileIn(folder, given);
  if (existsSync(given)) return { schedulerFile: given };
  const near = nearestName(given, names);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  throw new HeddleError(
    "InvalidArgument",
    `"${given}" is no cluster that is known here${hint} ${whichOne(folder, names)}`,
  );
}

function namesIn(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.map((name) => name.slice(0, -".json".length)).sort();
}

function fileIn(folder: string, name: string): Target {
  return { schedulerFile: join(folder, `${name}.json`) };
}

function whichOne(folder: string, names: readonly string[]): string {
  const known =
    names.length === 0
      ? `no cluster has left its file in ${shortPath(folder)}`
      : `clusters with a file in ${shortPath(folder)}: ${names.join(", ")}`;
  return `Say which cluster: its name, its address, or --scheduler-file with its file; ${known}.`;
}

/** Both as tables for people. */
export function formatTable(table: JobTable, nowMs: number = Date.now()): string {
  const { jobs, workers, changedMs } = table;
  const ago = formatTime(Math.max(0, nowMs - (changedMs ?? nowMs)));
  const parts = [
    jobs.length === 0
      ? "No jobs: none are queued or running, or the workers are not jobs of a batch system.\n"
      : `${columns(JOB_HEAD, jobs.map(jobCells))}(no change for ${ago})\n`,
    workers.length === 0 ? "No workers yet.\n" : columns(WORKER_HEAD, workers.map(workerCells)),
  ];
  return parts.join("\n");
}

const JOB_HEAD = ["JOB", "CLUSTER", "GROUP", "STAGE", "STATE", "AGE", "WORKERS", "TASKS", "REASON"];

function jobCells(job: JobRow): string[] {
  const { id, cluster, group, stage, state, ageMs, workers, running, reason = "" } = job;
  const age = formatTime(ageMs);
  return [id, cluster, group, stage, state, age, `${workers.length}`, `${running}`, reason];
}

const WORKER_HEAD = ["WORKER", "JOB", "HOST", "THREADS", "TASKS", "MEMORY", "ADDRESS"];

function workerCells(worker: WorkerRow): string[] {
  const {
    name,
    job = "-",
    host,
    threads,
    running,
    memoryBytes,
    memoryLimitBytes,
    address,
  } = worker;
  const memory = `${formatBytes(memoryBytes)} of ${formatBytes(memoryLimitBytes)}`;
  return [name, job, host, `${threads}`, `${running}`, memory, address];
}

function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return `${all.map(line).join("\n")}\n`;
}
