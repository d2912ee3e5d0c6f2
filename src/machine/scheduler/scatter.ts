/**
 * @file Values that clients bring (scatter). The scheduler chooses a worker for each and tells both
 * sides; until the worker has it the value is like a task that it was given: when the client or the
 * worker goes meanwhile, nothing stays behind.
 */

import { wantCopies } from "./copies.ts";
import type { GraphFacts, SchedulerEvent } from "./events.ts";
import { isNamed, isOpen } from "./placement.ts";
import type { GraphRecord, SchedulerState, WorkerRecord } from "./state.ts";
import { STATE } from "./task-table.ts";
import { loseForGood, remember } from "./transitions.ts";

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** Values that are on the worker already: tasks without a recipe, in memory from the start. */
export function adopt(s: SchedulerState, event: EventOf<"adopt">): void {
  const record = bring(s, event);
  if (record === undefined) return;
  record.told.add(event.worker);
  for (let i = 0; i < event.count; i++) {
    remember(s, record.base + i, event.worker, event.bytes[i]!);
  }
}

/** Values that their client brings to the workers that it is told of. */
export function scatter(s: SchedulerState, event: EventOf<"scatter">): void {
  const { client, request, count, bytes, workers: names, broadcast = 1 } = event;
  const record = bring(s, event);
  if (record === undefined) return;
  const { base } = record;
  const { state, holder, epoch } = s.tasks;
  const workers = chooseWorkers(s, bytes, names);
  const epochs = new Int32Array(count);
  for (let i = 0; i < count; i++) epochs[i] = (epoch[base + i]! + 1) & 0x7fffffff;
  s.facts?.add({
    kind: "brought",
    client,
    request,
    base,
    name: event.name,
    bytes,
    epochs,
    broadcast,
  });
  for (let i = 0; i < count; i++) {
    const id = base + i;
    epoch[id] = epochs[i]!;
    s.tasks.bytes[id] = bytes[i]!;
    if (workers === undefined) {
      s.facts?.gone(id);
      loseForGood(s, id);
      continue;
    }
    const worker = workers[i]!;
    state[id] = STATE.leased;
    holder[id] = worker;
    record.told.add(worker);
    s.out.expect(worker, id, epochs[i]!, bytes[i]!);
    if (broadcast > 1) wantCopies(s, id, broadcast);
  }
  if (workers === undefined) return;
  s.out.say({ kind: "placed", client, request, base, workers, epochs });
}

/**
 * A graph of values without recipes, all wanted by the client; none when there are none. `at`: as
 * in `acceptGraph`.
 */
export function bring(
  s: SchedulerState,
  { client, request, count, name }: Omit<EventOf<"adopt">, "kind" | "worker" | "bytes">,
  at?: number,
): GraphRecord | undefined {
  if (count === 0) {
    s.out.say({ kind: "accepted", client, request, base: 0 });
    return undefined;
  }
  const base = at ?? s.tasks.allocate(count);
  if (at !== undefined) s.tasks.claim(at, count);
  const record = recordOf(s, base, dataGraph(name, count));
  s.graphs[record.slot] = record;
  s.out.say({ kind: "accepted", client, request, base });
  const group = s.groups.numberOf("data");
  const { wants } = s.client(client);
  for (let id = base; id < base + count; id++) {
    s.tasks.graph[id] = record.slot;
    s.tasks.group[id] = group;
    s.tasks.waiters[id] = 0;
    s.tasks.dependents[id] = 0;
    s.tasks.missing[id] = 0;
    s.tasks.wants[id] = 1;
    wants.add(id);
  }
  return record;
}

export function recordOf(s: SchedulerState, base: number, facts: GraphFacts): GraphRecord {
  return {
    slot: s.freeSlots.pop() ?? s.graphs.length,
    base,
    facts,
    body: undefined,
    ids: undefined,
    dependentOffsets: new Int32Array(facts.count + 1),
    dependents: new Int32Array(0),
    localOfRank: facts.rank,
    lanes: [],
    hasBound: false,
    live: facts.count,
    serial: ++s.serial,
    parent: undefined,
    installed: new Set(),
    told: new Set(),
  };
}

function dataGraph(name: string, count: number): GraphFacts {
  return {
    count,
    templates: [],
    template: new Int32Array(count).fill(-1),
    depOffsets: new Int32Array(count + 1),
    deps: new Int32Array(0),
    segments: [{ start: 0, count, name, pure: false }],
    rank: Int32Array.from({ length: count }, (_, i) => i),
    outputs: Int32Array.from({ length: count }, (_, i) => i),
  };
}

/** For each value the worker that is least full, with those chosen before; undefined: none may. */
function chooseWorkers(
  s: SchedulerState,
  bytes: Float64Array,
  names: readonly string[] | undefined,
): Int32Array | undefined {
  const fill = new Map<WorkerRecord, number>();
  for (const worker of s.workers.values()) {
    if (!isOpen(worker) || (names !== undefined && !isNamed(worker, names))) continue;
    fill.set(worker, s.heldBytes(worker.worker));
  }
  if (fill.size === 0) return undefined;
  return Int32Array.from(bytes, (size) => {
    let best: WorkerRecord | undefined;
    let bestShare = Number.POSITIVE_INFINITY;
    for (const [worker, held] of fill) {
      // A little of its own for each value, so that small ones are spread too.
      const share = (held + size + 1) / worker.memoryLimitBytes;
      if (share >= bestShare) continue;
      best = worker;
      bestShare = share;
    }
    fill.set(best!, fill.get(best!)! + size + 1);
    return best!.worker;
  });
}
