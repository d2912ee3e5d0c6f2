/** @file How much a worker may be given: its window of time, its slots, its resources. */
import type { ReadyLane } from "./ready.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";
import { NOBODY } from "./task-table.ts";

/** Leases of the table lane: one runs, one is ready behind it. */
export const TABLE_LEASES_MAX = 2;

/** For longer tasks, what a thread waits for the next one does not matter. */
const AHEAD_MS = 50;

/** So much longer than expected is not yet long. */
const LATE_MS = 5;

/** Shares of slots are sums of fractions. */
const EPSILON = 1e-9;

/** How many tasks of this lane, of which `next` is the first rank, the worker may take now. */
export function creditFor(
  s: SchedulerState,
  worker: WorkerRecord,
  lane: ReadyLane,
  next: number,
): number {
  if (lane.table) return TABLE_LEASES_MAX - worker.tableLeased;
  const room = Math.min(worker.leasesMax - worker.leased, resourceRoom(worker, lane));
  const p95Ms = p95Of(s, lane, next);
  const isLate = lagsBehind(s, worker);
  const ahead = p95Ms >= 0 && p95Ms <= AHEAD_MS && !isLate ? 2 : 1;
  const open = (ahead * slots(worker) - worker.slotsUsed) / lane.share;
  const free = Math.max(0, Math.floor(open + EPSILON));
  if (p95Ms < 0 || isLate) return Math.min(room, free);
  const leftMs = windowMs(worker) - expectedMs(s, worker);
  return Math.min(room, Math.max(free, Math.floor(leftMs / (p95Ms * lane.share))));
}

export function isFull(s: SchedulerState, worker: WorkerRecord): boolean {
  if (worker.slotsUsed < slots(worker) - EPSILON) return false;
  if (worker.leased >= worker.leasesMax || lagsBehind(s, worker)) return true;
  return expectedMs(s, worker) >= windowMs(worker);
}

/**
 * Whether what the worker runs takes longer than it should have: nobody knows when it will come to
 * anything that is given to it now.
 */
function lagsBehind(s: SchedulerState, worker: WorkerRecord): boolean {
  if (worker.isBehind) return true;
  if (!s.isSpread || worker.slotsUsed < slots(worker) - EPSILON) return false;
  const lateMs = s.nowMs - worker.progressMs - LATE_MS - 4 * worker.roundTripMs;
  return lateMs > 0 && lateMs > expectedMs(s, worker);
}

/** A suspect runs there alone, or will as soon as the worker is free. */
export function isReserved(s: SchedulerState, worker: WorkerRecord): boolean {
  if (s.drained === worker.worker) return true;
  // When all that it has waits for other tasks, these may be what would run there.
  return worker.trial !== NOBODY && worker.waiting.size < worker.leased + worker.tableLeased;
}

/** Leases that can run at once. */
export function slots(worker: WorkerRecord): number {
  return worker.threads + worker.waiting.size;
}

/** Slots that no lease takes. */
export function freeSlots(worker: WorkerRecord): number {
  return Math.max(0, Math.floor(slots(worker) - worker.slotsUsed + EPSILON));
}

function windowMs(worker: WorkerRecord): number {
  return 2 * (worker.roundTripMs + 1) * slots(worker);
}

/** Time that the worker's leases should take; a function without statistics fills a thread. */
export function expectedMs(s: SchedulerState, worker: WorkerRecord): number {
  let total = 0;
  for (const [group, count] of worker.leasedOfGroup) {
    const p95Ms = s.groups.at(group).p95Ms;
    total += count * (p95Ms < 0 ? windowMs(worker) / slots(worker) : p95Ms);
  }
  return total;
}

/** The lane's next tasks may be of any of its graph's functions: the first is taken for all. */
function p95Of(s: SchedulerState, lane: ReadyLane, next: number): number {
  if (next < 0) return 0;
  const record = s.graphs[lane.graph]!;
  return s.groups.at(s.tasks.group[record.base + record.localOfRank[next]!]!).p95Ms;
}

/** How many more tasks of the lane the worker's resources allow. */
export function resourceRoom(worker: WorkerRecord, lane: ReadyLane): number {
  let room = Number.POSITIVE_INFINITY;
  for (const [name, amount] of lane.constraint?.resources ?? []) {
    const free = (worker.resources[name] ?? 0) - (worker.used.get(name) ?? 0);
    room = Math.min(room, Math.floor(free / amount));
  }
  return room;
}
