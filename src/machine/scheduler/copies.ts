/**
 * @file Copies that are made on purpose: so that a value lies on several workers (`replicate`,
 * scatter with `broadcast`), moves to another one (`rebalance`), or outlives a worker that is to go
 * (`retire`). Wishes are kept by value; what to do for one follows from where the value is, and is
 * looked at again whenever that has changed.
 */
import { PATIENCE_MS } from "./cuts.ts";
import type { SchedulerEvent } from "./events.ts";
import { neededValue } from "./inputs.ts";
import { isOpen, isWaitedFor, reopen } from "./placement.ts";
import { isWornOut, sourcesFor } from "./reach.ts";
import { recallAll } from "./recall.ts";
import { holdersOf, isAt, removeHolder } from "./replicas.ts";
import type { CopyWish, SchedulerState, WorkerRecord } from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";

/** How soon a copy that has failed is tried again. */
const AGAIN_MS = 10_000;
/** Transfers may take so much longer than they are expected to. */
const SLOWER_FACTOR = 4;

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

export function replicate(s: SchedulerState, event: EventOf<"replicate">): void {
  for (const id of event.ids) {
    if ((s.tasks.state[id] ?? STATE.forgotten) < STATE.waiting) continue;
    if (s.tasks.state[id] !== STATE.erred) wantCopies(s, id, event.copies);
  }
}

/** The value shall lie on so many workers as long as it is there. */
export function wantCopies(s: SchedulerState, id: number, copies: number): void {
  if (s.boundOf(id) === "worker") return;
  const wish = wishOf(s, id);
  wish.copies = Math.max(1, copies);
  wish.isLasting = true;
}

/** The worker gets nothing more; what only it has is copied to others. */
export function retire(s: SchedulerState, event: EventOf<"retire">): void {
  const worker = s.workers.get(event.worker)!;
  worker.isRetiring = true;
  worker.isLeaving ||= event.isLeaving ?? false;
  reopen(s, worker);
  recallAll(s, worker);
  if (s.retiring.has(worker)) return;
  s.retiring.set(worker, new Set());
  const { state } = s.tasks;
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (state[id] === STATE.memory && isAt(s, id, event.worker)) keepElsewhere(s, id, worker);
  }
}

/** A value of a worker that is to go: one copy shall lie elsewhere. */
function keepElsewhere(s: SchedulerState, id: number, worker: WorkerRecord): void {
  if (s.tasks.isWord(id) || s.boundOf(id) === "worker") return;
  s.retiring.get(worker)!.add(id);
  wishOf(s, id);
}

/** A value has come to be on the worker. */
export function cameTo(s: SchedulerState, id: number, worker: number): void {
  copiesChanged(s, id);
  if (s.retiring.size === 0) return;
  const record = s.workers.get(worker);
  if (record?.isRetiring === true) keepElsewhere(s, id, record);
}

/** A copy is gone: what is left may be on workers that are to go. */
export function copyLost(s: SchedulerState, id: number): void {
  if (s.tasks.state[id] !== STATE.memory) return;
  for (const worker of s.retiring.keys()) {
    if (isAt(s, id, worker.worker)) keepElsewhere(s, id, worker);
  }
}

/** The worker will not make the copy that it was asked for. */
export function copyFailed(s: SchedulerState, id: number, worker: number): void {
  const wish = s.wishes.get(id);
  if (wish?.kept === worker) wish.kept = NOBODY;
  if (wish?.target !== worker) return;
  wish.target = NOBODY;
  wish.failedMs = Math.min(wish.failedMs, s.nowMs);
  s.unsettled.add(id);
}

