/**
 * @file How a task moves between states, and what follows for its neighbours. One rule drives all
 * release: a value that no dependent will read and no client wants is dropped; a task that nothing
 * refers to is forgotten. Recursion goes through explicit stacks, since chains may be a million
 * tasks long.
 */
import { cameTo, forgetForGood, forgetWish } from "./copies.ts";
import { queue, unqueue } from "./placement.ts";
import { forgetStranded } from "./reach.ts";
import { freeEverywhere } from "./replicas.ts";
import { mayHaveRoom } from "./rooms.ts";
import {
  type Failure,
  type GraphRecord,
  globalId,
  plainError,
  type SchedulerState,
} from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";

/** Shares of slots are sums of fractions. */
const EPSILON = 1e-9;

/** Makes sure that the value of a released task will be computed, and those it needs. */
export function need(s: SchedulerState, first: number): void {
  const { state, missing, waiters } = s.tasks;
  if (state[first] !== STATE.released) return;
  const stack = [first];
  const failed: number[] = [];
  state[first] = STATE.waiting;
  while (stack.length > 0) {
    const id = stack.pop()!;
    let lacking = 0;
    s.transitions++;
    s.eachDependency(id, (dep) => {
      waiters[dep] = waiters[dep]! + 1;
      if (state[dep] === STATE.memory) return;
      lacking++;
      if (state[dep] === STATE.erred) failed.push(id);
      if (state[dep] !== STATE.released) return;
      state[dep] = STATE.waiting;
      stack.push(dep);
    });
    missing[id] = lacking;
    if (lacking === 0) queue(s, id);
  }
  for (const id of failed) failFromDependencies(s, id);
}

/** A task whose dependency has failed fails for the same reason. */
export function failFromDependencies(s: SchedulerState, id: number): void {
  if (s.tasks.state[id] !== STATE.waiting) return;
  let failure: Failure | undefined;
  s.eachDependency(id, (dep) => {
    if (s.tasks.state[dep] === STATE.erred) failure ??= s.failures.get(dep);
  });
  if (failure !== undefined) fail(s, id, failure);
}

/** Why what depends on a cancelled task fails. */
export function cancelledFailure(s: SchedulerState, id: number): Failure {
  const culprit = s.keyOf(id);
  const error = plainError("Cancelled", `task ${culprit} was cancelled`);
  return { error, culprit, culpritId: id, attempts: 0 };
}

/** Why what depends on a task fails that is not known any more. */
export function unknownFailure(culprit: string, id: number): Failure {
  const message = `${culprit} uses a value that the engine no longer has: keep its future`;
  return { error: plainError("Lost", message), culprit, culpritId: id, attempts: 0 };
}

/** A value has been computed and lies on `worker`; it is a word if it has a tag. */
export function remember(
  s: SchedulerState,
  id: number,
  worker: number,
  bytes: number,
  tag = 0,
  word = 0,
): void {
  const { state, missing, wants, waiters } = s.tasks;
  state[id] = STATE.memory;
  s.tasks.holder[id] = worker;
  s.tasks.bytes[id] = bytes;
  s.tasks.setWord(id, tag, word);
  s.addHeldBytes(worker, bytes);
  s.transitions++;
  s.facts?.done(id, s.tasks.epoch[id]!, bytes, tag, word);
  if (s.wishes.size + s.retiring.size > 0) cameTo(s, id, worker);
  if (s.stranded.size + s.avoided.size > 0) forgetStranded(s, id);
  if (wants[id]! > 0) notifyDone(s, id);
  const record = s.graphOf(id);
  const local = id - record.base;
  for (let e = record.dependentOffsets[local]!; e < record.dependentOffsets[local + 1]!; e++) {
    const dependent = record.base + record.dependents[e]!;
    if (state[dependent] !== STATE.waiting) continue;
    missing[dependent] = missing[dependent]! - 1;
    if (missing[dependent] === 0) queue(s, dependent);
  }
  for (const dependent of s.foreignDependents.get(id) ?? []) {
    if (state[dependent] !== STATE.waiting) continue;
    missing[dependent] = missing[dependent]! - 1;
    if (missing[dependent] === 0) queue(s, dependent);
  }
  if (s.boundOf(id) !== "inputs") stopReading(s, id, record);
  if (wants[id] === 0 && waiters[id] === 0) drop(s, id);
}

export function notifyDone(s: SchedulerState, id: number): void {
  for (const client of s.clients.values()) if (client.wants.has(id)) s.out.done(client.client, id);
}

