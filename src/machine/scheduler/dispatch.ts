/**
 * @file Gives queued tasks to workers. A worker holds leases worth a bounded time, not a fixed
 * count: what it has been given should take, at the 95th percentile of each function, at most twice
 * a message's round trip and a millisecond, on each thread. Functions never seen run one to a
 * thread. So a slow task delays little behind it, and fast ones flow. Tasks of up to `AHEAD_MS`
 * wait one behind each thread all the same, so that no thread waits for an answer. But nothing
 * waits behind a task, however short that should be, while another worker idles.
 */
import { dispatchTrials } from "./blame.ts";
import { creditFor, freeSlots, isFull, isReserved } from "./credit.ts";
import { install } from "./inputs.ts";
import { comesBefore } from "./lane-list.ts";
import { lease } from "./lease.ts";
import { isOpen, mayServe, placeElsewhere } from "./placement.ts";
import { reaches } from "./reach.ts";
import type { HomeLane, ReadyLane } from "./ready.ts";
import { leaveIfFull } from "./rooms.ts";
import { Runs } from "./runs.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";
import { takeFromOthers } from "./steal.ts";
import { NOBODY } from "./task-table.ts";

/** Tasks taken from a lane between two looks at the credit. */
const BATCH = 64;

const ranks = new Int32Array(BATCH);

/** Leases as much as the workers' credit allows, best tasks first, in turns among the workers. */
export function dispatch(s: SchedulerState): void {
  s.stealMs = Number.POSITIVE_INFINITY;
  if (s.open.size === 0) return;
  if (s.trials.size > 0 || s.drained !== NOBODY) dispatchTrials(s);
  if (s.ready.isEmpty) return;
  if (s.isSpread) giveIdle(s);
  for (let given = true; given && !s.ready.isEmpty; ) {
    given = false;
    for (const worker of s.roomy) {
      if (giveTurn(s, worker)) given = true;
      else leaveIfFull(s, worker);
      if (s.ready.isEmpty) return;
    }
  }
}

/** Every free thread gets a task before any task waits behind another one. */
function giveIdle(s: SchedulerState): void {
  const [lane] = s.ready.lanes();
  // Where there is so much to do, there is something for all of them in any order.
  if (lane?.constraint === undefined && (lane?.ranks.size ?? 0) > BATCH * s.roomy.size) return;
  for (const worker of s.roomy) {
    const free = freeSlots(worker);
    if (free === 0) continue;
    giveOwn(s, worker, free);
    if (s.ready.isEmpty) return;
  }
}

/** What came of offering a lane to a worker. */
type Outcome = "given" | "nothing" | "full";

function giveTurn(s: SchedulerState, worker: WorkerRecord): boolean {
  const outcome = giveOwn(s, worker, BATCH);
  if (outcome !== "nothing") return outcome === "given";
  return s.isSpread && !isReserved(s, worker) && takeFromOthers(s, worker);
}

/** Gives up to `limit` of the tasks that wait for this worker or for any. */
function giveOwn(s: SchedulerState, worker: WorkerRecord, limit: number): Outcome {
  if (isReserved(s, worker)) return "nothing";
  const homes = s.isSpread ? s.ready.lanesAt(worker.worker)[Symbol.iterator]() : undefined;
  let home = homes?.next();
  for (const lane of s.ready.lanes()) {
    while (home?.done === false && isBetter(home.value, lane)) {
      if (giveHome(s, worker, home.value, limit) === "given") return "given";
      home = homes!.next();
    }
    const outcome = giveFrom(s, worker, lane, limit);
    if (outcome !== "nothing") return outcome;
  }
  for (; home?.done === false; home = homes!.next()) {
    if (giveHome(s, worker, home.value, limit) === "given") return "given";
  }
  return "nothing";
}

function isBetter(home: HomeLane, lane: ReadyLane): boolean {
  return home.lane === lane || comesBefore(home, lane);
}

function giveFrom(
  s: SchedulerState,
  worker: WorkerRecord,
  lane: ReadyLane,
  limit: number,
): Outcome {
  if (!mayServe(s, worker, lane)) return "nothing";
  const count = Math.min(limit, creditFor(s, worker, lane, lane.ranks.first()));
  if (count <= 0) return !lane.table && isFull(s, worker) ? "full" : "nothing";
  const taken = s.isSpread ? takeRun(s, worker, lane, count) : lane.ranks.take(ranks, 0, count);
  leaseAll(s, worker, lane, taken);
  return taken > 0 ? "given" : "nothing";
}

function giveHome(s: SchedulerState, worker: WorkerRecord, home: HomeLane, limit: number): Outcome {
  const { lane } = home;
  const count = Math.min(limit, creditFor(s, worker, lane, home.ranks.first()));
  if (count <= 0) return "nothing";
  const taken = home.ranks.take(ranks, count);
  s.ready.taken(worker.worker, taken);
  leaseAll(s, worker, lane, taken);
  return taken > 0 ? "given" : "nothing";
}

/** Tasks of the stretch of the graph that the worker is at. */
function takeRun(s: SchedulerState, worker: WorkerRecord, lane: ReadyLane, limit: number): number {
  if (lane.runs === undefined) {
    let threads = 0;
    for (const other of s.open) threads += other.threads;
    lane.runs = new Runs(s.graphs[lane.graph]!.facts.count, threads);
  }
  const idle = freeSlots(worker) > 0;
  return lane.runs.take(lane.ranks, worker.worker, ranks, limit, (owner) => {
    return idle && !canTake(s, s.workers.get(owner), lane);
  });
}

/** Whether the worker will take tasks of the lane itself. */
function canTake(s: SchedulerState, worker: WorkerRecord | undefined, lane: ReadyLane): boolean {
  if (worker === undefined || !isOpen(worker) || isReserved(s, worker)) return false;
  return mayServe(s, worker, lane) && creditFor(s, worker, lane, lane.ranks.first()) > 0;
}

function leaseAll(s: SchedulerState, worker: WorkerRecord, lane: ReadyLane, count: number): void {
  const record = s.graphs[lane.graph]!;
  if (count > 0) install(s, worker.worker, record);
  for (let i = 0; i < count; i++) {
    const id = record.base + record.localOfRank[ranks[i]!]!;
    if (s.isSpread && !reaches(s, worker.worker, id)) placeElsewhere(s, id);
    else lease(s, worker, lane, id);
  }
}