/** Moves values from workers that hold more than their share to those that hold least. */
export function rebalance(s: SchedulerState): void {
  const open = [...s.workers.values()].filter(isOpen);
  if (open.length < 2) return;
  const fill = new Map(open.map((worker) => [worker.worker, s.heldBytes(worker.worker)]));
  let total = 0;
  let room = 0;
  for (const worker of open) {
    total += fill.get(worker.worker)!;
    room += worker.memoryLimitBytes;
  }
  const fair = new Map(open.map((w) => [w.worker, (total * w.memoryLimitBytes) / room]));
  const { state, holder, bytes } = s.tasks;
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (state[id] !== STATE.memory || s.tasks.isWord(id) || s.wishes.has(id)) continue;
    if (s.boundOf(id) === "worker") continue;
    const from = holder[id]!;
    const size = bytes[id]!;
    if ((fill.get(from) ?? 0) - size < (fair.get(from) ?? 0)) continue;
    const to = emptiest(open, fill, fair, (worker) => isAt(s, id, worker));
    if (to === undefined || fill.get(to)! + size > fair.get(to)!) continue;
    fill.set(from, fill.get(from)! - size);
    fill.set(to, fill.get(to)! + size);
    wishOf(s, id).from = from;
  }
}

/**
 * Drops copies that tasks have fetched and that no task will read any more: one stays. Copies that
 * were asked for stay, and so does what is on its way.
 */
export function reduceReplicas(s: SchedulerState): void {
  const { state, waiters, holder } = s.tasks;
  for (const [id, others] of [...s.replicas]) {
    if (state[id] !== STATE.memory || waiters[id] !== 0 || s.wishes.has(id)) continue;
    for (const worker of [...others]) {
      if (worker === holder[id]) continue;
      removeHolder(s, id, worker);
      s.out.free(worker, id);
    }
  }
}

function emptiest(
  open: readonly WorkerRecord[],
  fill: ReadonlyMap<number, number>,
  fair: ReadonlyMap<number, number>,
  isTaken: (worker: number) => boolean,
): number | undefined {
  let best: number | undefined;
  let bestShare = 1;
  for (const { worker } of open) {
    const share = fill.get(worker)! / Math.max(1, fair.get(worker)!);
    if (isTaken(worker) || share >= bestShare) continue;
    best = worker;
    bestShare = share;
  }
  return best;
}

function wishOf(s: SchedulerState, id: number): CopyWish {
  let wish = s.wishes.get(id);
  if (wish === undefined) {
    wish = {
      copies: 1,
      isLasting: false,
      target: NOBODY,
      askedMs: s.nowMs,
      kept: NOBODY,
      from: NOBODY,
      failedMs: Number.POSITIVE_INFINITY,
    };
    s.wishes.set(id, wish);
  }
  s.unsettled.add(id);
  return wish;
}

/** Where a value is, or a copy of it is being made, has changed. */
export function copiesChanged(s: SchedulerState, id: number): void {
  if (s.wishes.has(id)) s.unsettled.add(id);
}

/** The value is gone, and with it what was wished for it. */
export function forgetWish(s: SchedulerState, id: number): void {
  const wish = s.wishes.get(id);
  if (wish === undefined) return;
  // A copy that is being made is not needed.
  if (wish.target !== NOBODY && s.workers.has(wish.target)) s.out.free(wish.target, id);
  wish.target = NOBODY;
  wish.kept = NOBODY;
  wish.from = NOBODY;
  for (const ids of s.retiring.values()) ids.delete(id);
  if (!wish.isLasting) s.wishes.delete(id);
}

/** The task is not known any more. */
export function forgetForGood(s: SchedulerState, id: number): void {
  s.wishes.delete(id);
  s.unsettled.delete(id);
  s.stuckCopies.delete(id);
}

/** The worker is gone. */
export function copiesLost(s: SchedulerState, worker: WorkerRecord): void {
  s.retiring.delete(worker);
  for (const [id, wish] of s.wishes) {
    if (wish.from === worker.worker) wish.from = NOBODY;
    copyFailed(s, id, worker.worker);
  }
}

