/**
 * @file Who killed a worker. A task that was the only one seen running is blamed. All others that
 * the worker had not finished are suspects: they are not blamed, but each runs alone on a worker,
 * until one is there at the next death or all have ended well. A convict is blamed for the deaths
 * that made it a suspect too, so that a task that kills its process at once does so at most
 * `allowedFailures + 1` times.
 *
 * A task that is run again submits its tasks again, and the scheduler does not know them for those
 * of before: so deaths are passed on from children to the parent when it has to run again, and
 * from the parent to a child that is convicted; and a convict takes the parents down with it that
 * were there when it had killed often enough.
 */

import { resourceRoom } from "./credit.ts";
import type { LossCause, LossFacts } from "./events.ts";
import { install } from "./inputs.ts";
import { lease } from "./lease.ts";
import { isOpen, mayServe, reaches } from "./placement.ts";
import type { ReadyLane } from "./ready.ts";
import {
  type Attempts,
  attemptsOf,
  plainError,
  type SchedulerState,
  type WorkerRecord,
} from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";
import { failAlone } from "./transitions.ts";

/** A worker's end, as far as it matters for blame. */
export interface Death {
  readonly reason: string;
  readonly cause: LossCause;
  readonly running: readonly number[];
  readonly facts: LossFacts;
}

/**
 * A worker is gone and with it the leases `ids`, which wait again: finds who is to blame, and lets
 * those fail that were to blame too often. Returns the others, which may be queued.
 */
export function blame(
  s: SchedulerState,
  worker: WorkerRecord,
  ids: readonly number[],
  death: Death,
): number[] {
  if (death.cause === "silence" || death.cause === "expected") return runAgain(s, ids);
  const proved = convictOf(worker, ids);
  // A task that had just begun may not have been seen: only a trial leaves no doubt.
  const isSure = proved !== undefined;
  const culprit = proved ?? onlySeen(ids, death);
  const others = ids.filter((id) => id !== culprit);
  const left = isSure ? others : others.filter((id) => staysSuspect(s, id, death));
  if (culprit === undefined) return runAgain(s, left);
  const kind = kindOf(death);
  s.facts?.add({ kind: "convicted", id: culprit, blame: kind });
  const deaths = convict(s, culprit, kind)[kind];
  if (deaths <= s.options.allowedFailures) return runAgain(s, [...left, culprit]);
  // The parents first: those that wait elsewhere hear of the culprit's end.
  for (const parent of parentsOf(s, culprit)) {
    if (left.includes(parent)) failKilled(s, parent, deaths, death);
  }
  failKilled(s, culprit, deaths, death);
  return runAgain(s, left);
}

function kindOf({ cause }: Death): "memory" | "worker" {
  return cause === "memory" ? "memory" : "worker";
}

/** The tasks that wait for this one because they submitted it, or what it is part of. */
function parentsOf(s: SchedulerState, id: number): number[] {
  const parents: number[] = [];
  for (let at = s.graphOf(id).parent; at !== undefined; ) {
    const graph = s.graphs[s.tasks.graph[at.id]!];
    if (graph?.serial !== at.serial || s.tasks.state[at.id] === STATE.forgotten) break;
    parents.push(at.id);
    at = graph.parent;
  }
  return parents;
}

/** Deaths that are counted of earlier runs, in which the task had another id. */
function inherited(s: SchedulerState, parents: readonly number[]): number {
  let most = 0;
  for (const parent of parents) {
    const { worker = 0, memory = 0 } = s.attempts.get(parent) ?? {};
    most = Math.max(most, worker + memory + (s.suspects.get(parent) ?? 0));
  }
  return most;
}

/** These run once more, if nothing else keeps them from it. */
function runAgain(s: SchedulerState, ids: readonly number[]): number[] {
  for (const id of ids) {
    if (!s.attempts.get(id)?.ofChildren) continue;
    s.facts?.add({ kind: "inherited", id });
    inherit(s, id);
  }
  return [...ids];
}

/** What the task has submitted goes with its run, and what that has done is counted of the task. */
export function inherit(s: SchedulerState, id: number): void {
  const attempts = attemptsOf(s, id);
  // One more may be needed to find the culprit again.
  const deaths = Math.min(attempts.ofChildren, s.options.allowedFailures);
  attempts.worker = Math.max(attempts.worker, deaths);
  attempts.ofChildren = 0;
}

/** It was this one, which runs alone from now on; returns what it has to answer for. */
export function convict(s: SchedulerState, id: number, kind: "worker" | "memory"): Attempts {
  const attempts = attemptsOf(s, id);
  const parents = parentsOf(s, id);
  const before = attempts[kind] + (s.suspects.get(id) ?? 0);
  const deaths = Math.max(before, inherited(s, parents)) + 1;
  attempts[kind] = deaths;
  s.suspects.set(id, 0);
  for (const parent of parents) {
    const ofParent = attemptsOf(s, parent);
    ofParent.ofChildren = Math.max(ofParent.ofChildren, deaths);
  }
  return attempts;
}

