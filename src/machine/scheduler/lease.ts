/** @file Gives one task to one worker, and books what it takes there. */
import { describeInputs } from "./inputs.ts";
import type { ReadyLane } from "./ready.ts";
import { hasMore } from "./rooms.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";
import { STATE } from "./task-table.ts";

/** Gives a task that was queued, and is in no lane any more, to the worker. */
export function lease(s: SchedulerState, worker: WorkerRecord, lane: ReadyLane, id: number): void {
  if (s.isSpread) describeInputs(s, worker.worker, id);
  const epoch = (s.tasks.epoch[id]! + 1) & 0x7fffffff;
  book(s, worker, lane, id, epoch);
  s.out.lease(worker.worker, id, epoch);
}

/** The worker has the lease: with it goes what the task takes there. */
export function book(
  s: SchedulerState,
  worker: WorkerRecord,
  lane: ReadyLane,
  id: number,
  now: number,
): void {
  const { state, epoch, holder, group } = s.tasks;
  state[id] = STATE.leased;
  epoch[id] = now;
  holder[id] = worker.worker;
  s.transitions++;
  if (worker.leased + worker.tableLeased === 0) worker.progressMs = s.nowMs;
  if (lane.table) worker.tableLeased++;
  else {
    worker.leased++;
    worker.slotsUsed += lane.share;
    const number = group[id]!;
    worker.leasedOfGroup.set(number, (worker.leasedOfGroup.get(number) ?? 0) + lane.share);
    hasMore(s, worker);
  }
  for (const [name, amount] of lane.constraint?.resources ?? []) {
    worker.used.set(name, (worker.used.get(name) ?? 0) + amount);
  }
  if (s.isSpread) worker.log.add(id, now, worker.leased + worker.tableLeased, s.isCurrent);
}
