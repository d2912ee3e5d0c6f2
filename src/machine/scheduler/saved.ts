/**
 * @file The state of a scheduler as plain columns, and a state made of them. Saved is what facts
 * tell (`facts.ts`), so that `restore(save(s))` is as good as playing all facts that led to `s`:
 * counters, queues and reverse edges follow from the rest and are made again.
 */

import { makeRecord } from "./accept.ts";
import { wantCopies } from "./copies.ts";
import type { GraphFacts } from "./events.ts";
import { queue } from "./placement.ts";
import {
  type Failure,
  type GraphRecord,
  globalId,
  type SchedulerOptions,
  SchedulerState,
  type SubmittingTask,
} from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";

export interface SavedGraph {
  readonly base: number;
  readonly serial: number;
  readonly generation: number;
  /** Under which lease it was running does not outlive the scheduler. */
  readonly parent?: Omit<SubmittingTask, "epoch">;
  readonly facts: GraphFacts;
  readonly body: unknown;
  readonly ids?: Int32Array;
  /** One for each task; leased tasks count as queued, values on their way as waiting. */
  readonly states: Uint8Array;
  /** Segments whose names are taken by this graph. */
  readonly named: Int32Array;
}

export interface SavedFailure extends Failure {
  readonly ids: Int32Array;
}

export interface SavedClient {
  readonly client: number;
  readonly wants: Int32Array;
  readonly cancelled: Int32Array;
  readonly askedIds: Int32Array;
  readonly askedRequests: Int32Array;
}

export interface SavedScheduler {
  readonly generation: number;
  readonly serial: number;
  readonly graphs: readonly SavedGraph[];
  /** Values, and those that clients are bringing. */
  readonly values: {
    readonly ids: Int32Array;
    readonly epochs: Int32Array;
    readonly bytes: Float64Array;
    readonly tags: Uint8Array;
    readonly words: Float64Array;
  };
  readonly failures: readonly SavedFailure[];
  /** Five numbers for each task: id, and attempts by who was to blame, as in `Attempts`. */
  readonly attempts: Int32Array;
  /** Pairs of id and count. */
  readonly suspects: Int32Array;
  /** Pairs of id and number of copies. */
  readonly copies: Int32Array;
  readonly clients: readonly SavedClient[];
}

export function save(s: SchedulerState): SavedScheduler {
  return {
    generation: s.generation,
    serial: s.serial,
    graphs: liveGraphs(s).map((record) => saveGraph(s, record)),
    values: saveValues(s),
    failures: saveFailures(s),
    attempts: Int32Array.from(
      sorted(s.attempts).flatMap(([id, { user, worker, memory, ofChildren }]) =>
        user + worker + memory + ofChildren === 0 ? [] : [id, user, worker, memory, ofChildren],
      ),
    ),
    suspects: Int32Array.from(sorted(s.suspects).flat()),
    copies: Int32Array.from(
      sorted(s.wishes).flatMap(([id, wish]) => (wish.isLasting ? [id, wish.copies] : [])),
    ),
    clients: sorted(s.clients)
      .map(([client, { wants, cancelled, askedAgain }]) => ({
        client,
        wants: wants.toIds().sort(),
        cancelled: cancelled.toIds().sort(),
        askedIds: Int32Array.from(askedAgain.keys()),
        askedRequests: Int32Array.from(askedAgain.values()),
      }))
      .filter((c) => c.wants.length + c.cancelled.length + c.askedIds.length > 0),
  };
}

function sorted<T>(map: ReadonlyMap<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => a - b);
}

/** In the order in which they came. */
function liveGraphs(s: SchedulerState): GraphRecord[] {
  return s.graphs
    .filter((record): record is GraphRecord => record !== undefined && !s.closing.has(record.base))
    .sort((a, b) => a.serial - b.serial);
}

function saveGraph(s: SchedulerState, record: GraphRecord): SavedGraph {
  const { base, serial, facts, body, ids, parent } = record;
  const named = facts.segments.flatMap((segment, i) => {
    const known = s.names.get(segment.name);
    return known?.graph === record && known.start === segment.start ? [i] : [];
  });
  const states = s.tasks.state.slice(base, base + facts.count);
  for (let i = 0; i < states.length; i++) {
    if (states[i] !== STATE.leased) continue;
    states[i] = facts.template[i]! >= 0 ? STATE.queued : STATE.waiting;
  }
  return {
    base,
    serial,
    generation: record.lanes[0]?.generation ?? 0,
    facts,
    body,
    ...(ids === undefined ? {} : { ids }),
    ...(parent === undefined ? {} : { parent: { id: parent.id, serial: parent.serial } }),
    states,
    named: Int32Array.from(named),
  };
}

function saveValues(s: SchedulerState): SavedScheduler["values"] {
  const { state, epoch, bytes, tags, words } = s.tasks;
  const ids: number[] = [];
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    const isComing =
      (state[id] === STATE.leased || state[id] === STATE.waiting) && !s.hasRecipe(id);
    if (state[id] === STATE.memory || isComing) ids.push(id);
  }
  // Tags of what is no value yet are of an earlier life of the id.
  const isWord = (id: number): boolean => state[id] === STATE.memory && s.tasks.isWord(id);
  return {
    ids: Int32Array.from(ids),
    epochs: Int32Array.from(ids, (id) => epoch[id]!),
    bytes: Float64Array.from(ids, (id) => bytes[id]!),
    tags: Uint8Array.from(ids, (id) => (isWord(id) ? tags![id]! : 0)),
    words: Float64Array.from(ids, (id) => (isWord(id) ? words![id]! : 0)),
  };
}

