/**
 * @file What a worker has to be told before it can run a task: its graph, the words among its
 * inputs, and where the others lie. Whoever is told of an id is noted with the id's graph: it must
 * have let go of it before the id is given to another task.
 */
import type { NeededValue } from "./mail.ts";
import { sourcesFor } from "./reach.ts";
import { isAt } from "./replicas.ts";
import type { GraphRecord, SchedulerState } from "./state.ts";

/** The worker is told of the graph, once. */
export function install(s: SchedulerState, worker: number, record: GraphRecord): void {
  if (record.installed.has(worker)) return;
  record.installed.add(worker);
  record.told.add(worker);
  const { base, facts, body, serial, ids } = record;
  const graph = { base, count: facts.count, graph: facts, body, serial };
  s.out.say({
    kind: "install",
    worker,
    graph: ids === undefined ? graph : { ...graph, ids },
  });
}

/** What the worker has to know of a value that it does not have. */
export function neededValue(s: SchedulerState, worker: number, id: number): NeededValue {
  const { epoch, bytes } = s.tasks;
  return {
    epoch: epoch[id]!,
    bytes: bytes[id]!,
    holders: sourcesFor(s, worker, id),
    isExact: s.boundOf(id) !== undefined,
  };
}

/** Adds the inputs that the worker does not have to what it is told with its leases. */
export function describeInputs(s: SchedulerState, worker: number, id: number): void {
  const { tasks } = s;
  s.eachDependency(id, (dep) => {
    if (tasks.isWord(dep)) {
      if (tasks.holder[dep] === worker) return;
      s.out.to(worker).words.add(dep, tasks.tags![dep]!, tasks.words![dep]!);
    } else {
      if (isAt(s, dep, worker)) return;
      const { needs } = s.out.to(worker);
      if (needs.has(dep)) return;
      needs.add(dep, neededValue(s, worker, dep));
    }
    s.graphOf(dep).told.add(worker);
  });
}
