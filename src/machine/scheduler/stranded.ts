/**
 * @file Tasks whose inputs no worker that may run them can read, although they are there: workers
 * are cut off from each other, and the scheduler's relay has failed too. When that has lasted, what
 * lies on the wrong side is brought round by a third worker, or made again where the task can read
 * it; where neither is possible the task fails after a minute, by the names of the two.
 */
import { PATIENCE_MS } from "./cuts.ts";
import { neededValue } from "./inputs.ts";
import { loseValue } from "./loss.ts";
import { hasRoom, inputBytes, isParked, mayServe, park, queue, unqueue } from "./placement.ts";
import { isAvoided, isWornOut, type Stranded } from "./reach.ts";
import type { ReadyLane } from "./ready.ts";
import { eachHolder, freeEverywhere, holdersOf, isAt } from "./replicas.ts";
import { plainError, type SchedulerState, type WorkerRecord } from "./state.ts";
import { STATE } from "./task-table.ts";
import { failAlone } from "./transitions.ts";

/** How soon it is looked whether a value has come, or is not used any more. */
const SOON_MS = 1000;

/** What can be done so that a worker gets at an input. */
type Help =
  /** This worker can read it, and be read by the other. */
  { readonly kind: "bring"; readonly over: number } | { readonly kind: "make" };

/** How a task may come to run on a worker. */
interface Plan {
  readonly reader: WorkerRecord;
  /** Workers that it can read from, and itself. */
  readonly side: readonly WorkerRecord[];
  readonly help: ReadonlyMap<number, Help>;
  readonly bytes: number;
}

/**
 * Does what can be done for tasks that nobody gets at the inputs of; true when it was something.
 */
export function helpStranded(s: SchedulerState): boolean {
  let helped = false;
  for (const id of s.unreached) {
    s.unreached.delete(id);
    if (isParked(s, id) && help(s, id)) helped = true;
  }
  return helped;
}

function help(s: SchedulerState, id: number): boolean {
  const stranded = s.stranded.get(id)!;
  const isLate = s.nowMs - stranded.firstMs >= PATIENCE_MS;
  // One that has not let go of an earlier life may be waiting for this very task.
  const isHeldUp = ({ stale }: WorkerRecord): boolean => isLate && stale.size > 0;
  const all = mayRun(s, id).filter((worker) => !isHeldUp(worker));
  const readers = all.filter(({ worker }) => !isAvoided(s, worker, id));
  if (readers.length < all.length && readers.length === 0) {
    // Those that could have read it are gone.
    s.avoided.delete(id);
    unqueue(s, id);
    queue(s, id);
    return true;
  }
  if (readers.some(({ worker }) => unreadable(s, stranded, worker, id).length === 0)) return false;
  const plan = bestPlan(s, stranded, readers, id, isLate);
  if (plan !== undefined) return follow(s, plan, id, isLate);
  const isHopeless = isLate || readers.every(({ worker }) => isCutOff(s, stranded, worker, id));
  if (isHopeless && readers.length > 0) {
    giveUp(s, stranded, readers, id);
    return true;
  }
  stranded.sinceMs = s.nowMs;
  return false;
}

/** Those that have room for it, or, where nobody has, all that would try it all the same. */
function mayRun(s: SchedulerState, id: number): WorkerRecord[] {
  const lane = laneOf(s, id);
  const able = [...s.workers.values()].filter((worker) => {
    return !worker.isRetiring && mayServe(s, worker, lane);
  });
  const bytes = inputBytes(s, id);
  const roomy = able.filter((worker) => hasRoom(worker, bytes));
  return roomy.length === 0 ? able : roomy;
}

function laneOf(s: SchedulerState, id: number): ReadyLane {
  const record = s.graphOf(id);
  return record.lanes[record.facts.template[id - record.base]!]!;
}