/** One entry for all tasks that failed for the same reason. */
function saveFailures(s: SchedulerState): SavedFailure[] {
  const ids = new Map<Failure, number[]>();
  for (const [id, failure] of sorted(s.failures)) {
    const list = ids.get(failure);
    if (list === undefined) ids.set(failure, [id]);
    else list.push(id);
  }
  return [...ids].map(([failure, list]) => ({ ...failure, ids: Int32Array.from(list) }));
}

/** A machine's state as it was saved, without workers; see `replay.ts`. */
export function restore(
  saved: SavedScheduler,
  options: Partial<SchedulerOptions> = {},
): SchedulerState {
  const s = new SchedulerState(options);
  s.generation = saved.generation;
  s.serial = saved.serial;
  const records = saved.graphs.map((graph) => restoreGraph(s, graph));
  restoreValues(s, saved);
  for (const { ids, error, culprit, culpritId, attempts } of saved.failures) {
    const failure: Failure = { error, culprit, culpritId, attempts };
    for (const id of ids) s.failures.set(id, failure);
  }
  for (let i = 0; i < saved.attempts.length; i += 5) {
    const [id, ...counts] = saved.attempts.subarray(i, i + 5);
    const [user, worker, memory, ofChildren] = counts as [number, number, number, number];
    s.attempts.set(id!, { user, worker, memory, ofChildren });
  }
  for (let i = 0; i < saved.suspects.length; i += 2) {
    s.suspects.set(saved.suspects[i]!, saved.suspects[i + 1]!);
  }
  for (let i = 0; i < saved.copies.length; i += 2) {
    wantCopies(s, saved.copies[i]!, saved.copies[i + 1]!);
  }
  for (const client of saved.clients) restoreClient(s, client);
  for (const record of records) countEdges(s, record);
  for (const record of records) restoreQueues(s, record);
  return s;
}

function restoreGraph(s: SchedulerState, graph: SavedGraph): GraphRecord {
  const { base, facts, body, ids, generation, serial, states } = graph;
  const parent = graph.parent && { ...graph.parent, epoch: -1 };
  s.tasks.claim(base, facts.count);
  const record = makeRecord(s, { base, facts, body, ids, generation, serial, parent });
  s.graphs[record.slot] = record;
  const data = s.groups.numberOf("data");
  const groups = facts.templates.map((template) => s.groups.numberOf(template.name));
  s.tasks.state.set(states, base);
  for (let i = 0; i < facts.count; i++) {
    s.tasks.graph[base + i] = record.slot;
    s.tasks.holder[base + i] = NOBODY;
    if (states[i] === STATE.forgotten) continue;
    s.tasks.group[base + i] = groups[facts.template[i]!] ?? data;
    record.live++;
  }
  for (const i of graph.named) {
    const { name, start, count, rows } = facts.segments[i]!;
    s.names.set(name, { graph: record, start, count, rows });
  }
  return record;
}

function restoreValues(s: SchedulerState, { values }: SavedScheduler): void {
  const { ids, epochs, bytes, tags, words } = values;
  ids.forEach((id, i) => {
    s.tasks.epoch[id] = epochs[i]!;
    s.tasks.bytes[id] = bytes[i]!;
    if (tags[i] !== 0) s.tasks.setWord(id, tags[i]!, words[i]!);
  });
}

function restoreClient(s: SchedulerState, saved: SavedClient): void {
  const { wants, cancelled, askedAgain } = s.client(saved.client);
  for (const id of saved.wants) {
    wants.add(id);
    s.tasks.wants[id] = s.tasks.wants[id]! + 1;
  }
  for (const id of saved.cancelled) {
    cancelled.add(id);
    s.tasks.dependents[id] = s.tasks.dependents[id]! + 1;
  }
  saved.askedIds.forEach((id, i) => {
    askedAgain.set(id, saved.askedRequests[i]!);
  });
}

/** Who depends on what, and who still will read it. */
function countEdges(s: SchedulerState, record: GraphRecord): void {
  const { state, dependents, waiters, missing } = s.tasks;
  const { base, facts } = record;
  for (let local = 0; local < facts.count; local++) {
    const id = base + local;
    if (state[id] === STATE.forgotten) continue;
    const isToRun = state[id] === STATE.waiting || state[id] === STATE.queued;
    const isBound = state[id] === STATE.memory && s.boundOf(id) === "inputs";
    let lacking = 0;
    for (let e = facts.depOffsets[local]!; e < facts.depOffsets[local + 1]!; e++) {
      const dep = globalId(record, facts.deps[e]!);
      dependents[dep] = dependents[dep]! + 1;
      if (isToRun || isBound) waiters[dep] = waiters[dep]! + 1;
      if (state[dep] !== STATE.memory) lacking++;
      if (dep === base + facts.deps[e]!) continue;
      const list = s.foreignDependents.get(dep) ?? [];
      list.push(id);
      s.foreignDependents.set(dep, list);
    }
    if (isToRun) missing[id] = lacking;
  }
}

function restoreQueues(s: SchedulerState, { base, facts }: GraphRecord): void {
  for (let id = base; id < base + facts.count; id++) {
    if (s.tasks.state[id] === STATE.queued) queue(s, id);
  }
}