/** Copies for which there was no worker are looked at again. */
export function tryCopiesAgain(s: SchedulerState): void {
  for (const id of s.stuckCopies) s.unsettled.add(id);
  s.stuckCopies.clear();
}

/** Starts the copies that are lacking, and says which workers may go. */
export function settleCopies(s: SchedulerState): void {
  if (s.stuckCopies.size > 0 && s.nowMs >= s.stuckUntilMs) tryCopiesAgain(s);
  for (const id of s.unsettled) {
    s.unsettled.delete(id);
    if (s.tasks.state[id] === STATE.memory) settle(s, id);
  }
  s.retireMs = Number.POSITIVE_INFINITY;
  for (const [worker, ids] of s.retiring) settleRetiring(s, worker, ids);
}

function settle(s: SchedulerState, id: number): void {
  const wish = s.wishes.get(id);
  if (wish === undefined) return;
  if (wish.target !== NOBODY) return;
  const staying = holdersOf(s, id).filter((holder) => mayKeep(s, holder, wish));
  const isWord = s.tasks.isWord(id);
  const isSafe = isWord || staying.some((holder) => isKept(s, id, holder, wish));
  const isEnough = isWord || staying.length >= wish.copies;
  // One that stays is enough for others to go, however many are wished for.
  if (isSafe) letLeave(s, id, staying.slice(0, wish.copies), isEnough);
  if (isSafe && isEnough) {
    if (!wish.isLasting) s.wishes.delete(id);
    return;
  }
  // One that a task has fetched may be dropped at any time: it is asked for first.
  const target = isSafe ? chooseTarget(s, id, wish) : (staying[0] ?? chooseTarget(s, id, wish));
  if (target === undefined) {
    // Nobody can take it: a move is given up, the others wait.
    if (wish.from === NOBODY || wish.isLasting) return waitForWorker(s, id, wish);
    wish.from = NOBODY;
    if (isAwaited(s, id)) s.unsettled.add(id);
    else s.wishes.delete(id);
    return;
  }
  wish.target = target;
  wish.askedMs = s.nowMs;
  s.graphOf(id).told.add(target);
  s.out.to(target).copies.add(id, neededValue(s, target, id));
}

/** Whether the worker does not drop the value to make room. */
function isKept(s: SchedulerState, id: number, holder: number, wish: CopyWish): boolean {
  return holder === s.tasks.holder[id] || holder === wish.kept;
}

/** The worker has made a copy, perhaps the one that it was asked for. */
export function copyMade(s: SchedulerState, id: number, worker: number): void {
  const wish = s.wishes.get(id);
  if (wish === undefined) return;
  s.unsettled.add(id);
  if (wish.target !== worker) return;
  wish.target = NOBODY;
  wish.failedMs = Number.POSITIVE_INFINITY;
  wish.kept = worker;
  s.workers.get(worker)!.copiedMs = s.nowMs;
  if (wish.from !== NOBODY) endMove(s, id, wish);
}

/** These copies stay: no worker that is to go has to wait for the value. */
function letLeave(s: SchedulerState, id: number, staying: number[], isEnough: boolean): void {
  let isWaitedFor = isEnough;
  for (const ids of s.retiring.values()) if (ids.delete(id)) isWaitedFor = true;
  if (!isWaitedFor) return;
  // Copies that tasks have fetched could be dropped.
  for (const holder of staying) s.out.hold(holder, id, s.tasks.epoch[id]!);
}

/** Until one joins, or those that could not reach each other may try again. */
function waitForWorker(s: SchedulerState, id: number, wish: CopyWish): void {
  const againMs = wish.failedMs < Number.POSITIVE_INFINITY ? AGAIN_MS : wish.failedMs;
  const untilMs = Math.min(s.cuts.nextMs(s.nowMs), s.nowMs + againMs);
  s.stuckUntilMs = s.stuckCopies.size === 0 ? untilMs : Math.min(s.stuckUntilMs, untilMs);
  s.stuckCopies.add(id);
  if (!isCutOff(s, wish)) return;
  // Nobody waits for it to be given up: all ways are tried again.
  if (!isAwaited(s, id)) wish.failedMs = Number.POSITIVE_INFINITY;
}