/** Whether nothing is to be expected of the way. */
function isClosed(s: SchedulerState, of: Stranded, worker: number, holder: number): boolean {
  if (worker === holder) return false;
  return s.cuts.isLasting(worker, holder, s.nowMs) || isWornOut(s, of.sinceMs, worker, holder);
}

/** Inputs that the worker does not have, and has no way to. */
function unreadable(s: SchedulerState, of: Stranded, worker: number, id: number): number[] {
  const inputs: number[] = [];
  s.eachDependency(id, (dep) => {
    if (s.tasks.isWord(dep) || isAt(s, dep, worker)) return;
    if (holdersOf(s, dep).every((holder) => isClosed(s, of, worker, holder))) inputs.push(dep);
  });
  return inputs;
}

/** Whether some input could not be had for as long as the task would wait, by whatever task. */
function isCutOff(s: SchedulerState, of: Stranded, worker: number, id: number): boolean {
  return unreadable(s, of, worker, id).some((input) =>
    holdersOf(s, input).every((holder) => {
      return s.cuts.isLasting(worker, holder, s.nowMs, PATIENCE_MS);
    }),
  );
}

/** The plan with the fewest bytes, if there is one. */
function bestPlan(
  s: SchedulerState,
  stranded: Stranded,
  readers: readonly WorkerRecord[],
  id: number,
  isLate: boolean,
): Plan | undefined {
  let best: Plan | undefined;
  for (const reader of readers) {
    const plan = planFor(s, stranded, reader, id, isLate);
    if (plan !== undefined && plan.bytes < (best?.bytes ?? Number.POSITIVE_INFINITY)) best = plan;
  }
  return best;
}

function planFor(
  s: SchedulerState,
  stranded: Stranded,
  reader: WorkerRecord,
  id: number,
  isLate: boolean,
): Plan | undefined {
  const side = [...s.workers.values()].filter((worker) => {
    return !worker.isRetiring && !isClosed(s, stranded, reader.worker, worker.worker);
  });
  const known = new Map<number, boolean>();
  const help = new Map<number, Help>();
  let bytes = 0;
  for (const input of unreadable(s, stranded, reader.worker, id)) {
    bytes += s.tasks.bytes[input]!;
    const over = isLate ? undefined : bridge(s, stranded, reader, side, input);
    if (over !== undefined) help.set(input, { kind: "bring", over });
    else if (isMakeable(s, side, input, known)) help.set(input, { kind: "make" });
    else return undefined;
  }
  return { reader, side, help, bytes };
}

/** A worker that can fetch the value, and that the reader can fetch it from. */
function bridge(
  s: SchedulerState,
  stranded: Stranded,
  reader: WorkerRecord,
  side: readonly WorkerRecord[],
  input: number,
): number | undefined {
  // A copy of it would be worth nothing.
  if (s.boundOf(input) === "worker") return undefined;
  const holders = holdersOf(s, input);
  const isBridge = (between: WorkerRecord): boolean =>
    between !== reader &&
    s.open.has(between) &&
    holders.some((holder) => !isClosed(s, stranded, between.worker, holder));
  return side.find(isBridge)?.worker;
}

/** Whether the value can be made by these workers of what they can read. */
function isMakeable(
  s: SchedulerState,
  side: readonly WorkerRecord[],
  first: number,
  known: Map<number, boolean>,
): boolean {
  const mayMake = (id: number): boolean =>
    s.hasRecipe(id) &&
    s.tasks.state[id] !== STATE.erred &&
    side.some((worker) => mayServe(s, worker, laneOf(s, id)));
  const isThere = (id: number): boolean =>
    s.tasks.state[id] === STATE.memory &&
    (s.tasks.isWord(id) || side.some(({ worker }) => isAt(s, id, worker)));
  // All that it would be made of, as far as that is not there.
  const stack = [first];
  while (stack.length > 0) {
    const id = stack.pop()!;
    if (known.has(id)) continue;
    if (!mayMake(id)) return false;
    known.set(id, true);
    s.eachDependency(id, (dep) => {
      if (!isThere(dep)) stack.push(dep);
    });
  }
  return true;
}

