/**
 * @file Values that clients bring (scatter). The scheduler chooses a worker for each and tells both
 * sides; until the worker has it the value is like a task that it was given: when the client or the
 * worker goes meanwhile, nothing stays behind.
 */

import { formatBytes } from "../../core/units.ts";
import { wantCopies } from "./copies.ts";
import type { GraphFacts, SchedulerEvent } from "./events.ts";
import { isNamed, isOpen } from "./placement.ts";
import {
  type Bringing,
  type GraphRecord,
  plainError,
  type SchedulerState,
  type WorkerRecord,
} from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";
import { failAlone, loseForGood, remember } from "./transitions.ts";

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
  const record = bring(s, event, undefined, { client, request, workers: names, tries: new Map() });
  if (record === undefined) return;
  const { base } = record;
  const { state, holder, epoch } = s.tasks;
  const found = chooseWorkers(s, bytes, names);
  const workers = found ?? new Int32Array(count).fill(NOBODY);
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
    const worker = workers[i]!;
    if (worker === NOBODY) continue;
    state[id] = STATE.leased;
    holder[id] = worker;
    record.told.add(worker);
    s.out.expect(worker, id, epochs[i]!, bytes[i]!);
    if (broadcast > 1) wantCopies(s, id, broadcast);
  }
  // Before it hears that some are not wanted.
  s.out.say({ kind: "placed", client, request, base, workers, epochs });
  for (let i = 0; i < count; i++) {
    if (workers[i] !== NOBODY) continue;
    state[base + i] = STATE.waiting;
    holder[base + i] = NOBODY;
    if (failTooLarge(s, base + i, names)) continue;
    // It waits for a worker, as a task does.
    s.unplaced.add(base + i);
    if (broadcast > 1) wantCopies(s, base + i, broadcast);
  }
}

/**
 * A value that is more than any worker may have in memory fails, before a byte of it is sent; false
 * when there is one that may take it later.
 */
function failTooLarge(
  s: SchedulerState,
  id: number,
  names: readonly string[] | undefined,
): boolean {
  const bytes = s.tasks.bytes[id]!;
  let memoryLimitBytes = 0;
  for (const worker of s.workers.values()) {
    if (names !== undefined && !isNamed(worker, names)) continue;
    memoryLimitBytes = Math.max(memoryLimitBytes, worker.memoryLimitBytes);
  }
  if (memoryLimitBytes === 0 || memoryLimitBytes >= bytes) return false;
  const culprit = s.keyOf(id);
  const message =
    `the scattered value ${culprit} takes ${formatBytes(bytes)}, and no worker that may have it ` +
    `has room for values of more than ${formatBytes(memoryLimitBytes)}: scatter it in parts (an ` +
    "array of smaller values), let a task read or make it in parts, or give workers more memory";
  const error = plainError("MemoryLimit", message, { bytes, memoryLimitBytes });
  failAlone(s, id, { error, culprit, culpritId: id, attempts: 0 });
  return true;
}

/** The client could not reach the workers: it is told of others, unless it has been already. */
export function unplaced(s: SchedulerState, event: EventOf<"unplaced">): void {
  event.ids.forEach((id, i) => {
    if (!s.isCurrent(id, event.epochs[i]!) || s.graphOf(id).bringing?.client !== event.client)
      return;
    const worker = s.tasks.holder[id]!;
    s.out.revoke(worker, id, event.epochs[i]!);
    placeAgain(s, id, `its client could not reach ${nameOf(s, worker)}`, worker);
  });
}

/**
 * A value that was being brought to a worker which will not have it: as long as nobody has been
 * told that it is there, its client still has it, and brings it to another one. `avoided`: not to
 * this one, if there are others.
 */
export function placeAgain(
  s: SchedulerState,
  id: number,
  reason: string,
  avoided: number = NOBODY,
): void {
  const { bringing } = s.graphOf(id);
  s.tasks.state[id] = STATE.waiting;
  s.tasks.holder[id] = NOBODY;
  const tries = (bringing?.tries.get(id) ?? 0) + 1;
  if (bringing === undefined || !s.clients.has(bringing.client)) return neverBrought(s, id);
  // What ends each worker that it comes to is not sent to all of them.
  if (tries > s.options.allowedFailures) return neverBrought(s, id, reason);
  bringing.tries.set(id, tries);
  if (failTooLarge(s, id, bringing.workers)) return;
  if (!placeOne(s, id, bringing, avoided)) s.unplaced.add(id);
}

