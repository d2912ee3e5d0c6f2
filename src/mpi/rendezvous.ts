/**
 * @file How the ranks of a launch find its scheduler, without MPI: through a file on a folder that
 * all nodes share, named after the launch, so that neither what an earlier launch has left nor what
 * another one writes there now is taken for it. The file that users ask for is another one.
 */
import { createHash } from "node:crypto";
import { existsSync, opendirSync, rmSync, statSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { sweepConnections } from "../cli/run-files.ts";
import { type ConnectionInfo, readConnectionFile, writeConnectionFile } from "../comm/index.ts";
import { makeFolder } from "../config/make-folder.ts";
import { HeddleError, shortPath } from "../core/errors.ts";
import { formatTime } from "../core/units.ts";
import type { Rank } from "./rank.ts";

/** Where the ranks of a launch meet. */
export interface Rendezvous {
  readonly path: string;
  /** Whether no other launch has this path; else only a file of this launch's time counts. */
  readonly isOwn: boolean;
}

/** Looked for this often at first, then more and more rarely: file systems have many users. */
const FIRST_POLL_MS = 50;
const LAST_POLL_MS = 1000;
/** Where nothing names the launch: its ranks start within this time of each other. */
const START_MS = 60_000;

/** The path with `{job_id}` replaced by the batch job's id, or what else names the launch. */
export function fillPath(path: string, rank: Pick<Rank, "jobId" | "launch">): string {
  if (!path.includes("{job_id}")) return path;
  const id = rank.jobId ?? (rank.launch === undefined ? undefined : shortHash(rank.launch));
  if (id !== undefined) return path.replaceAll("{job_id}", id.replace(/[^\w.[\]-]/g, "_"));
  throw new HeddleError(
    "InvalidArgument",
    `${path}: there is no batch job whose id could take the place of {job_id}`,
  );
}

/**
 * Where the ranks meet: beside the file that the user has asked for, whose folder is shared, else
 * in the user's own folder. Throws `InvalidArgument` when nothing tells this launch from others.
 */
export function rendezvousOf({ launch }: Rank, schedulerFile: string | undefined): Rendezvous {
  const folder =
    schedulerFile === undefined
      ? join(homedir(), ".heddle", "mpi")
      : dirname(resolve(schedulerFile));
  if (launch !== undefined) {
    const stem = schedulerFile === undefined ? "launch" : basename(schedulerFile, ".json");
    return { path: join(folder, `.${stem}-${shortHash(launch)}.json`), isOwn: true };
  }
  if (schedulerFile !== undefined) return { path: resolve(schedulerFile), isOwn: false };
  throw new HeddleError(
    "InvalidArgument",
    "this launcher does not say which launch a process belongs to: give a { schedulerFile } " +
      "(--scheduler-file) on a folder that all nodes share, or set HEDDLE_MPI_LAUNCH to a text that " +
      "no other launch has",
  );
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/**
 * Takes away what earlier launches have left: whatever is at the paths, and files of launches of
 * this host that were killed. Done by the scheduler's rank.
 */
export function clearRendezvous({ path, isOwn }: Rendezvous, schedulerFile?: string): void {
  for (const stale of [path, ...(schedulerFile === undefined ? [] : [schedulerFile])]) {
    makeFolder(dirname(stale), { mode: 0o700 });
    rmSync(stale, { force: true });
  }
  const name = basename(path);
  if (isOwn) sweepConnections(dirname(path), name.slice(0, name.lastIndexOf("-") + 1));
}

/**
 * Leaves word that the launch is over, for ranks that have not come yet: a program may need less
 * time than the start of a process elsewhere. The next launch takes it away.
 */
export function markOver({ path, isOwn }: Rendezvous): void {
  const facts = { over: true, host: hostname(), pid: process.pid };
  if (isOwn) writeConnectionFile(path, { address: "", facts });
}

/** Whether the launch is over whose ranks meet there; asked when there was something. */
export function isOver({ path }: Rendezvous): boolean {
  return !existsSync(path) || saysOver(readConnectionFile(path));
}

function saysOver({ facts }: ConnectionInfo): boolean {
  return facts?.["over"] === true;
}

/**
 * What the scheduler's rank has left there, once it has; undefined when the launch is over already.
 * Errors: `ConnectFailed` when it leaves nothing in time, and of connection files.
 */
export async function awaitRendezvous(
  { path, isOwn }: Rendezvous,
  { rank, size }: Pick<Rank, "rank" | "size">,
  withinMs: number,
): Promise<ConnectionInfo | undefined> {
  // What is older is of an earlier launch, if that can be.
  const leastMs = Date.now() - process.uptime() * 1000 - START_MS;
  const endMs = performance.now() + withinMs;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(LAST_POLL_MS, pollMs * 1.5)) {
    const found = infoAt(path, isOwn, leastMs);
    if (found !== undefined) return saysOver(found) ? undefined : found;
    if (performance.now() > endMs) break;
    await new Promise((resolveSoon) => setTimeout(resolveSoon, pollMs));
  }
  throw new HeddleError(
    "ConnectFailed",
    `rank ${rank} of ${size} has waited ${formatTime(withinMs)} for ${shortPath(path)}, which the ` +
      "scheduler's rank writes when it listens. Look at what that rank has said; do all nodes " +
      "share the folder? --scheduler-file (or { schedulerFile }) names one that they do.",
    { fields: { path, rank, size } },
  );
}

/** What is there, if it is of this launch. */
function infoAt(path: string, isOwn: boolean, leastMs: number): ConnectionInfo | undefined {
  let isFresh: boolean;
  try {
    // Opening the folder makes network file systems forget that the file was not there.
    opendirSync(dirname(path)).closeSync();
    isFresh = statSync(path).mtimeMs >= leastMs;
  } catch {
    return undefined;
  }
  if (!isFresh && !isOwn) return undefined;
  const info = readConnectionFile(path);
  // Names of launches may come again, after long; then the scheduler writes its file soon.
  return saysOver(info) && !isFresh ? undefined : info;
}