/** True when something has changed at once. */
function follow(s: SchedulerState, plan: Plan, id: number, isLate: boolean): boolean {
  const { reader, side, help } = plan;
  let isWaiting = false;
  for (const [input, { kind }] of help) {
    if (kind === "make" && isInUse(s, input, id, isLate)) isWaiting = true;
  }
  for (const [input, how] of help) if (how.kind === "bring") bring(s, input, how.over);
  const made = isWaiting ? [] : [...help].filter(([, { kind }]) => kind === "make");
  for (const [input] of made) makeAgain(s, input, reader, side);
  if (made.length > 0) return true;
  park(s, id, s.nowMs + SOON_MS);
  return false;
}

/**
 * Whether somebody is about to read the value where it is: they come first, so that two that read
 * it in different places do not take it from each other for ever. Those that wait for tasks of
 * their own may be waiting for this one.
 */
function isInUse(s: SchedulerState, input: number, id: number, isLate: boolean): boolean {
  let found = false;
  s.eachDependent(input, (dependent) => {
    const state = s.tasks.state[dependent];
    if (dependent === id || found) return;
    if (state === STATE.queued) found = !isLate && !isParked(s, dependent);
    if (state !== STATE.leased) return;
    const isWaiting = s.workers.get(s.tasks.holder[dependent]!)?.waiting.has(dependent) === true;
    found = !(isLate && isWaiting);
  });
  return found;
}

/** Those who wait for it are looked at again when it has come. */
function bring(s: SchedulerState, input: number, over: number): void {
  s.graphOf(input).told.add(over);
  s.out.to(over).copies.add(input, neededValue(s, over, input));
}

/** The value is made where the reader can read it; what there is of it elsewhere goes. */
function makeAgain(
  s: SchedulerState,
  input: number,
  reader: WorkerRecord,
  side: readonly WorkerRecord[],
): void {
  const workers = new Set(s.workers.keys());
  for (const { worker } of side) workers.delete(worker);
  eachHolder(s, input, (holder) => warn(s, reader, s.workers.get(holder)));
  s.avoided.set(input, { reader: reader.worker, workers });
  freeEverywhere(s, input);
  loseValue(s, input);
}

function warn(s: SchedulerState, reader: WorkerRecord, holder: WorkerRecord | undefined): void {
  if (holder === undefined) return;
  const about = `cut ${reader.worker} ${holder.worker}`;
  if (s.warnings.has(about)) return;
  s.warnings.add(about);
  const message =
    `${named(reader)} cannot fetch from ${named(holder)}, neither directly nor through the ` +
    "scheduler: what it needs from there is made again elsewhere. Do the firewalls let it in?";
  s.out.say({ kind: "warn", message });
}

function named({ name, address }: WorkerRecord): string {
  return `worker ${name} (${address})`;
}

function giveUp(
  s: SchedulerState,
  stranded: Stranded,
  readers: readonly WorkerRecord[],
  id: number,
): void {
  const reader = readers[0]!;
  const input = unreadable(s, stranded, reader.worker, id)[0]!;
  const holder = s.workers.get(holdersOf(s, input)[0]!)!;
  const culprit = s.keyOf(id);
  const message =
    `task ${culprit} needs ${s.keyOf(input)}, which ${named(holder)} has: ${named(reader)} has not ` +
    "been able to fetch from there for a minute, neither directly nor through the scheduler, and " +
    "it cannot be made again where the task may run. Let the workers reach each other, or the " +
    "scheduler reach both; or keep the task and its inputs on one side, with { workers }";
  const fields = {
    worker: reader.name,
    workerAddress: reader.address,
    holder: holder.name,
    holderAddress: holder.address,
    key: s.keyOf(input),
  };
  const error = plainError("Unreachable", message, fields);
  failAlone(s, id, { error, culprit, culpritId: id, attempts: 0 });
}
