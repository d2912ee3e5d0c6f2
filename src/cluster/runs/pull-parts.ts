/**
 * @file Brings a destination's parts of runs that lie on other hosts: the task thread that joins
 * them pulls them over bulk connections of its own, before it begins. So the control thread moves
 * no bytes of exchanges, several threads pull at a time, and none holds more than its spool. A
 * worker that cannot be reached may be dead, or about to be given up: the task goes back to the
 * scheduler, which will have heard of it.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import type { BulkOutcome, BulkPool } from "../../comm/index.ts";
import { HeddleError } from "../../core/errors.ts";
import { nodeCrypto } from "../../functions/crypto.ts";
import type { ThreadInit } from "../../threads/messages.ts";
import { scratchDirectory } from "../../threads/scratch.ts";
import { ownHello, uniqueName } from "../own-hello.ts";
import type { Run } from "./run.ts";
import { partRequest } from "./run-parts.ts";
import { damaged, PART_HEAD_BYTES, piecesInPart } from "./run-reader.ts";
import { DOUBLE_BYTES } from "./run-writer.ts";
import { Spool } from "./spool.ts";

/** So many parts are asked for at a time. */
const REQUESTS_MAX = 256;
/** A task that could not get its parts is not tried again at once. */
const AGAIN_MS = 100;
/** A run that cannot be had for so long, although its worker counts as alive, is lost. */
const LOST_MS = 120_000;

/** A stretch of a part, and where it lies in the spool. */
interface Stretch {
  readonly at: number;
  readonly bytes: number;
}

/** Parts that have come. */
export class PulledParts {
  readonly #spool: Spool;
  readonly #stretches = new Map<Run, Stretch[]>();

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  add(run: Run, bytes: Uint8Array): void {
    const stretches = this.#stretches.get(run) ?? [];
    this.#stretches.set(run, stretches);
    stretches.push({ at: this.#spool.add(bytes), bytes: bytes.length });
  }

  /** Bytes of the run's part that are here. */
  bytesOf(run: Run): number {
    return (this.#stretches.get(run) ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Whether as many bytes are here as the part's beginning says. */
  isComplete(run: Run): boolean {
    const head = new Float64Array(PART_HEAD_BYTES / DOUBLE_BYTES);
    this.#read(run, new Uint8Array(head.buffer), 0);
    return this.bytesOf(run) >= (head[1] as number);
  }

  has(run: Run): boolean {
    return this.#stretches.has(run);
  }

  /** The pieces of a run, each compared with its checksum. */
  pieces(run: Run): Iterable<Uint8Array> {
    return piecesInPart((target, position) => this.#read(run, target, position), run);
  }

  close(): void {
    this.#spool.close();
  }

  #read(run: Run, target: Uint8Array, position: number): void {
    let start = 0;
    let filled = 0;
    for (const { at, bytes } of this.#stretches.get(run) ?? []) {
      const from = Math.max(0, position + filled - start);
      const count = Math.min(bytes - from, target.length - filled);
      if (count > 0) {
        this.#spool.read(target.subarray(filled, filled + count), at + from);
        filled += count;
      }
      start += bytes;
    }
    if (filled < target.length) throw damaged(run, `what came of it ends at byte ${start}`);
  }
}

/** Pulls the destination's parts of these runs. Throws `Reschedule` when one cannot be had now. */
export async function pullParts(runs: readonly Run[], destination: number): Promise<PulledParts> {
  const parts = new PulledParts(new Spool(spoolPath));
  const workers = new Map<string, Run[]>();
  for (const run of runs) {
    const list = workers.get(run.worker) ?? [];
    workers.set(run.worker, list);
    list.push(run);
  }
  try {
    await Promise.all(
      [...workers].map(([address, theirs]) => pullFrom(address, theirs, destination, parts)),
    );
  } catch (error) {
    parts.close();
    throw error;
  }
  return parts;
}

function spoolPath(): string {
  return join(scratchDirectory(), `parts-${nodeCrypto().randomBytes(6).toString("hex")}`);
}

async function pullFrom(
  address: string,
  runs: readonly Run[],
  destination: number,
  parts: PulledParts,
): Promise<void> {
  for (let start = 0; start < runs.length; start += REQUESTS_MAX) {
    let open = runs.slice(start, start + REQUESTS_MAX);
    while (open.length > 0) open = await pullStretches(address, open, destination, parts);
  }
}

/** Pulls the next stretch of each part; returns the runs of those that go on. */
async function pullStretches(
  address: string,
  runs: readonly Run[],
  destination: number,
  parts: PulledParts,
): Promise<Run[]> {
  const byTask = new Map(runs.map((run) => [run.task, run]));
  const rooms = new Map<number, Uint8Array>();
  const goOn: Run[] = [];
  let outcomes: BulkOutcome[];
  try {
    outcomes = await (await bulkPool()).get(
      address,
      runs.map(({ task }) => task),
      (task, bytes) => {
        const room = new Uint8Array(bytes);
        rooms.set(task, room);
        return room;
      },
      {
        parts: runs.map((run) => partRequest(run, destination, parts.bytesOf(run))),
        arrived: (task) => {
          const [run, bytes] = [byTask.get(task), rooms.get(task)];
          rooms.delete(task);
          if (run === undefined || bytes === undefined) return;
          parts.add(run, bytes);
          if (!parts.isComplete(run)) goOn.push(run);
        },
      },
    );
  } catch (cause) {
    throw await unavailable(runs[0] as Run, String(cause), cause);
  }
  for (const { id, status, message } of outcomes) {
    const run = byTask.get(id);
    if (status === "here" || run === undefined) continue;
    throw await unavailable(run, status === "gone" ? "it is not there" : message);
  }
  return goOn;
}

/** Runs that could not be had, with the time when that was seen first. */
const missing = new Map<string, number>();

/** What a task throws that cannot have a run now. */
export async function unavailable(run: Run, why: string, cause?: unknown): Promise<HeddleError> {
  await delay(AGAIN_MS);
  return rescheduled(run, why, cause);
}

/** The same without waiting. */
export function rescheduled(run: Run, why: string, cause?: unknown): HeddleError {
  const nowMs = performance.now();
  for (const [path, sinceMs] of missing) if (nowMs - sinceMs > 2 * LOST_MS) missing.delete(path);
  const sinceMs = missing.get(run.path) ?? nowMs;
  missing.set(run.path, sinceMs);
  const code = nowMs - sinceMs > LOST_MS ? "Lost" : "Reschedule";
  const message = `the run of source ${run.source} cannot be had from ${run.worker}: ${why}`;
  return new HeddleError(code, message, { cause, fields: { worker: run.worker } });
}

let pool: Promise<BulkPool> | undefined;

/** This thread's connections to other workers. */
function bulkPool(): Promise<BulkPool> {
  pool ??= makePool();
  return pool;
}

async function makePool(): Promise<BulkPool> {
  const access = (workerData as Partial<ThreadInit> | null)?.cluster;
  if (access === undefined) {
    throw new HeddleError("InvariantViolated", "a run of another process came to no cluster");
  }
  const { BulkPool: Pool, Relay, Security } = await import("../../comm/index.ts");
  const { token, security, scheduler } = access;
  return new Pool({
    hello: ownHello("worker", uniqueName("exchange"), {}),
    token,
    security: security === undefined ? undefined : new Security(security),
    relay: new Relay(scheduler),
  });
}
