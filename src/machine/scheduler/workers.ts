/**
 * @file What workers report: results, failures, leases given back, their own coming and going. A
 * report counts only under the epoch of the current lease; anything else is about the past, and
 * what it made is freed.
 */
import { inherit } from "./blame.ts";
import { copyFailed, copyMade, tryCopiesAgain } from "./copies.ts";
import type { SchedulerEvent } from "./events.ts";
import { takeInventory } from "./inventory.ts";
import { LeaseLog } from "./lease-log.ts";
import { goneFrom, loseCopy } from "./loss.ts";
import { queue, reopen } from "./placement.ts";
import { cameOver, noteStranded, reaches } from "./reach.ts";
import { addHolder, isAt } from "./replicas.ts";
import { expectOtherwise, mayHaveRoom } from "./rooms.ts";
import { placeAgain } from "./scatter.ts";
import { attemptsOf, plainError, type SchedulerState, type WorkerRecord } from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";
import { endLease, fail, letGoOfGraph, remember } from "./transitions.ts";

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** Values come to a worker at 500 MB/s until it has measured. */
const BYTES_PER_MS = 500_000;

export function workerJoined(s: SchedulerState, event: EventOf<"worker-joined">): void {
  const { worker, address, threads, memoryLimitBytes } = event;
  const record: WorkerRecord = {
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
    waiting: new Set(),
    tableLeased: 0,
    leasedOfGroup: new Map(),
    log: new LeaseLog(),
    roundTripMs: event.roundTripMs ?? s.options.roundTripMs,
    bytesPerMs: BYTES_PER_MS,
    isPaused: false,
    isRetiring: false,
    isLeaving: false,
    stale: new Set(),
    trial: NOBODY,
    progressMs: s.nowMs,
    isBehind: false,
    recalled: 0,
  };
  if (s.workers.size > 0 && !s.isSpread) becomeSpread(s);
  s.workers.set(worker, record);
  if (event.inventory !== undefined) takeInventory(s, record, event.inventory);
  reopen(s, record);
  tryCopiesAgain(s);
}

/** From now on there is more than one worker: what the first was given is written down. */
function becomeSpread(s: SchedulerState): void {
  s.isSpread = true;
  const { state, holder, epoch } = s.tasks;
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (state[id] !== STATE.leased) continue;
    const worker = s.workers.get(holder[id]!);
    worker?.log.add(id, epoch[id]!, worker.leased, s.isCurrent);
  }
}

/** The worker has let go of a graph, of now or of an earlier life. */
export function uninstalled(s: SchedulerState, event: EventOf<"uninstalled">): void {
  const worker = s.workers.get(event.worker)!;
  if (worker.stale.delete(event.base)) reopen(s, worker);
  else letGoOfGraph(s, event.base, event.worker);
}

export function suspended(s: SchedulerState, event: EventOf<"suspended">): void {
  const worker = s.workers.get(event.worker)!;
  const { waiting } = worker;
  mayHaveRoom(s, worker);
  event.ids.forEach((id, i) => {
    if (!isLeaseOf(s, event.worker, id, event.epochs[i]!)) return;
    if (event.waits[i] === 1) waiting.add(id);
    else waiting.delete(id);
  });
}

export function paused(s: SchedulerState, event: EventOf<"worker-paused">): void {
  const worker = s.workers.get(event.worker)!;
  worker.isPaused = event.isPaused;
  reopen(s, worker);
}

export function measured(s: SchedulerState, event: EventOf<"measured">): void {
  const worker = s.workers.get(event.worker)!;
  worker.roundTripMs = event.roundTripMs ?? worker.roundTripMs;
  worker.bytesPerMs = event.bytesPerMs ?? worker.bytesPerMs;
  mayHaveRoom(s, worker);
}

export function finished(s: SchedulerState, event: EventOf<"finished">): void {
  const { ids, epochs, bytes, worker, count, tags, words } = event;
  const record = s.workers.get(worker)!;
  hasProgressed(s, record);
  if (tags !== undefined) s.isSpread = true;
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if (!isLeaseOf(s, worker, id, epochs[i]!)) {
      // Under its epoch, so that a lease given in the meantime is left alone.
      if (!isHeld(s, id, epochs[i]!)) s.out.revoke(worker, id, epochs[i]!);
      continue;
    }
    endLease(s, id);
    if (s.suspects.size > 0) s.suspects.delete(id);
    s.groups.at(s.tasks.group[id]!).addBytes(bytes[i]!);
    if (tags === undefined) remember(s, id, worker, bytes[i]!);
    else remember(s, id, worker, bytes[i]!, tags[i]!, words![i]!);
  }
}

/** The worker has ended something. */
function hasProgressed(s: SchedulerState, worker: WorkerRecord): void {
  worker.progressMs = s.nowMs;
  worker.isBehind = false;
  worker.recalled = 0;
  mayHaveRoom(s, worker);
}

