/**
 * @file Where a runnable task waits: for any worker, or for the one that has most of its inputs, if
 * bringing them elsewhere takes longer than a moment. Suspects (`blame.ts`) wait to run alone,
 * tasks whose inputs no worker can reach (`reach.ts`) wait for a while.
 */
import { OVERDRAW_FACTOR } from "../worker/memory.ts";
import { noteStranded, reaches } from "./reach.ts";
import type { ReadyLane } from "./ready.ts";
import { eachHolder } from "./replicas.ts";
import { expectTables, mayHaveRoom } from "./rooms.ts";
import type { GraphRecord, SchedulerState, WorkerRecord } from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";

/** Places of queued tasks (`holder`) that are no worker; `NOBODY` waits for any. */
const TRIAL = -2;
const PARKED = -3;
const OVERSIZED = -4;
/** The longest that a task waits whose inputs nobody can reach. */
const AGAIN_MS = 10_000;

/** The task may run: it waits in the ready queue. */
export function queue(s: SchedulerState, id: number): void {
  s.tasks.state[id] = STATE.queued;
  s.transitions++;
  const record = s.graphOf(id);
  const local = id - record.base;
  const lane = record.lanes[record.facts.template[local]!]!;
  const rank = record.facts.rank[local]!;
  if (lane.table) expectTables(s);
  if (s.isSpread && waitsElsewhere(s, id, record, lane, rank)) return;
  s.tasks.holder[id] = NOBODY;
  s.ready.add(lane, rank);
}

/** Takes a task out of the ready queue. */
export function unqueue(s: SchedulerState, id: number): void {
  const record = s.graphOf(id);
  const local = id - record.base;
  const lane = record.lanes[record.facts.template[local]!]!;
  const rank = record.facts.rank[local]!;
  const place = s.tasks.holder[id]!;
  if (place === NOBODY) lane.ranks.delete(rank);
  else if (place === TRIAL) s.trials.delete(id);
  else if (place === PARKED) s.parked.delete(id);
  else if (place === OVERSIZED) s.oversized.delete(id);
  else s.ready.deleteAt(place, lane, rank);
}

function waitsElsewhere(
  s: SchedulerState,
  id: number,
  record: GraphRecord,
  lane: ReadyLane,
  rank: number,
): boolean {
  if (s.suspects.size > 0 && s.suspects.has(id)) {
    s.tasks.holder[id] = TRIAL;
    s.trials.add(id);
    return true;
  }
  const home = homeOf(s, id, lane);
  if (home === NOBODY) return false;
  s.tasks.holder[id] = home;
  if (home === OVERSIZED) {
    s.oversized.add(id);
    return true;
  }
  s.ready.addAt(home, lane, rank, record.facts.count);
  return true;
}

/** The worker that has most of what the task needs, if that is much; else NOBODY. */
function homeOf(s: SchedulerState, id: number, lane: ReadyLane): number {
  const total = inputBytes(s, id);
  if (total < s.options.homeBytes) return NOBODY;
  const present = new Map<number, number>();
  s.eachDependency(id, (dep) => {
    if (s.tasks.isWord(dep)) return;
    const bytes = s.tasks.bytes[dep]!;
    eachHolder(s, dep, (worker) => present.set(worker, (present.get(worker) ?? 0) + bytes));
  });
  // Where its inputs fit only on some, it must not go to the others.
  let best = roomyWorker(s, total, lane);
  let bestBytes = s.options.homeBytes - 1;
  for (const [number, bytes] of present) {
    if (bytes <= bestBytes) continue;
    const worker = s.workers.get(number);
    if (worker === undefined || !isOpen(worker) || !mayServe(s, worker, lane)) continue;
    if (!hasRoom(worker, total) || !reaches(s, number, id)) continue;
    best = number;
    bestBytes = bytes;
  }
  return best;
}

/**
 * NOBODY when the inputs fit on all workers; else one on which they do, or OVERSIZED when there is
 * none.
 */
function roomyWorker(s: SchedulerState, total: number, lane: ReadyLane): number {
  let roomiest: WorkerRecord | undefined;
  let fitsAll = true;
  for (const worker of s.workers.values()) {
    if (!hasRoom(worker, total)) fitsAll = false;
    else if (isOpen(worker) && mayServe(s, worker, lane)) {
      if (roomiest === undefined || worker.memoryLimitBytes > roomiest.memoryLimitBytes) {
        roomiest = worker;
      }
    }
  }
  if (fitsAll) return NOBODY;
  if (roomiest !== undefined) return roomiest.worker;
  for (const worker of s.workers.values()) if (hasRoom(worker, total)) return NOBODY;
  return OVERSIZED;
}

