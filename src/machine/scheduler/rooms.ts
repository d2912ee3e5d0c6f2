/**
 * @file Which workers are worth a look, kept up to date, so that a step costs nothing for the
 * others: those that may take more (`roomy`), and those with leases behind the ones that run
 * (`crowded`). A worker is taken out when a look at it finds nothing, and comes back when what it
 * has, or may have, changes.
 */
import { isFull, slots, TABLE_LEASES_MAX } from "./credit.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";

/** The worker may be able to take more than before. */
export function mayHaveRoom(s: SchedulerState, worker: WorkerRecord): void {
  if (s.open.has(worker)) s.roomy.add(worker);
}

/** Tasks of this function take another time than was thought. */
export function expectOtherwise(s: SchedulerState, group: number): void {
  for (const worker of s.open) if (worker.leasedOfGroup.has(group)) s.roomy.add(worker);
}

/** From now on there may be tasks that full workers take. */
export function expectTables(s: SchedulerState): void {
  if (s.ready.hasTables) return;
  s.ready.hasTables = true;
  for (const worker of s.open) s.roomy.add(worker);
}

/** The worker takes nothing: it is not asked again before something changes. */
export function leaveIfFull(s: SchedulerState, worker: WorkerRecord): void {
  const mayTakeTable = s.ready.hasTables && worker.tableLeased < TABLE_LEASES_MAX;
  if (!mayTakeTable && isFull(s, worker)) s.roomy.delete(worker);
}

/** The worker has got a lease. */
export function hasMore(s: SchedulerState, worker: WorkerRecord): void {
  if (worker.leased > slots(worker)) s.crowded.add(worker);
}

/** The worker is gone. */
export function leaveRooms(s: SchedulerState, worker: WorkerRecord): void {
  s.roomy.delete(worker);
  s.crowded.delete(worker);
}
