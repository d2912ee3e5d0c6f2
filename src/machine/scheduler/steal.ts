/**
 * @file A worker that would idle takes tasks that wait for another one, when bringing their inputs
 * costs less than they would wait there.
 */

import { creditFor, expectedMs, freeSlots, isReserved, slots } from "./credit.ts";
import { install } from "./inputs.ts";
import { lease } from "./lease.ts";
import { hasRoom, inputBytes, mayServe } from "./placement.ts";
import { reaches } from "./reach.ts";
import type { HomeLane } from "./ready.ts";
import { isAt } from "./replicas.ts";
import type { SchedulerState, WorkerRecord } from "./state.ts";

/** So many others are looked at. */
const VICTIMS_MAX = 8;
/** Expected time of a task of which nothing is known. */
const UNKNOWN_MS = 100;

/** Takes one task of another worker's home; false when there is none worth it. */
export function takeFromOthers(s: SchedulerState, worker: WorkerRecord): boolean {
  if (freeSlots(worker) === 0) return false;
  let looked = 0;
  for (const number of s.ready.homes()) {
    if (number === worker.worker) continue;
    if (++looked > VICTIMS_MAX) return false;
    const victim = s.workers.get(number);
    if (victim === undefined) continue;
    for (const home of s.ready.lanesAt(number)) {
      if (takeOne(s, worker, victim, home)) return true;
    }
  }
  return false;
}

function takeOne(
  s: SchedulerState,
  worker: WorkerRecord,
  victim: WorkerRecord,
  home: HomeLane,
): boolean {
  const { lane } = home;
  // What the other one would come to last.
  const rank = home.ranks.last();
  if (!mayServe(s, worker, lane) || creditFor(s, worker, lane, rank) <= 0) return false;
  const record = s.graphs[lane.graph]!;
  const id = record.base + record.localOfRank[rank]!;
  if (!reaches(s, worker.worker, id)) return false;
  if (!hasRoom(worker, inputBytes(s, id))) return false;
  const bringMs = transferMs(s, worker, id);
  if (bringMs >= waitMs(s, victim, id)) {
    // The longer the victim ends nothing, the longer it will seem to go on like that.
    if (isStuck(s, victim)) s.stealMs = Math.min(s.stealMs, victim.progressMs + bringMs + 1);
    return false;
  }
  s.ready.deleteAt(victim.worker, lane, rank);
  install(s, worker.worker, record);
  lease(s, worker, lane, id);
  return true;
}

/** Time to bring what the worker lacks of the task's inputs. */
export function transferMs(s: SchedulerState, worker: WorkerRecord, id: number): number {
  let bytes = 0;
  s.eachDependency(id, (dep) => {
    if (!s.tasks.isWord(dep) && !isAt(s, dep, worker.worker)) bytes += s.tasks.bytes[dep]!;
  });
  return bytes === 0 ? 0 : worker.roundTripMs + bytes / worker.bytesPerMs;
}

/** Time until the victim would come to the last of the tasks that wait for it. */
function waitMs(s: SchedulerState, victim: WorkerRecord, id: number): number {
  const p95Ms = s.groups.at(s.tasks.group[id]!).p95Ms;
  const eachMs = p95Ms < 0 ? UNKNOWN_MS : p95Ms;
  const queuedMs = (s.ready.waitingAt(victim.worker) - 1) * eachMs;
  if (isReserved(s, victim)) return Math.max(UNKNOWN_MS, queuedMs);
  // A victim with a free slot takes it at once.
  if (freeSlots(victim) > 0 && queuedMs <= 0) return 0;
  const expected = (queuedMs + expectedMs(s, victim)) / slots(victim);
  return isStuck(s, victim) ? Math.max(expected, s.nowMs - victim.progressMs) : expected;
}

/** It begins nothing before it has ended something. */
function isStuck(s: SchedulerState, worker: WorkerRecord): boolean {
  return freeSlots(worker) === 0 && !isReserved(s, worker);
}