/** Workers have come, or have room again. */
export function placeWaiting(s: SchedulerState): void {
  for (const id of s.unplaced) {
    // Released meanwhile; perhaps the id is another task's by now.
    const { bringing } = s.tasks.state[id] === STATE.waiting ? s.graphOf(id) : {};
    const isOver = bringing === undefined || failTooLarge(s, id, bringing.workers);
    if (isOver || placeOne(s, id, bringing, NOBODY)) s.unplaced.delete(id);
  }
}

/** Tells the value's client and a worker of each other; false when there is none that may. */
function placeOne(
  s: SchedulerState,
  id: number,
  { client, request, workers: names }: Bringing,
  avoided: number,
): boolean {
  const { epoch, bytes, holder, state } = s.tasks;
  const size = Float64Array.of(bytes[id]!);
  let workers = chooseWorkers(s, size, names, avoided);
  if (workers === undefined || workers[0] === NOBODY) workers = chooseWorkers(s, size, names);
  if (workers === undefined || workers[0] === NOBODY) return false;
  const epochs = Int32Array.of((epoch[id]! + 1) & 0x7fffffff);
  state[id] = STATE.leased;
  epoch[id] = epochs[0]!;
  holder[id] = workers[0]!;
  s.graphOf(id).told.add(workers[0]!);
  s.facts?.add({ kind: "brought-again", id, epoch: epochs[0]! });
  s.out.expect(workers[0]!, id, epochs[0]!, bytes[id]!);
  s.out.say({ kind: "placed", client, request, base: id, workers, epochs });
  return true;
}

/** A value that a client was to bring, and that will not come. */
export function neverBrought(
  s: SchedulerState,
  id: number,
  reason: string = "no worker has it",
): void {
  const how = `was never brought: ${reason}`;
  s.facts?.gone(id, how);
  loseForGood(s, id, how);
}

/** How a message speaks of a worker, also of one that is gone. */
function nameOf(s: SchedulerState, worker: number): string {
  const record = s.workers.get(worker);
  return record === undefined ? `worker ${worker}` : `worker ${record.name} (${record.address})`;
}

/**
 * A graph of values without recipes, all wanted by the client; none when there are none. `at`: as
 * in `acceptGraph`.
 */
export function bring(
  s: SchedulerState,
  { client, request, count, name }: Omit<EventOf<"adopt">, "kind" | "worker" | "bytes">,
  at?: number,
  bringing?: Bringing,
): GraphRecord | undefined {
  if (count === 0) {
    s.out.say({ kind: "accepted", client, request, base: 0 });
    return undefined;
  }
  const base = at ?? s.tasks.allocate(count);
  if (at !== undefined) s.tasks.claim(at, count);
  const record = recordOf(s, base, dataGraph(name, count), bringing);
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

export function recordOf(
  s: SchedulerState,
  base: number,
  facts: GraphFacts,
  bringing?: Bringing,
): GraphRecord {
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
    bringing,
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

/**
 * For each value the worker that is least full, with those chosen before; NOBODY for one that none
 * of them can hold. Undefined: there is none that may have any.
 */
function chooseWorkers(
  s: SchedulerState,
  bytes: Float64Array,
  names: readonly string[] | undefined,
  avoided: number = NOBODY,
): Int32Array | undefined {
  const fill = new Map<WorkerRecord, number>();
  for (const worker of s.workers.values()) {
    if (worker.worker === avoided) continue;
    if (!isOpen(worker) || (names !== undefined && !isNamed(worker, names))) continue;
    fill.set(worker, s.heldBytes(worker.worker));
  }
  if (fill.size === 0) return undefined;
  return Int32Array.from(bytes, (size) => {
    let best: WorkerRecord | undefined;
    let bestShare = Number.POSITIVE_INFINITY;
    for (const [worker, held] of fill) {
      if (size > worker.memoryLimitBytes) continue;
      // A little of its own for each value, so that small ones are spread too.
      const share = (held + size + 1) / worker.memoryLimitBytes;
      if (share >= bestShare) continue;
      best = worker;
      bestShare = share;
    }
    if (best === undefined) return NOBODY;
    fill.set(best, fill.get(best)! + size + 1);
    return best.worker;
  });
}