/** Whether inputs of so many bytes may be in the worker's memory together. */
export function hasRoom(worker: WorkerRecord, bytes: number): boolean {
  return bytes <= OVERDRAW_FACTOR * worker.memoryLimitBytes;
}

/** Bytes of all inputs together. */
export function inputBytes(s: SchedulerState, id: number): number {
  let total = 0;
  s.eachDependency(id, (dep) => {
    total += s.tasks.bytes[dep]!;
  });
  return total;
}

/** Whether the worker gets leases at all. */
export function isOpen(worker: WorkerRecord): boolean {
  return !worker.isPaused && !worker.isRetiring && worker.stale.size === 0;
}

/** Called when what `isOpen` says may have changed. */
export function reopen(s: SchedulerState, worker: WorkerRecord): void {
  if (isOpen(worker)) {
    s.open.add(worker);
    mayHaveRoom(s, worker);
    return;
  }
  s.open.delete(worker);
  s.roomy.delete(worker);
  moveHome(s, worker.worker);
}

/** What waits for the worker waits elsewhere from now on. */
export function moveHome(s: SchedulerState, worker: number): void {
  for (const { lane, ranks } of s.ready.leave(worker)) {
    const record = s.graphs[lane.graph]!;
    for (const rank of ranks.toRanks()) queue(s, record.base + record.localOfRank[rank]!);
  }
}

/** Whether the worker is one that the lane's tasks may run on. */
export function mayServe(s: SchedulerState, worker: WorkerRecord, lane: ReadyLane): boolean {
  const constraint = lane.constraint;
  if (constraint === undefined) return true;
  for (const [name, amount] of constraint.resources) {
    if ((worker.resources[name] ?? 0) < amount) return false;
  }
  const { workers } = constraint;
  if (workers === undefined) return true;
  if (isNamed(worker, workers)) return true;
  if (!constraint.allowOtherWorkers) return false;
  for (const other of s.workers.values()) if (isNamed(other, workers)) return false;
  return true;
}

/** Whether tasks wait that only this worker may run, and none of those that get leases. */
export function isWaitedFor(s: SchedulerState, worker: WorkerRecord): boolean {
  const isAlone = (lane: ReadyLane): boolean => {
    if (lane.constraint === undefined || !mayServe(s, worker, lane)) return false;
    for (const other of s.open) if (mayServe(s, other, lane)) return false;
    return true;
  };
  for (const lane of s.ready.lanes()) if (lane.ranks.size > 0 && isAlone(lane)) return true;
  for (const ids of [s.parked.keys(), s.trials])
    for (const id of ids) {
      const record = s.graphOf(id);
      if (isAlone(record.lanes[record.facts.template[id - record.base]!]!)) return true;
    }
  return false;
}

export function isNamed(worker: WorkerRecord, names: readonly string[]): boolean {
  return names.includes(worker.address) || names.includes(worker.name);
}

/**
 * The worker could not get at the inputs of a task that it should have taken: another one that can
 * takes it, or all wait for a while.
 */
export function placeElsewhere(s: SchedulerState, id: number): void {
  const record = s.graphOf(id);
  const local = id - record.base;
  const lane = record.lanes[record.facts.template[local]!]!;
  for (const worker of s.open) {
    if (!mayServe(s, worker, lane) || !reaches(s, worker.worker, id)) continue;
    s.tasks.state[id] = STATE.queued;
    s.tasks.holder[id] = worker.worker;
    s.ready.addAt(worker.worker, lane, record.facts.rank[local]!, record.facts.count);
    return;
  }
  strand(s, id);
}

/** No worker gets at the inputs of the task: it waits, and `stranded.ts` looks what can be done. */
export function strand(s: SchedulerState, id: number): void {
  noteStranded(s, id);
  s.unreached.add(id);
  park(s, id, Math.min(s.cuts.nextMs(s.nowMs), s.nowMs + AGAIN_MS));
}

/** Nobody gets the task before this time. */
export function park(s: SchedulerState, id: number, untilMs: number): void {
  s.tasks.state[id] = STATE.queued;
  s.tasks.holder[id] = PARKED;
  s.parked.set(id, untilMs);
}

export function isParked(s: SchedulerState, id: number): boolean {
  return s.tasks.state[id] === STATE.queued && s.tasks.holder[id] === PARKED;
}

/** Tasks that have waited long enough are tried again. */
export function unpark(s: SchedulerState): void {
  for (const [id, untilMs] of s.parked) {
    if (untilMs > s.nowMs) continue;
    s.parked.delete(id);
    queue(s, id);
  }
}
