/**
 * @file Who killed a worker. A task that was the only one there that could, or the only one seen
 * running, is blamed. All others that the worker had not finished are suspects: they are not
 * blamed, but each runs alone on a worker, until one is there at the next death or all have ended
 * well. A convict is blamed for the deaths that made it a suspect too, so that a task that kills
 * its process at once does so at most `allowedFailures + 1` times.
 *
 * Tasks that wait for tasks of their own do nothing meanwhile. One that is run again submits its
 * tasks again, and the scheduler does not know them for those of before: so deaths are passed on
 * from children to the parent when it has to run again, and from the parent to a child that is
 * convicted; and a convict takes the parents down with it that were there when it had killed often
 * enough. Each death counts once, for the child or for the parent.
 */

import { resourceRoom } from "./credit.ts";
import type { LossCause, LossFacts } from "./events.ts";
import { install } from "./inputs.ts";
import { lease } from "./lease.ts";
import { isOpen, mayServe, strand } from "./placement.ts";
import { reaches } from "./reach.ts";
import type { ReadyLane } from "./ready.ts";
import {
  attemptsOf,
  type GraphRecord,
  globalId,
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
  // It may have been one that was revoked a moment ago, when it was on its way to do so.
  const revoked = death.running.filter((id) => {
    return !ids.includes(id) && s.tasks.state[id] === STATE.waiting;
  });
  const able = [...ids.filter((id) => !isIdle(s, worker, id)), ...revoked];
  const candidates = able.length === 0 ? ids : able;
  const culprit = likeliest(worker, candidates, death);
  if (culprit === undefined) return runAgain(s, charge(s, ids, candidates, death));
  const parents = parentsOf(s, culprit);
  const kind = kindOf(death);
  s.facts?.add({ kind: "convicted", id: culprit, blame: kind });
  const deaths = convict(s, culprit, kind);
  const failing = deaths > s.options.allowedFailures ? [[culprit, deaths] as const] : [];
  // The culprit first: who needs it hears of it, and not of one that may have been innocent.
  const left = condemn(s, ids, new Map(failing), death);
  // What is said of the culprit is said of its parents too.
  const suspects = candidates.filter((id) => {
    return id !== culprit && !parents.includes(id) && s.tasks.state[id] === STATE.waiting;
  });
  return runAgain(s, charge(s, left, suspects, death));
}

/**
 * It cannot be said that it was none of these; returns those of `ids` that go on. Suspects run
 * alone, so that this cannot happen often to one that is innocent, but for those that wait for
 * tasks of their own: they fail when it has happened as often as they may be to blame.
 */
function charge(
  s: SchedulerState,
  ids: readonly number[],
  suspects: readonly number[],
  death: Death,
): number[] {
  // Children first: what is said of a parent now is not one more death of the child.
  const depths = new Map(suspects.map((id) => [id, parentsOf(s, id).length]));
  const failing = new Map<number, number>();
  for (const id of suspects.toSorted((a, b) => depths.get(b)! - depths.get(a)!)) {
    s.facts?.add({ kind: "suspected", id });
    const deaths = suspect(s, id);
    if (deaths > s.options.allowedFailures) failing.set(id, deaths);
  }
  return condemn(s, ids, failing, death);
}

/** These have killed too often: they fail with the parents that were there; returns the others. */
function condemn(
  s: SchedulerState,
  ids: readonly number[],
  killers: ReadonlyMap<number, number>,
  death: Death,
): number[] {
  // The parents first: those that wait elsewhere hear of the culprit's end.
  const killerOf = new Map<number, number>();
  for (const killer of killers.keys()) {
    for (const parent of parentsOf(s, killer))
      if (ids.includes(parent)) killerOf.set(parent, killer);
  }
  for (const killer of killers.keys()) killerOf.set(killer, killer);
  for (const [id, killer] of killerOf) failKilled(s, id, killers.get(killer)!, death, killer);
  return ids.filter((id) => !killerOf.has(id));
}

/**
 * It does nothing, since it waits for tasks of its own of which some have not ended. That it waits
 * is not enough: it may have gone on and not come to say so.
 */
function isIdle(s: SchedulerState, worker: WorkerRecord, id: number): boolean {
  return worker.waiting.has(id) && s.graphs.some((graph) => isUnfinished(s, graph, id));
}