/** Tells those who want a settled task that it will be computed again. */
export function notifyReset(s: SchedulerState, id: number): void {
  for (const client of s.clients.values()) {
    if (client.wants.has(id)) s.out.reset(client.client, id);
  }
}

/** Tells a client why a task has failed that it asks for. */
export function notifyFailed(s: SchedulerState, client: number, id: number): void {
  const failure = s.failures.get(id);
  if (failure === undefined) return;
  const { error, culprit, attempts } = failure;
  s.out.say({ kind: "failed", client, ids: Int32Array.of(id), error, culprit, attempts });
}

/** A task fails for a reason that lies not in other tasks, and not in itself. */
export function failAlone(s: SchedulerState, id: number, failure: Failure): void {
  s.facts?.add({ kind: "failed", id, failure });
  fail(s, id, failure);
}

/** A task fails, and all that wait for it. */
export function fail(s: SchedulerState, first: number, failure: Failure): void {
  const { state } = s.tasks;
  const ofClient = new Map<number, number[]>();
  const stack = [first];
  const settled: number[] = [];
  while (stack.length > 0) {
    const id = stack.pop()!;
    const before = state[id]!;
    if (before === STATE.erred || before === STATE.memory || before < STATE.waiting) continue;
    if (before === STATE.queued) unqueue(s, id);
    state[id] = STATE.erred;
    s.transitions++;
    s.failures.set(id, failure);
    stopReading(s, id, s.graphOf(id));
    for (const client of s.clients.values()) {
      if (!client.wants.has(id)) continue;
      const ids = ofClient.get(client.client) ?? [];
      ids.push(id);
      ofClient.set(client.client, ids);
    }
    s.eachDependent(id, (dependent) => {
      if (state[dependent] === STATE.waiting) stack.push(dependent);
    });
    settled.push(id);
  }
  const { error, culprit, attempts } = failure;
  for (const [client, ids] of ofClient) {
    s.out.say({ kind: "failed", client, ids: Int32Array.from(ids), error, culprit, attempts });
  }
  for (const id of settled) forgetIfUnneeded(s, id);
}

/**
 * The task no longer waits for its inputs, and no value of it refers to them: those that nobody
 * else needs are let go.
 */
export function stopReading(s: SchedulerState, id: number, record: GraphRecord): void {
  const { waiters } = s.tasks;
  const { depOffsets, deps } = record.facts;
  const local = id - record.base;
  for (let e = depOffsets[local]!; e < depOffsets[local + 1]!; e++) {
    const dep = globalId(record, deps[e]!);
    waiters[dep] = waiters[dep]! - 1;
    if (waiters[dep] === 0) letGo(s, dep);
  }
}

/** Called when a client or a dependent has stopped needing the value of `first`. */
export function letGo(s: SchedulerState, first: number): void {
  const { state, wants, waiters } = s.tasks;
  const stack = [first];
  while (stack.length > 0) {
    const id = stack.pop()!;
    if (wants[id] !== 0 || waiters[id] !== 0) continue;
    const before = state[id]!;
    if (before === STATE.memory) {
      drop(s, id);
      continue;
    }
    if (before >= STATE.waiting && before <= STATE.leased) {
      withdraw(s, id, before);
      s.eachDependency(id, (dep) => {
        waiters[dep] = waiters[dep]! - 1;
        if (waiters[dep] === 0) stack.push(dep);
      });
      if (!s.hasRecipe(id)) loseForGood(s, id);
    }
    forgetIfUnneeded(s, id);
  }
}

/** Stops work that nobody needs any more. */
function withdraw(s: SchedulerState, id: number, before: number): void {
  if (before === STATE.queued) unqueue(s, id);
  if (before === STATE.leased) {
    s.out.revoke(s.tasks.holder[id]!, id, s.tasks.epoch[id]!);
    endLease(s, id);
  }
  s.tasks.state[id] = STATE.released;
  s.transitions++;
}

/** Books a lease out of its worker's account. */
export function endLease(s: SchedulerState, id: number): void {
  const worker = s.workers.get(s.tasks.holder[id]!);
  if (worker === undefined) return;
  const record = s.graphOf(id);
  const lane = record.lanes[record.facts.template[id - record.base]!];
  // What a client brings takes no slot.
  if (lane === undefined) return;
  if (worker.trial === id) worker.trial = NOBODY;
  worker.waiting.delete(id);
  mayHaveRoom(s, worker);
  if (lane.table) worker.tableLeased--;
  else {
    worker.leased--;
    // With nothing leased the sums of shares start afresh, so that rounding does not add up.
    worker.slotsUsed = worker.leased === 0 ? 0 : worker.slotsUsed - lane.share;
    const group = s.tasks.group[id]!;
    const left = (worker.leasedOfGroup.get(group) ?? lane.share) - lane.share;
    if (left > EPSILON) worker.leasedOfGroup.set(group, left);
    else worker.leasedOfGroup.delete(group);
  }
  for (const [name, amount] of lane.constraint?.resources ?? []) {
    worker.used.set(name, (worker.used.get(name) ?? 0) - amount);
  }
}

