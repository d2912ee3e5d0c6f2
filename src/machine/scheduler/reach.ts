/**
 * @file Which workers can get at the inputs of a task, as far as is known: those that have them, or
 * have a way to one that has (`cuts.ts`). A task whose inputs could not be had for long does not
 * try ways again that have failed meanwhile (`stranded.ts`).
 */
import { LASTING_MS } from "./cuts.ts";
import { eachHolder, isAt } from "./replicas.ts";
import type { SchedulerState } from "./state.ts";

/** A task that nobody could get at the inputs of. */
export interface Stranded {
  /** When that was seen first, and last. */
  readonly firstMs: number;
  lastMs: number;
  /** Ways that have failed since then are not tried again once it has taken long. */
  sinceMs: number;
}

/** Where a value must not be made, for whoever could not read it there. */
export interface Avoided {
  readonly reader: number;
  readonly workers: ReadonlySet<number>;
}

/** After so long without failures what is known of a task's inputs is forgotten. */
const FORGET_MS = 120_000;

/** Whether the worker can get at all inputs of the task, and others at what it makes of them. */
export function reaches(s: SchedulerState, worker: number, id: number): boolean {
  if (isAvoided(s, worker, id)) return false;
  if (s.cuts.isEmpty) return true;
  const stranded = s.stranded.get(id);
  let reached = true;
  s.eachDependency(id, (dep) => {
    if (!reached || s.tasks.isWord(dep) || isAt(s, dep, worker)) return;
    reached = false;
    eachHolder(s, dep, (holder) => {
      if (s.cuts.has(worker, holder, s.nowMs)) return;
      const sinceMs = stranded?.sinceMs ?? Number.POSITIVE_INFINITY;
      if (!isWornOut(s, sinceMs, worker, holder)) reached = true;
    });
  });
  return reached;
}

/** Whether the worker must not make the value. */
export function isAvoided(s: SchedulerState, worker: number, id: number): boolean {
  return s.avoided.size > 0 && s.avoided.get(id)?.workers.has(worker) === true;
}

/** Whether something has not come since long ago, and the way has failed meanwhile. */
export function isWornOut(
  s: SchedulerState,
  sinceMs: number,
  worker: number,
  holder: number,
): boolean {
  if (s.nowMs - sinceMs < LASTING_MS) return false;
  return s.cuts.hasFailedSince(worker, holder, sinceMs);
}

/**
 * The holders from which the worker should fetch a value that it does not have: all but those it
 * could not reach lately. Workers begin with different ones.
 */
export function sourcesFor(s: SchedulerState, worker: number, id: number): number[] {
  const sources: number[] = [];
  eachHolder(s, id, (holder) => {
    if (holder !== worker && !s.cuts.has(worker, holder, s.nowMs)) sources.push(holder);
  });
  const from = sources.length === 0 ? 0 : worker % sources.length;
  return from === 0 ? sources : [...sources.slice(from), ...sources.slice(0, from)];
}

/** The worker has fetched the value: from the only one that it was told of, if it was one. */
export function cameOver(s: SchedulerState, worker: number, id: number): void {
  if (s.cuts.isEmpty) return;
  const sources = sourcesFor(s, worker, id);
  if (sources.length === 1) s.cuts.delete(worker, sources[0]!);
}

/** A worker, or all that may run the task, could not get at its inputs. */
export function noteStranded(s: SchedulerState, id: number): void {
  const { nowMs } = s;
  const before = s.stranded.get(id);
  if (before === undefined || nowMs - before.lastMs > FORGET_MS) {
    s.stranded.set(id, { firstMs: nowMs, lastMs: nowMs, sinceMs: nowMs });
  } else before.lastMs = nowMs;
}

/** The task has its value, or is not known any more. */
export function forgetStranded(s: SchedulerState, id: number): void {
  s.stranded.delete(id);
  s.avoided.delete(id);
}

/** For a worker that is gone nothing need be made in certain places. */
export function readerLost(s: SchedulerState, worker: number): void {
  for (const [id, { reader }] of s.avoided) if (reader === worker) s.avoided.delete(id);
}