function isUnfinished(s: SchedulerState, graph: GraphRecord | undefined, parent: number): boolean {
  if (graph?.parent?.id !== parent || graph.parent.serial !== s.graphOf(parent).serial)
    return false;
  for (let local = 0; local < graph.facts.count; local++) {
    const state = s.tasks.state[globalId(graph, local)];
    if (state === STATE.waiting || state === STATE.queued || state === STATE.leased) return true;
  }
  return false;
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

/** Whether the run that submitted it is over, or the one that submitted that. */
export function isOrphan(s: SchedulerState, id: number): boolean {
  for (let at = s.graphOf(id).parent; at !== undefined; ) {
    const graph = s.graphs[s.tasks.graph[at.id]!];
    const isRunning = s.tasks.state[at.id] === STATE.leased && s.tasks.epoch[at.id] === at.epoch;
    if (graph?.serial !== at.serial || !isRunning) return true;
    at = graph.parent;
  }
  return false;
}

/** Deaths that are counted of earlier runs, in which the task had another id. */
function inherited(s: SchedulerState, parents: readonly number[]): number {
  return Math.max(0, ...parents.map((parent) => deathsOf(s, parent)));
}

/** Deaths that the task has caused, or may have. */
function deathsOf(s: SchedulerState, id: number): number {
  const { worker = 0, memory = 0 } = s.attempts.get(id) ?? {};
  return worker + memory + (s.suspects.get(id) ?? 0);
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
  attempts.worker += Math.max(0, deaths - deathsOf(s, id));
  attempts.ofChildren = 0;
}

/**
 * It was this one, which runs alone from now on; returns how many deaths it has to answer for,
 * whatever workers died of.
 */
export function convict(s: SchedulerState, id: number, kind: "worker" | "memory"): number {
  const attempts = attemptsOf(s, id);
  const parents = parentsOf(s, id);
  const deaths = Math.max(deathsOf(s, id), inherited(s, parents)) + 1;
  attempts[kind] += deaths - attempts.worker - attempts.memory;
  s.suspects.set(id, 0);
  tellParents(s, parents, deaths);
  return deaths;
}

function tellParents(s: SchedulerState, parents: readonly number[], deaths: number): void {
  for (const parent of parents) {
    const attempts = attemptsOf(s, parent);
    attempts.ofChildren = Math.max(attempts.ofChildren, deaths);
  }
}

/** It may have been this one; returns of how many deaths that has been said, or is certain. */
export function suspect(s: SchedulerState, id: number): number {
  const parents = parentsOf(s, id);
  const before = deathsOf(s, id);
  const deaths = Math.max(before, inherited(s, parents)) + 1;
  s.suspects.set(id, (s.suspects.get(id) ?? 0) + deaths - before);
  tellParents(s, parents, deaths);
  return deaths;
}

/** The only one that did not wait, or else the only one of those that had been running a while. */
function likeliest(
  { waiting }: WorkerRecord,
  candidates: readonly number[],
  { running }: Death,
): number | undefined {
  const awake = candidates.filter((id) => !waiting.has(id));
  const likely = awake.length === 0 ? candidates : awake;
  if (likely.length === 1) return likely[0];
  const seen = likely.filter((id) => running.includes(id));
  return seen.length === 1 ? seen[0] : undefined;
}

/** It fails for what `killer` has done: itself, or a task that it has submitted. */
function failKilled(
  s: SchedulerState,
  id: number,
  deaths: number,
  death: Death,
  killer: number = id,
): void {
  const { user, worker, memory } = attemptsOf(s, id);
  const error = killedError(s.keyOf(killer), deaths, death);
  const attempts = user + worker + memory;
  failAlone(s, id, { error, culprit: s.keyOf(id), culpritId: id, attempts });
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
    if (worker === undefined) {
      if (isStranded(s, lane, id)) {
        s.trials.delete(id);
        strand(s, id);
      }
      continue;
    }
    s.trials.delete(id);
    if (s.drained === worker.worker) s.drained = NOBODY;
    worker.trial = id;
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
    if (worker.leased + worker.tableLeased > worker.waiting.size) continue;
    if (resourceRoom(worker, lane) < 1 || !mayTry(s, worker, lane, id)) continue;
    return worker;
  }
  return undefined;
}

/** Whether there are workers for the task, and none of them gets at its inputs. */
function isStranded(s: SchedulerState, lane: ReadyLane, id: number): boolean {
  if (s.cuts.isEmpty && s.avoided.size === 0) return false;
  const able = [...s.open].filter((worker) => mayServe(s, worker, lane));
  return able.length > 0 && !able.some(({ worker }) => reaches(s, worker, id));
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