/** It may have been this one; returns how often that has been said. */
export function suspect(s: SchedulerState, id: number): number {
  const times = (s.suspects.get(id) ?? 0) + 1;
  s.suspects.set(id, times);
  return times;
}

/**
 * It cannot be said that it was not this task. Suspects run alone, so that this cannot happen often
 * to one that is innocent, but for those that wait for tasks of their own: they fail when it has
 * happened as often as they may be to blame.
 */
function staysSuspect(s: SchedulerState, id: number, death: Death): boolean {
  s.facts?.add({ kind: "suspected", id });
  const deaths = suspect(s, id) + attemptsOf(s, id)[kindOf(death)];
  if (deaths <= s.options.allowedFailures) return true;
  failKilled(s, id, deaths, death);
  return false;
}

/** The task that was alone there. */
function convictOf(worker: WorkerRecord, ids: readonly number[]): number | undefined {
  if (ids.length === 1) return ids[0];
  // What waits for other tasks does nothing; but when the suspect does too, others may run.
  const isAlone = ids.length <= 1 + worker.trialBeside;
  return isAlone && ids.includes(worker.trial) ? worker.trial : undefined;
}

function onlySeen(ids: readonly number[], { running }: Death): number | undefined {
  const seen = running.filter((id) => ids.includes(id));
  return seen.length === 1 ? seen[0] : undefined;
}

function failKilled(s: SchedulerState, id: number, deaths: number, death: Death): void {
  const culprit = s.keyOf(id);
  const { user, worker, memory } = attemptsOf(s, id);
  const error = killedError(culprit, deaths, death);
  failAlone(s, id, { error, culprit, culpritId: id, attempts: user + worker + memory });
}

function killedError(key: string, times: number, death: Death): ReturnType<typeof plainError> {
  const { exitCode, signal, memoryBytes, memoryLimitBytes } = death.facts;
  const facts = [
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(signal === undefined ? [] : [`signal ${signal}`]),
    ...(memoryBytes === undefined ? [] : [`memory last read ${memoryBytes} bytes`]),
    ...(memoryLimitBytes === undefined ? [] : [`limit ${memoryLimitBytes}`]),
  ];
  const detail = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  const message =
    `task ${key} was running each of the ${times} times its worker died: ` +
    `${death.reason}${detail}`;
  return plainError("KilledWorker", message, { ...death.facts, task: key, deaths: times });
}

/** Gives suspects to workers that have nothing else; keeps one free for them if there is none. */
export function dispatchTrials(s: SchedulerState): void {
  if (s.trials.size === 0) {
    s.drained = NOBODY;
    return;
  }
  for (const id of s.trials) {
    const lane = laneOf(s, id);
    const worker = freeWorker(s, lane, id);
    if (worker === undefined) continue;
    s.trials.delete(id);
    if (s.drained === worker.worker) s.drained = NOBODY;
    worker.trial = id;
    worker.trialBeside = worker.leased + worker.tableLeased;
    install(s, worker.worker, s.graphOf(id));
    lease(s, worker, lane, id);
  }
  const [next] = s.trials;
  if (next === undefined) s.drained = NOBODY;
  else if (!mayTry(s, s.workers.get(s.drained), laneOf(s, next), next)) drainOne(s, next);
}

function laneOf(s: SchedulerState, id: number): ReadyLane {
  const record = s.graphOf(id);
  return record.lanes[record.facts.template[id - record.base]!]!;
}

function mayTry(
  s: SchedulerState,
  worker: WorkerRecord | undefined,
  lane: ReadyLane,
  id: number,
): boolean {
  if (worker === undefined || !isOpen(worker) || !mayServe(s, worker, lane)) return false;
  return reaches(s, worker.worker, id);
}

function freeWorker(s: SchedulerState, lane: ReadyLane, id: number): WorkerRecord | undefined {
  for (const worker of s.open) {
    // Those that wait for others may wait beside it.
    if (worker.leased + worker.tableLeased > worker.suspended) continue;
    if (resourceRoom(worker, lane) < 1 || !mayTry(s, worker, lane, id)) continue;
    return worker;
  }
  return undefined;
}

/** The worker with the fewest leases gets no more of them. */
function drainOne(s: SchedulerState, id: number): void {
  s.drained = NOBODY;
  let fewest = Number.POSITIVE_INFINITY;
  for (const worker of s.open) {
    if (worker.leased >= fewest || !mayTry(s, worker, laneOf(s, id), id)) continue;
    fewest = worker.leased;
    s.drained = worker.worker;
  }
}
