/**
 * @file Leases that wait on a slow worker while another one idles. What a worker holds should take
 * little time, but one slow task may hold up all that was leased behind it. The newest of these are
 * asked for back when they would start sooner elsewhere, again and again while the worker ends
 * nothing; it keeps those that it has started. A worker that is to go is asked for all that others
 * may run.
 */
import { expectedMs, freeSlots, slots } from "./credit.ts";
import { isOpen, mayServe } from "./placement.ts";
import { reaches } from "./reach.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";
import { transferMs } from "./steal.ts";
import { NOBODY } from "./task-table.ts";

/** Shorter waits are not worth the messages. */
const WORTH_MS = 5;

/** Asks for leases that idle workers could begin at once; sets when to look again. */
export function recallForIdle(s: SchedulerState): void {
  s.recallMs = Number.POSITIVE_INFINITY;
  if (s.crowded.size === 0 || !isAnyIdle(s)) return;
  const slow = waitingLong(s);
  if (slow.length === 0) return;
  const idle = [...s.roomy].filter((worker) => isIdle(s, worker));
  let room = 0;
  for (const worker of idle) room += freeSlots(worker);
  for (const { worker, behind, waitMs } of slow) {
    room -= recallSome(s, worker, Math.min(room, Math.ceil(behind / 2)), idle, waitMs);
    if (room <= 0) return;
  }
}

/** Workers with leases that will wait for long; sets when to look at the others again. */
function waitingLong(
  s: SchedulerState,
): { worker: WorkerRecord; behind: number; waitMs: number }[] {
  const slow: { worker: WorkerRecord; behind: number; waitMs: number }[] = [];
  for (const worker of s.crowded) {
    const behind = Math.floor(worker.leased - slots(worker));
    if (behind <= 0) s.crowded.delete(worker);
    if (behind <= 0 || worker.recalled > 0 || worker.trial !== NOBODY) continue;
    const waitMs = waitOf(s, worker, behind);
    const worthMs = WORTH_MS + 4 * worker.roundTripMs;
    // What it has not been told of yet it cannot give back.
    if (waitMs >= worthMs && !s.out.isLeasing(worker.worker)) slow.push({ worker, behind, waitMs });
    else s.recallMs = Math.min(s.recallMs, s.nowMs + worthMs);
  }
  return slow;
}

function isAnyIdle(s: SchedulerState): boolean {
  for (const worker of s.roomy) if (isIdle(s, worker)) return true;
  return false;
}

function isIdle(s: SchedulerState, worker: WorkerRecord): boolean {
  if (!isOpen(worker) || worker.trial !== NOBODY || s.drained === worker.worker) return false;
  return freeSlots(worker) > 0;
}

/** How long the leases that have not been started will wait, as it looks now. */
function waitOf(s: SchedulerState, worker: WorkerRecord, behind: number): number {
  const expected = (expectedMs(s, worker) * behind) / worker.leased / slots(worker);
  return Math.max(expected, s.nowMs - worker.progressMs);
}

function recallSome(
  s: SchedulerState,
  worker: WorkerRecord,
  limit: number,
  idle: readonly WorkerRecord[],
  waitMs: number,
): number {
  let recalled = 0;
  const newestFirst = worker.log.current(s.isCurrent).reverse();
  for (const id of newestFirst) {
    if (recalled >= limit) break;
    const record = s.graphOf(id);
    const lane = record.lanes[record.facts.template[id - record.base]!]!;
    const isBetter = idle.some((other) => {
      if (lane.table || !mayServe(s, other, lane) || !reaches(s, other.worker, id)) return false;
      return transferMs(s, other, id) < waitMs;
    });
    if (!isBetter) continue;
    s.out.recall(worker.worker, id, s.tasks.epoch[id]!);
    recalled++;
  }
  if (recalled > 0) worker.isBehind = true;
  worker.recalled += recalled;
  return recalled;
}

/** Asks a worker that is to go for what it has not begun, as far as others may run it. */
export function recallAll(s: SchedulerState, worker: WorkerRecord): void {
  if (s.open.size === 0) return;
  for (const id of worker.log.current(s.isCurrent)) {
    const record = s.graphOf(id);
    const lane = record.lanes[record.facts.template[id - record.base]!];
    if (lane === undefined || lane.table) continue;
    const mayRun = [...s.open].some(
      (other) => mayServe(s, other, lane) && reaches(s, other.worker, id),
    );
    if (mayRun) s.out.recall(worker.worker, id, s.tasks.epoch[id]!);
  }
}
