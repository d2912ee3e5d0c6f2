/**
 * @file The check that no lease of the past commits: what a worker reports under a lease that the
 * scheduler had ended before must not become the task's value.
 */
import { assert } from "../core/errors.ts";
import type { SchedulerEvent } from "../machine/scheduler/events.ts";
import type { SchedulerMachine } from "../machine/scheduler/scheduler.ts";
import { STATE } from "../machine/scheduler/task-table.ts";

/** A report that counts for nothing. */
export interface StaleReport {
  readonly id: number;
  readonly worker: number;
}

/** Reports of leases that are over, of tasks that others have under lease now. */
export function staleReports(
  { state: { tasks } }: SchedulerMachine,
  events: readonly SchedulerEvent[],
): StaleReport[] {
  const stale: StaleReport[] = [];
  const good = new Set<string>();
  for (const event of events) {
    // Who comes back may have the value; what it says of it is not a report.
    if (event.kind === "worker-joined") return [];
    if (event.kind !== "finished") continue;
    const { worker } = event;
    event.ids.forEach((id, i) => {
      if (tasks.state[id] !== STATE.leased) return;
      const isCurrent = tasks.epoch[id] === event.epochs[i] && tasks.holder[id] === worker;
      if (isCurrent) good.add(`${id} ${worker}`);
      else stale.push({ id, worker });
    });
  }
  return stale.filter(({ id, worker }) => !good.has(`${id} ${worker}`));
}

/** Looks at the scheduler after it has heard them. */
export function checkStale(
  { state: { tasks } }: SchedulerMachine,
  reports: readonly StaleReport[],
): void {
  for (const { id, worker } of reports) {
    const isValue = tasks.state[id] === STATE.memory && tasks.holder[id] === worker;
    assert(!isValue, `worker ${worker} has committed ${id} under a lease that was over`);
  }
}