export function durations(s: SchedulerState, event: EventOf<"durations">): void {
  for (let i = 0; i < event.ids.length; i++) {
    const group = s.tasks.group[event.ids[i]!];
    if (group === undefined) continue;
    const { p95Ms } = s.groups.at(group);
    s.groups.at(group).addDuration(event.meanMs[i]!, event.counts[i]!);
    if (s.groups.at(group).p95Ms !== p95Ms) expectOtherwise(s, group);
  }
}

export function erred(s: SchedulerState, event: EventOf<"erred">): void {
  const { id, error, blame } = event;
  if (!isLeaseOf(s, event.worker, id, event.epoch)) return;
  hasProgressed(s, s.workers.get(event.worker)!);
  endLease(s, id);
  s.tasks.state[id] = STATE.waiting;
  s.facts?.add({ kind: "erred", id, error, blame });
  attemptFailed(s, id, error, blame);
}

/** A waiting task has failed once more: it is tried again, or fails for good. */
export function attemptFailed(
  s: SchedulerState,
  id: number,
  cause: unknown,
  blame: EventOf<"erred">["blame"],
): void {
  s.suspects.delete(id);
  const attempts = attemptsOf(s, id);
  attempts[blame]++;
  const total = attempts.user + attempts.worker + attempts.memory;
  if (attempts[blame] <= allowed(s, id, blame)) {
    inherit(s, id);
    return queue(s, id);
  }
  const error =
    blame === "worker"
      ? plainError("KilledWorker", killedMessage(s.keyOf(id), attempts.worker, cause))
      : cause;
  fail(s, id, { error, culprit: s.keyOf(id), culpritId: id, attempts: total });
}

function killedMessage(key: string, times: number, error: unknown): string {
  const reason = typeof error === "object" && error !== null ? plainText(error) : String(error);
  return `task ${key} was running each of the ${times} times its thread died: ${reason}`;
}

function plainText(error: object): string {
  return "message" in error ? String(error.message) : "no reason was reported";
}

function allowed(s: SchedulerState, id: number, blame: EventOf<"erred">["blame"]): number {
  // What a client was to bring.
  if (!s.hasRecipe(id)) return 0;
  if (blame === "worker") return s.options.allowedFailures;
  // It cannot fit, however often it is tried; deaths by memory are counted elsewhere (`blame.ts`).
  if (blame === "memory") return 0;
  const record = s.graphOf(id);
  return record.facts.templates[record.facts.template[id - record.base]!]?.options?.retries ?? 0;
}

export function returned(s: SchedulerState, event: EventOf<"returned">): void {
  const worker = s.workers.get(event.worker)!;
  worker.recalled = Math.max(0, worker.recalled - event.ids.length);
  for (let i = 0; i < event.ids.length; i++) {
    const id = event.ids[i]!;
    if (!isLeaseOf(s, event.worker, id, event.epochs[i]!)) continue;
    endLease(s, id);
    s.tasks.state[id] = STATE.waiting;
    if (!s.hasRecipe(id)) {
      placeAgain(s, id, "its worker has given it back", event.worker);
      continue;
    }
    if (!reaches(s, event.worker, id)) noteStranded(s, id);
    queue(s, id);
  }
}

/** Copies of values that the worker has fetched. */
export function replicated(s: SchedulerState, event: EventOf<"replicated">): void {
  const { state, epoch } = s.tasks;
  event.ids.forEach((id, i) => {
    // What is not needed any more, was made again by another run, or is worth nothing by itself is
    // not kept: whoever uses it there goes on.
    const isSame = state[id] === STATE.memory && epoch[id] === event.epochs[i];
    if (isSame && (s.boundOf(id) !== "worker" || isAt(s, id, event.worker))) {
      cameOver(s, event.worker, id);
      addHolder(s, id, event.worker);
      copyMade(s, id, event.worker);
    } else if (state[id] !== STATE.leased || s.tasks.holder[id] !== event.worker) {
      s.out.free(event.worker, id);
      copyFailed(s, id, event.worker);
    }
  });
}

/** Inputs that the worker could not fetch: it does not try again for a while. */
export function unreachable(s: SchedulerState, event: EventOf<"unreachable">): void {
  event.ids.forEach((id, i) => {
    const holder = event.holders[i]!;
    if (event.isGone[i] === 0) {
      if (s.workers.has(holder)) s.cuts.add(event.worker, holder, s.nowMs);
      return;
    }
    if (s.tasks.state[id] !== STATE.memory || !isAt(s, id, holder)) return;
    // In case it has come to have it meanwhile.
    s.out.free(holder, id);
    loseCopy(s, holder, id, goneFrom(s, holder));
  });
}

/** Whether it is this worker that has the task, under this lease. */
function isLeaseOf(s: SchedulerState, worker: number, id: number, epoch: number): boolean {
  return s.isCurrent(id, epoch) && s.tasks.holder[id] === worker;
}

/** The report came a second time: its value is the one in use. */
function isHeld(s: SchedulerState, id: number, epoch: number): boolean {
  return s.tasks.state[id] === STATE.memory && s.tasks.epoch[id] === epoch;
}