/** Whether a worker that is to go waits for it. */
function isAwaited(s: SchedulerState, id: number): boolean {
  for (const ids of s.retiring.values()) if (ids.has(id)) return true;
  return false;
}

/** Whether copies of the value have been failing for so long that they are not waited for. */
function isCutOff(s: SchedulerState, { target, failedMs }: CopyWish): boolean {
  return target === NOBODY && s.nowMs - failedMs >= PATIENCE_MS;
}

function mayKeep(s: SchedulerState, holder: number, wish: CopyWish): boolean {
  return holder !== wish.from && s.workers.get(holder)?.isRetiring === false;
}

/** The emptiest worker that has no copy and reaches one that has. */
function chooseTarget(s: SchedulerState, id: number, wish: CopyWish): number | undefined {
  let best: number | undefined;
  let bestShare = Number.POSITIVE_INFINITY;
  for (const worker of s.open) {
    const share = s.heldBytes(worker.worker) / worker.memoryLimitBytes;
    if (share >= bestShare || isAt(s, id, worker.worker)) continue;
    const sources = sourcesFor(s, worker.worker, id);
    if (sources.every((from) => isWornOut(s, wish.failedMs, worker.worker, from))) continue;
    best = worker.worker;
    bestShare = share;
  }
  return best;
}

/** The copy is there: the worker that the value was to leave lets go of it. */
function endMove(s: SchedulerState, id: number, wish: CopyWish): void {
  const { from } = wish;
  wish.from = NOBODY;
  if (!isAt(s, id, from)) return;
  removeHolder(s, id, from);
  s.out.free(from, id);
}

/** Whether it may be that some of the values are copied yet; sets when to look again. */
function isBeingCopied(s: SchedulerState, ids: ReadonlySet<number>): boolean {
  let isGoingOn = false;
  for (const id of ids) {
    const wish = s.wishes.get(id)!;
    const lateMs = lateAtMs(s, id, wish);
    if (isCutOff(s, wish) || lateMs <= s.nowMs) continue;
    s.retireMs = Math.min(s.retireMs, lateMs);
    isGoingOn = true;
  }
  return isGoingOn;
}

/**
 * When it is taken for certain that the worker which should make the copy has no room for it: it
 * has made none for long, although there was time for this one.
 */
function lateAtMs(s: SchedulerState, id: number, { target, askedMs }: CopyWish): number {
  const worker = s.workers.get(target);
  if (worker === undefined) return Number.POSITIVE_INFINITY;
  const transferMs = s.tasks.bytes[id]! / worker.bytesPerMs;
  return Math.max(askedMs, worker.copiedMs) + PATIENCE_MS + SLOWER_FACTOR * transferMs;
}

/**
 * Whether it would wait for ever: for tasks that wait for others, which nobody may run but itself.
 */
function isStuck(s: SchedulerState, worker: WorkerRecord, leases: number): boolean {
  if (s.open.size === 0 && worker.isLeaving) return true;
  return leases <= worker.waiting.size && (s.open.size === 0 || isWaitedFor(s, worker));
}

/** A worker that is to go is told to when nothing is lost with it, or nobody can take what is. */
function settleRetiring(s: SchedulerState, worker: WorkerRecord, ids: Set<number>): void {
  const leases = worker.leased + worker.tableLeased;
  if (leases > 0 && !isStuck(s, worker, leases)) return;
  const left = ids.size + leases;
  if (leases === 0 && s.open.size > 0 && isBeingCopied(s, ids)) return;
  s.retiring.delete(worker);
  if (left > 0 && !worker.isLeaving) {
    worker.isRetiring = false;
    reopen(s, worker);
  }
  s.out.say({ kind: "retired", worker: worker.worker, left });
}
