/**
 * @file Gives queued tasks to workers. A worker holds leases worth a bounded time, not a fixed
 * count: what it has been given should take, at the 95th percentile of each function, at most twice
 * a message's round trip and a millisecond, on each thread. Functions never seen run one to a
 * thread. So a slow task delays little behind it, and fast ones flow. Tasks of up to `AHEAD_MS`
 * wait one behind each thread all the same, so that no thread waits for an answer.
 */
import type { ReadyLane } from "./ready.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";
import { STATE } from "./task-table.ts";

/** Tasks taken from a lane between two looks at the credit. */
const BATCH = 64;
/** Leases of the table lane: one runs, one is ready behind it. */
const TABLE_LEASES_MAX = 2;

/** For longer tasks, what a thread waits for the next one does not matter. */
const AHEAD_MS = 50;

/** Shares of slots are sums of fractions. */
const EPSILON = 1e-9;

const ranks = new Int32Array(BATCH);

/** Leases as much as the workers' credit allows, best tasks first, in turns among the workers. */
export function dispatch(s: SchedulerState): void {
  if (s.workers.size === 0) return;
  for (let given = true; given; ) {
    given = false;
    for (const worker of s.workers.values()) {
      if (giveTurn(s, worker)) given = true;
    }
  }
}

function giveTurn(s: SchedulerState, worker: WorkerRecord): boolean {
  for (const lane of s.ready.lanes()) {
    if (!mayServe(s, worker, lane)) continue;
    const count = Math.min(BATCH, creditFor(s, worker, lane));
    if (count <= 0) {
      if (!lane.table && isFull(s, worker)) return false;
      continue;
    }
    const taken = lane.ranks.take(ranks, 0, count);
    const record = s.graphs[lane.graph]!;
    for (let i = 0; i < taken; i++) {
      lease(s, worker, lane, record.base + record.localOfRank[ranks[i]!]!);
    }
    return taken > 0;
  }
  return false;
}

function lease(s: SchedulerState, worker: WorkerRecord, lane: ReadyLane, id: number): void {
  const { state, epoch, holder, group } = s.tasks;
  state[id] = STATE.leased;
  epoch[id] = (epoch[id]! + 1) & 0x7fffffff;
  holder[id] = worker.worker;
  s.transitions++;
  if (lane.table) worker.tableLeased++;
  else {
    worker.leased++;
    worker.slotsUsed += lane.share;
    const number = group[id]!;
    worker.leasedOfGroup.set(number, (worker.leasedOfGroup.get(number) ?? 0) + lane.share);
  }
  for (const [name, amount] of lane.constraint?.resources ?? []) {
    worker.used.set(name, (worker.used.get(name) ?? 0) + amount);
  }
  s.out.lease(worker.worker, id, epoch[id]!);
}

/** How many tasks of this lane the worker may take now. */
function creditFor(s: SchedulerState, worker: WorkerRecord, lane: ReadyLane): number {
  if (lane.table) return TABLE_LEASES_MAX - worker.tableLeased;
  const room = Math.min(worker.leasesMax - worker.leased, resourceRoom(worker, lane));
  const p95Ms = slowestGroup(s, lane);
  const ahead = p95Ms >= 0 && p95Ms <= AHEAD_MS ? 2 : 1;
  const open = (ahead * slots(worker) - worker.slotsUsed) / lane.share;
  const free = Math.max(0, Math.floor(open + EPSILON));
  if (p95Ms < 0) return Math.min(room, free);
  const leftMs = windowMs(s, worker) - expectedMs(s, worker);
  return Math.min(room, Math.max(free, Math.floor(leftMs / (p95Ms * lane.share))));
}

function isFull(s: SchedulerState, worker: WorkerRecord): boolean {
  if (worker.slotsUsed < slots(worker) - EPSILON) return false;
  return worker.leased >= worker.leasesMax || expectedMs(s, worker) >= windowMs(s, worker);
}

/** Leases that can run at once. */
function slots(worker: WorkerRecord): number {
  return worker.threads + worker.suspended;
}

function windowMs(s: SchedulerState, worker: WorkerRecord): number {
  return 2 * (s.options.roundTripMs + 1) * slots(worker);
}

/** Time that the worker's leases should take; a function without statistics fills a thread. */
function expectedMs(s: SchedulerState, worker: WorkerRecord): number {
  let total = 0;
  for (const [group, count] of worker.leasedOfGroup) {
    if (count < EPSILON) continue;
    const p95Ms = s.groups.at(group).p95Ms;
    total += count * (p95Ms < 0 ? windowMs(s, worker) / slots(worker) : p95Ms);
  }
  return total;
}

/** The lane's next tasks may be of any of its graph's functions: the slowest decides. */
function slowestGroup(s: SchedulerState, lane: ReadyLane): number {
  const record = s.graphs[lane.graph]!;
  const next = lane.ranks.first();
  if (next < 0) return 0;
  return s.groups.at(s.tasks.group[record.base + record.localOfRank[next]!]!).p95Ms;
}

function mayServe(s: SchedulerState, worker: WorkerRecord, lane: ReadyLane): boolean {
  const constraint = lane.constraint;
  if (constraint === undefined) return true;
  for (const [name, amount] of constraint.resources) {
    if ((worker.resources[name] ?? 0) < amount) return false;
  }
  const { workers } = constraint;
  if (workers === undefined) return true;
  if (isNamed(worker, workers)) return true;
  if (!constraint.allowOtherWorkers) return false;
  for (const other of s.workers.values()) if (isNamed(other, workers)) return false;
  return true;
}

function isNamed(worker: WorkerRecord, names: readonly string[]): boolean {
  return names.includes(worker.address) || names.includes(worker.name);
}

function resourceRoom(worker: WorkerRecord, lane: ReadyLane): number {
  let room = Number.POSITIVE_INFINITY;
  for (const [name, amount] of lane.constraint?.resources ?? []) {
    const free = (worker.resources[name] ?? 0) - (worker.used.get(name) ?? 0);
    room = Math.min(room, Math.floor(free / amount));
  }
  return room;
}
