/**
 * @file A worker that was lost comes back with what it has. Values of tasks that are still to be
 * computed are remembered; copies of values that lie elsewhere count if they come from the same
 * run. All else is freed, and of graphs that are forgotten, or were replaced by others with the
 * same ids, nothing may be left before the worker gets anything to do.
 */
import type { Inventory } from "./events.ts";
import { book } from "./lease.ts";
import { unqueue } from "./placement.ts";
import { addHolder } from "./replicas.ts";
import type { GraphRecord, SchedulerState, WorkerRecord } from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";
import { endLease, remember } from "./transitions.ts";

/** Takes in what the worker has, and says what it shall keep. */
export function takeInventory(s: SchedulerState, worker: WorkerRecord, has: Inventory): void {
  const known = knownGraphs(s, worker, has);
  const kept = new Set<number>();
  has.ids.forEach((id, i) => {
    const record = s.graphs[s.tasks.graph[id]!];
    const isKnown = record !== undefined && (s.tasks.state[id] ?? STATE.forgotten) !== 0;
    // Values that were fetched may be of graphs that the worker cannot run.
    const isSame = isKnown && (known.has(record) || has.epochs[i] === s.tasks.epoch[id]);
    if (isSame && accept(s, worker.worker, id, has, i)) {
      record.told.add(worker.worker);
      kept.add(id);
    } else {
      s.out.free(worker.worker, id);
    }
  });
  const left = new Set([...has.ids, ...has.others].filter((id) => !kept.has(id)));
  has.running?.forEach((id, i) => {
    const epoch = has.runningEpochs![i]!;
    if (!goOn(s, worker, known, left, id, epoch)) s.out.revoke(worker.worker, id, epoch);
  });
  for (const id of has.others) if (left.has(id)) letGoOf(s, worker, id, 1);
}

/**
 * A task that runs there goes on, if nobody else has it by now. Not with inputs that the worker
 * must let go of: it would keep them for as long as it waits for tasks of its own, which are not
 * given to a worker before that has let go. Words among them are the same as then; they leave
 * `left`, for the worker is told of them as of any others.
 */
function goOn(
  s: SchedulerState,
  worker: WorkerRecord,
  known: ReadonlySet<GraphRecord>,
  left: Set<number>,
  id: number,
  epoch: number,
): boolean {
  const record = s.graphs[s.tasks.graph[id] ?? -1];
  const isFree = s.tasks.state[id] === STATE.queued && !s.suspects.has(id);
  // What it refers to may have been made again meanwhile.
  const isVoid = isFree && s.boundOf(id) === "inputs";
  if (record === undefined || !known.has(record) || !isFree || isVoid) return false;
  const inputs: number[] = [];
  s.eachDependency(id, (dep) => {
    if (left.has(dep)) inputs.push(dep);
  });
  const isWord = (dep: number): boolean =>
    s.tasks.state[dep] === STATE.memory && s.tasks.isWord(dep);
  if (!inputs.every(isWord)) return false;
  for (const dep of inputs) {
    left.delete(dep);
    s.graphOf(dep).told.add(worker.worker);
  }
  unqueue(s, id);
  book(s, worker, record.lanes[record.facts.template[id - record.base]!]!, id, epoch);
  return true;
}

/** The graphs that are the same as then; the others are to be let go of. */
function knownGraphs(
  s: SchedulerState,
  worker: WorkerRecord,
  { bases, counts, serials }: Inventory,
): Set<GraphRecord> {
  const known = new Set<GraphRecord>();
  bases.forEach((base, i) => {
    const record = s.graphs[s.tasks.graph[base] ?? -1];
    if (record?.base !== base || record.serial !== serials[i] || s.closing.has(base)) {
      letGoOf(s, worker, base, counts[i]!);
      return;
    }
    known.add(record);
    record.told.add(worker.worker);
    record.installed.add(worker.worker);
  });
  return known;
}

function letGoOf(
  s: SchedulerState,
  { worker, stale }: WorkerRecord,
  base: number,
  count: number,
): void {
  stale.add(base);
  s.out.sayLast({ kind: "uninstall", worker, base, count });
}

/** Whether the value counts from now on. */
function accept(s: SchedulerState, worker: number, id: number, has: Inventory, i: number): boolean {
  const { state, epoch } = s.tasks;
  const bound = s.boundOf(id);
  if (bound === "worker" && has.copies?.[i] === 1) return false;
  if (bound === "inputs" && state[id] !== STATE.memory) return false;
  switch (state[id]) {
    case STATE.memory:
      if (epoch[id] !== has.epochs[i]) return false;
      if (s.tasks.isWord(id) && s.tasks.holder[id] !== NOBODY) return false;
      addHolder(s, id, worker);
      break;
    case STATE.waiting:
      return acceptWaited(s, worker, id, has, i);
    case STATE.queued:
      unqueue(s, id);
      return acceptWaited(s, worker, id, has, i);
    case STATE.leased:
      if (!s.hasRecipe(id)) return false;
      s.out.revoke(s.tasks.holder[id]!, id, epoch[id]!);
      endLease(s, id);
      return acceptWaited(s, worker, id, has, i);
    default:
      return false;
  }
  s.out.hold(worker, id, epoch[id]!);
  return true;
}

/** The task need not run. */
function acceptWaited(
  s: SchedulerState,
  worker: number,
  id: number,
  { bytes, tags, words }: Inventory,
  i: number,
): boolean {
  // A report of an earlier lease is not to be taken for this one's.
  s.tasks.epoch[id] = (s.tasks.epoch[id]! + 1) & 0x7fffffff;
  s.suspects.delete(id);
  s.out.hold(worker, id, s.tasks.epoch[id]!);
  remember(s, id, worker, bytes[i]!, tags?.[i] ?? 0, words?.[i] ?? 0);
  return true;
}
