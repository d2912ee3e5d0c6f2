/**
 * @file What workers report: results, failures, leases given back, their own coming and going. A
 * report counts only under the epoch of the current lease; anything else is about the past, and
 * what it made is freed.
 */
import type { SchedulerEvent } from "./events.ts";
import { type Attempts, plainError, type SchedulerState } from "./state.ts";
import { STATE } from "./task-table.ts";
import {
  endLease,
  fail,
  letGoOfGraph,
  loseForGood,
  need,
  notifyReset,
  queue,
  remember,
} from "./transitions.ts";

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

export function workerJoined(s: SchedulerState, event: EventOf<"worker-joined">): void {
  const { worker, address, threads, memoryLimitBytes } = event;
  s.workers.set(worker, {
    worker,
    address,
    name: event.name ?? address,
    threads,
    memoryLimitBytes,
    leasesMax: event.leasesMax ?? 1024 * threads,
    resources: event.resources ?? {},
    used: new Map(),
    leased: 0,
    slotsUsed: 0,
    suspended: 0,
    tableLeased: 0,
    leasedOfGroup: new Map(),
  });
}

export function suspended(s: SchedulerState, event: EventOf<"suspended">): void {
  const worker = s.workers.get(event.worker);
  if (worker !== undefined) worker.suspended = event.count;
}

export function finished(s: SchedulerState, event: EventOf<"finished">): void {
  const { ids, epochs, bytes, worker, count } = event;
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if (!isCurrent(s, id, epochs[i]!)) {
      // Under its epoch, so that a lease given in the meantime is left alone.
      if (!isHeld(s, id, epochs[i]!)) s.out.revoke(worker, id, epochs[i]!);
      continue;
    }
    endLease(s, id);
    s.groups.at(s.tasks.group[id]!).addBytes(bytes[i]!);
    remember(s, id, worker, bytes[i]!);
  }
}

export function durations(s: SchedulerState, event: EventOf<"durations">): void {
  for (let i = 0; i < event.ids.length; i++) {
    const group = s.tasks.group[event.ids[i]!];
    if (group === undefined) continue;
    s.groups.at(group).addDuration(event.meanMs[i]!, event.counts[i]!);
  }
}

export function erred(s: SchedulerState, event: EventOf<"erred">): void {
  const { id } = event;
  if (!isCurrent(s, id, event.epoch)) return;
  endLease(s, id);
  const attempts = attemptsOf(s, id);
  attempts[event.blame]++;
  const total = attempts.user + attempts.worker + attempts.memory;
  if (attempts[event.blame] <= allowed(s, id, event.blame)) {
    s.tasks.state[id] = STATE.waiting;
    queue(s, id);
    return;
  }
  const error =
    event.blame === "worker"
      ? plainError("KilledWorker", killedMessage(s.keyOf(id), attempts.worker, event.error))
      : event.error;
  fail(s, id, { error, culprit: s.keyOf(id), culpritId: id, attempts: total });
}

function killedMessage(key: string, times: number, error: unknown): string {
  const reason = typeof error === "object" && error !== null ? plainText(error) : String(error);
  return `task ${key} was running each of the ${times} times its thread died: ${reason}`;
}

function plainText(error: object): string {
  return "message" in error ? String(error.message) : "no reason was reported";
}

function allowed(s: SchedulerState, id: number, blame: keyof Attempts): number {
  if (blame === "worker") return s.options.allowedFailures;
  if (blame === "memory") return 0;
  const record = s.graphOf(id);
  return record.facts.templates[record.facts.template[id - record.base]!]?.options?.retries ?? 0;
}

export function returned(s: SchedulerState, event: EventOf<"returned">): void {
  for (let i = 0; i < event.ids.length; i++) {
    const id = event.ids[i]!;
    if (!isCurrent(s, id, event.epochs[i]!)) continue;
    endLease(s, id);
    s.tasks.state[id] = STATE.waiting;
    queue(s, id);
  }
}

/** Values that are gone: computed again where they are needed. */
export function lost(s: SchedulerState, event: EventOf<"lost">): void {
  for (const id of event.ids) loseValue(s, id);
}

function loseValue(s: SchedulerState, id: number): void {
  const { state, wants, waiters } = s.tasks;
  if (state[id] !== STATE.memory) return;
  state[id] = STATE.released;
  s.transitions++;
  notifyReset(s, id);
  s.eachDependent(id, (dependent) => {
    const before = state[dependent];
    if (before === STATE.queued || before === STATE.leased) backToWaiting(s, dependent, before);
    if (before === STATE.waiting || before === STATE.queued || before === STATE.leased) {
      s.tasks.missing[dependent] = s.tasks.missing[dependent]! + 1;
    }
  });
  if (!s.hasRecipe(id)) return loseForGood(s, id);
  if (wants[id]! > 0 || waiters[id]! > 0) need(s, id);
}
function backToWaiting(s: SchedulerState, id: number, before: number): void {
  const record = s.graphOf(id);
  const local = id - record.base;
  if (before === STATE.queued) {
    record.lanes[record.facts.template[local]!]!.ranks.delete(record.facts.rank[local]!);
  } else {
    s.out.revoke(s.tasks.holder[id]!, id, s.tasks.epoch[id]!);
    endLease(s, id);
  }
  s.tasks.state[id] = STATE.waiting;
  s.tasks.missing[id] = 0;
}

export function workerLost(s: SchedulerState, event: EventOf<"worker-lost">): void {
  if (!s.workers.delete(event.worker)) return;
  const { state, holder, epoch } = s.tasks;
  const values: number[] = [];
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (holder[id] !== event.worker) continue;
    if (state[id] === STATE.leased) {
      state[id] = STATE.waiting;
      epoch[id] = (epoch[id]! + 1) & 0x7fffffff;
      queue(s, id);
    } else if (state[id] === STATE.memory) values.push(id);
  }
  for (const id of values) loseValue(s, id);
  s.ready.checkAgain();
  for (const base of [...s.closing.keys()]) letGoOfGraph(s, base, event.worker);
}

function isCurrent(s: SchedulerState, id: number, epoch: number): boolean {
  return s.tasks.state[id] === STATE.leased && s.tasks.epoch[id] === epoch;
}

/** The report came a second time: its value is the one in use. */
function isHeld(s: SchedulerState, id: number, epoch: number): boolean {
  return s.tasks.state[id] === STATE.memory && s.tasks.epoch[id] === epoch;
}

function attemptsOf(s: SchedulerState, id: number): Attempts {
  let attempts = s.attempts.get(id);
  if (attempts === undefined) {
    attempts = { user: 0, worker: 0, memory: 0 };
    s.attempts.set(id, attempts);
  }
  return attempts;
}
