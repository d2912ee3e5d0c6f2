/**
 * @file Values and workers that are gone. A value with another copy lives on; others are computed
 * again where they are needed, and what a client has brought is lost for good.
 */
import { blame, isOrphan } from "./blame.ts";
import { copiesLost, copyFailed, copyLost, forgetWish } from "./copies.ts";
import type { SchedulerEvent } from "./events.ts";
import { moveHome, park, queue, unqueue } from "./placement.ts";
import { readerLost } from "./reach.ts";
import { freeEverywhere, removeHolder } from "./replicas.ts";
import { leaveRooms } from "./rooms.ts";
import { placeAgain } from "./scatter.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";
import {
  endLease,
  letGoOfGraph,
  loseForGood,
  need,
  notifyReset,
  stopReading,
} from "./transitions.ts";

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** Copies that a worker has no more. */
export function lost(s: SchedulerState, event: EventOf<"lost">): void {
  const how = goneFrom(s, event.worker);
  for (const id of event.ids) {
    loseCopy(s, event.worker, id, how);
    copyFailed(s, id, event.worker);
  }
}

/** How a value came to be lost that the worker, which is there, does not have any more. */
export function goneFrom(s: SchedulerState, worker: number): string {
  const { name, address } = s.workers.get(worker)!;
  return lostSince(`worker ${name} (${address}) does not have it any more`);
}

/** Scattered data cannot be computed again. */
function lostSince(reason: string): string {
  return (
    `was lost, since ${reason}. It cannot be computed again: scatter it with ` +
    "{ broadcast: true } to have it everywhere"
  );
}

/** The worker does not have the value any more. */
export function loseCopy(s: SchedulerState, worker: number, id: number, how?: string): void {
  if (s.tasks.state[id] !== STATE.memory || !removeHolder(s, id, worker)) return;
  // A word is everywhere.
  if (s.tasks.holder[id] === NOBODY && !s.tasks.isWord(id)) loseValue(s, id, how);
  else if (s.retiring.size > 0) copyLost(s, id);
}

/**
 * Nobody has the value any more, or it refers to one that is gone. `how` that came, for one that
 * cannot be made again.
 */
export function loseValue(s: SchedulerState, id: number, how?: string): void {
  const { state, wants, waiters } = s.tasks;
  const isBound = s.boundOf(id) === "inputs";
  s.facts?.gone(id, s.hasRecipe(id) ? undefined : how);
  state[id] = STATE.released;
  s.transitions++;
  if (s.wishes.size > 0) forgetWish(s, id);
  notifyReset(s, id);
  const referring: number[] = [];
  s.eachDependent(id, (dependent) => {
    const before = state[dependent];
    if (before === STATE.memory && s.boundOf(dependent) === "inputs") referring.push(dependent);
    if (before === STATE.queued || before === STATE.leased) backToWaiting(s, dependent, before);
    if (before === STATE.waiting || before === STATE.queued || before === STATE.leased) {
      s.tasks.missing[dependent] = s.tasks.missing[dependent]! + 1;
    }
  });
  for (const dependent of referring) {
    freeEverywhere(s, dependent);
    loseValue(s, dependent);
  }
  if (!s.hasRecipe(id)) return loseForGood(s, id, how);
  if (wants[id]! > 0 || waiters[id]! > 0) need(s, id);
  // Those that are needed for the next value are needed by now.
  if (isBound) stopReading(s, id, s.graphOf(id));
}

function backToWaiting(s: SchedulerState, id: number, before: number): void {
  if (before === STATE.queued) unqueue(s, id);
  else {
    s.out.revoke(s.tasks.holder[id]!, id, s.tasks.epoch[id]!);
    endLease(s, id);
  }
  s.tasks.state[id] = STATE.waiting;
  s.tasks.missing[id] = 0;
}

/**
 * A task that was submitted by a run that is over waits so long to be let go of there: what it did
 * meanwhile would be for nobody, and if it is what ends workers, that would be said of nobody.
 */
const ORPHAN_MS = 1000;

export function workerLost(s: SchedulerState, event: EventOf<"worker-lost">): void {
  const worker = s.workers.get(event.worker)!;
  s.workers.delete(event.worker);
  s.open.delete(worker);
  leaveRooms(s, worker);
  s.isSpread = true;
  if (s.drained === worker.worker) s.drained = NOBODY;
  s.cuts.leave(worker.worker);
  readerLost(s, worker.worker);
  copiesLost(s, worker);
  const { leases, values, brought } = belongings(s, worker.worker);
  const { cause = "exit", reason, facts = {} } = event;
  const running = [...(event.running ?? [])];
  for (const id of blame(s, worker, leases, { cause, reason, facts, running })) {
    if (s.tasks.state[id] !== STATE.waiting) continue;
    if (isOrphan(s, id)) park(s, id, s.nowMs + ORPHAN_MS);
    else queue(s, id);
  }
  moveHome(s, worker.worker);
  const gone = `worker ${worker.name} (${worker.address}) is gone: ${reason}`;
  const how = lostSince(gone);
  for (const id of values) loseCopy(s, worker.worker, id, how);
  for (const id of brought) if (s.tasks.state[id] === STATE.waiting) placeAgain(s, id, gone);
  s.forgetHeldBytes(worker.worker);
  s.ready.checkAgain();
  forgetWorker(s, worker);
}

/**
 * What the worker had to do, which waits again; what it held; and what clients were bringing.
 * Looks at all tasks: workers are lost rarely.
 */
function belongings(
  s: SchedulerState,
  worker: number,
): { leases: number[]; values: number[]; brought: number[] } {
  const { state, holder, epoch } = s.tasks;
  const leases: number[] = [];
  const values: number[] = [];
  const brought: number[] = [];
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (holder[id] !== worker) continue;
    if (state[id] === STATE.memory) values.push(id);
    if (state[id] !== STATE.leased) continue;
    epoch[id] = (epoch[id]! + 1) & 0x7fffffff;
    state[id] = STATE.waiting;
    (s.hasRecipe(id) ? leases : brought).push(id);
  }
  for (const [id, others] of s.replicas) if (others.includes(worker)) values.push(id);
  return { leases, values, brought };
}

/** No graph is known there any more. */
function forgetWorker(s: SchedulerState, { worker }: WorkerRecord): void {
  for (const record of s.graphs) {
    if (record === undefined) continue;
    record.told.delete(worker);
    record.installed.delete(worker);
    for (const lane of record.lanes) lane.runs?.leave(worker);
  }
  for (const base of [...s.closing.keys()]) letGoOfGraph(s, base, worker);
  s.out.leave(worker);
}
