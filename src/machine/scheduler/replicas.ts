/**
 * @file Where values are. The first holder of a value is in the column `holder`; further ones,
 * which few values have, in a map beside it. Words (`TaskTable.tags`) travel with every message:
 * they are everywhere and cannot be lost.
 */
import type { SchedulerState } from "./state.ts";
import { NOBODY } from "./task-table.ts";

/** Calls `visit` with each worker that has the value of `id`, a task in memory. */
export function eachHolder(s: SchedulerState, id: number, visit: (worker: number) => void): void {
  const first = s.tasks.holder[id]!;
  if (first !== NOBODY) visit(first);
  const others = s.replicas.size === 0 ? undefined : s.replicas.get(id);
  if (others !== undefined) for (const worker of others) visit(worker);
}

/** The workers that have the value of `id`, the one that counts first; none for words. */
export function holdersOf(s: SchedulerState, id: number): number[] {
  const holders: number[] = [];
  eachHolder(s, id, (worker) => holders.push(worker));
  return holders;
}

export function isAt(s: SchedulerState, id: number, worker: number): boolean {
  if (s.tasks.holder[id] === worker) return true;
  return s.replicas.size > 0 && (s.replicas.get(id)?.includes(worker) ?? false);
}

/** A further worker has the value. */
export function addHolder(s: SchedulerState, id: number, worker: number): void {
  if (isAt(s, id, worker)) return;
  s.addHeldBytes(worker, s.tasks.bytes[id]!);
  if (s.wishes.has(id)) s.unsettled.add(id);
  if (s.tasks.holder[id] === NOBODY) {
    s.tasks.holder[id] = worker;
    return;
  }
  const others = s.replicas.get(id);
  if (others === undefined) s.replicas.set(id, [worker]);
  else others.push(worker);
}

/**
 * A worker does not have the value any more; false when it had none. Where it was the first, the
 * next one is told that its copy counts from now on.
 */
export function removeHolder(s: SchedulerState, id: number, worker: number): boolean {
  if (!isAt(s, id, worker)) return false;
  s.addHeldBytes(worker, -s.tasks.bytes[id]!);
  if (s.wishes.has(id)) s.unsettled.add(id);
  const others = s.replicas.get(id);
  if (s.tasks.holder[id] !== worker) {
    others!.splice(others!.indexOf(worker), 1);
  } else {
    const next = others?.shift() ?? NOBODY;
    s.tasks.holder[id] = next;
    if (next !== NOBODY) s.out.hold(next, id, s.tasks.epoch[id]!);
  }
  if (others?.length === 0) s.replicas.delete(id);
  return true;
}

/** Tells all holders that the value is not needed any more. */
export function freeEverywhere(s: SchedulerState, id: number): void {
  const bytes = s.tasks.bytes[id]!;
  const first = s.tasks.holder[id]!;
  if (first !== NOBODY) freeAt(s, id, first, bytes);
  s.tasks.holder[id] = NOBODY;
  const others = s.replicas.size === 0 ? undefined : s.replicas.get(id);
  if (others === undefined) return;
  for (const worker of others) freeAt(s, id, worker, bytes);
  s.replicas.delete(id);
}

function freeAt(s: SchedulerState, id: number, worker: number, bytes: number): void {
  s.out.free(worker, id);
  s.addHeldBytes(worker, -bytes);
}
