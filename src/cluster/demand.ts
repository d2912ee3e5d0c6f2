/** @file What the scheduler has to do and who does it, for those who decide how many workers. */
import type { SchedulerState } from "../machine/scheduler/state.ts";
import type { Demand } from "./adaptive-target.ts";
import type { WorkerSeat } from "./scheduler-host.ts";

/** A function that has never run is taken to run so long. */
const UNKNOWN_MS = 500;

/** Looks at each graph and each worker once, at no task. */
export function demandOf(
  state: SchedulerState,
  seats: ReadonlyMap<number, WorkerSeat>,
  mayGo: (addresses: readonly string[]) => ReadonlySet<string>,
): Demand {
  const queue = queued(state);
  const workers = [...state.workers.values()];
  let leasedMs = 0;
  for (const { leasedOfGroup } of workers) {
    for (const [group, count] of leasedOfGroup) leasedMs += count * expected(state, group);
  }
  const loads = [...seats.values()];
  const free = mayGo(loads.map(({ facts }) => facts.address));
  return {
    queued: queue.count,
    leased: workers.reduce((sum, { leased }) => sum + leased, 0),
    expectedMs: queue.ms + leasedMs,
    memoryBytes: loads.reduce((sum, { load }) => sum + load.memoryBytes, 0),
    memoryLimitBytes: workers.reduce((sum, { memoryLimitBytes }) => sum + memoryLimitBytes, 0),
    workers: workers.map(({ worker, name, threads, leased }) => ({
      name,
      threads,
      leased,
      heldBytes: state.heldBytes(worker),
      ...(free.has(seats.get(worker)?.facts.address ?? "") ? {} : { stays: true }),
    })),
  };
}

/** Tasks that wait for a worker, and the time that they will take. */
function queued(state: SchedulerState): { readonly count: number; readonly ms: number } {
  let count = 0;
  let ms = 0;
  for (const graph of state.graphs) {
    if (graph === undefined) continue;
    for (const lane of new Set(graph.lanes)) {
      let tasks = lane.ranks.size;
      for (const { ranks } of lane.homes?.values() ?? []) tasks += ranks.size;
      if (tasks === 0) continue;
      // Functions that share a lane are taken to be queued alike.
      const groups = graph.facts.templates
        .filter((_, i) => graph.lanes[i] === lane)
        .map(({ name }) => expected(state, state.groups.numberOf(name)));
      count += tasks;
      ms += (tasks * groups.reduce((sum, each) => sum + each, 0)) / Math.max(1, groups.length);
    }
  }
  return { count, ms };
}

function expected(state: SchedulerState, group: number): number {
  const { p95Ms } = state.groups.at(group);
  return p95Ms < 0 ? UNKNOWN_MS : p95Ms;
}