/** A value that nobody needs leaves its worker. */
function drop(s: SchedulerState, id: number): void {
  freeEverywhere(s, id);
  if (s.wishes.size > 0) forgetWish(s, id);
  s.tasks.state[id] = STATE.released;
  s.transitions++;
  if (s.boundOf(id) === "inputs") stopReading(s, id, s.graphOf(id));
  if (!s.hasRecipe(id)) loseForGood(s, id);
  forgetIfUnneeded(s, id);
}

/**
 * A value that cannot be made again is gone: whoever needs it from now on fails. `how`: default
 * because nobody referred to it.
 */
export function loseForGood(
  s: SchedulerState,
  id: number,
  how: string = "is gone, since nobody referred to it any more: keep its future",
): void {
  const culprit = s.keyOf(id);
  const error = plainError("Lost", `the scattered value ${culprit} ${how}`);
  s.tasks.state[id] = STATE.waiting;
  fail(s, id, { error, culprit, culpritId: id, attempts: 0 });
}

/** Removes the record of a task that no client wants and no remembered task was made from. */
export function forgetIfUnneeded(s: SchedulerState, first: number): void {
  const { state, wants, dependents } = s.tasks;
  const stack = [first];
  while (stack.length > 0) {
    const id = stack.pop()!;
    const now = state[id]!;
    if (now !== STATE.released && now !== STATE.erred) continue;
    if (wants[id] !== 0 || dependents[id] !== 0) continue;
    const record = s.graphOf(id);
    s.eachDependency(id, (dep) => {
      dependents[dep] = dependents[dep]! - 1;
      if (s.tasks.graph[dep] !== record.slot) removeForeign(s, dep, id);
      if (dependents[dep] === 0) stack.push(dep);
    });
    state[id] = STATE.forgotten;
    s.transitions++;
    s.failures.delete(id);
    s.attempts.delete(id);
    if (s.suspects.size > 0) s.suspects.delete(id);
    if (s.stranded.size + s.avoided.size > 0) forgetStranded(s, id);
    if (s.wishes.size > 0) forgetForGood(s, id);
    record.live--;
    if (record.live === 0) dispose(s, record);
  }
}

function removeForeign(s: SchedulerState, dep: number, dependent: number): void {
  const list = s.foreignDependents.get(dep);
  if (list === undefined) return;
  const at = list.indexOf(dependent);
  if (at >= 0) list.splice(at, 1);
  if (list.length === 0) s.foreignDependents.delete(dep);
}

/**
 * All tasks of a graph are forgotten: so is the graph, as soon as no worker is busy with one of
 * them.
 */
export function dispose(s: SchedulerState, record: GraphRecord): void {
  for (const segment of record.facts.segments) {
    if (s.names.get(segment.name)?.graph === record) s.names.delete(segment.name);
  }
  const workers = new Set([...record.told].filter((worker) => s.workers.has(worker)));
  s.closing.set(record.base, { record, workers });
  const { base } = record;
  const { count } = record.facts;
  for (const worker of workers) s.out.sayLast({ kind: "uninstall", worker, base, count });
  if (workers.size === 0) freeGraph(s, base);
}

/** A worker has let go of a graph (or is gone itself). */
export function letGoOfGraph(s: SchedulerState, base: number, worker: number): void {
  const closing = s.closing.get(base);
  if (closing === undefined) return;
  closing.workers.delete(worker);
  if (closing.workers.size === 0) freeGraph(s, base);
}

function freeGraph(s: SchedulerState, base: number): void {
  const record = s.closing.get(base)!.record;
  s.closing.delete(base);
  // What a worker may still have under these ids, and comes back with, is not of their next life.
  const { epoch } = s.tasks;
  const end = base + record.facts.count;
  for (let id = base; id < end; id++) epoch[id] = (epoch[id]! + 1) & 0x7fffffff;
  s.tasks.free(base, record.facts.count);
  s.graphs[record.slot] = undefined;
  s.freeSlots.push(record.slot);
}
