/**
 * @file Takes a graph in: gives its tasks ids, recognises work that is known already (equal pure
 * layers, values held), builds the reverse edges, and starts what can start. A few passes over
 * columns; nothing is made per task.
 */
import type { GraphFacts, SchedulerEvent } from "./events.ts";
import { queue } from "./placement.ts";
import { laneKey, type ReadyLane } from "./ready.ts";
import type {
  ClientRecord,
  Failure,
  GraphRecord,
  SchedulerState,
  SubmittingTask,
} from "./state.ts";
import { STATE } from "./task-table.ts";
import {
  cancelledFailure,
  dispose,
  failFromDependencies,
  forgetIfUnneeded,
  need,
  notifyDone,
  notifyFailed,
  unknownFailure,
} from "./transitions.ts";

type GraphEvent = Extract<SchedulerEvent, { kind: "graph" }>;

/** `at`: the first id that the tasks had before; default any that are free. */
export function acceptGraph(s: SchedulerState, event: GraphEvent, at?: number): void {
  const facts = event.graph;
  const { client: number, request } = event;
  if (facts.count === 0) return acceptEmpty(s, event);
  const base = at ?? s.tasks.allocate(facts.count);
  if (at !== undefined) s.tasks.claim(at, facts.count);
  const client = s.client(number);
  const missing = missingInputs(s, client, facts);
  const ids = knownTasks(s, client, facts, base);
  const record = makeRecord(s, {
    base,
    facts,
    body: event.body,
    ids,
    generation: generationOf(s, event.parent),
    serial: ++s.serial,
    parent: submitting(s, event.parent),
  });
  s.graphs[record.slot] = record;
  const fresh = ids === undefined ? undefined : neededTasks(facts, ids, base);
  createTasks(s, record, fresh);
  for (const local of facts.outputs) {
    const id = ids === undefined ? base + local : ids[local]!;
    if (client.wants.add(id)) s.tasks.wants[id] = s.tasks.wants[id]! + 1;
    if (id !== base + local) client.askedAgain.set(id, request);
  }
  s.out.say({
    kind: "accepted",
    client: number,
    request,
    base,
    ...(ids === undefined ? {} : { ids }),
  });
  noteGraph(s, event, base, ids);
  for (const [local, failure] of missing) {
    if (fresh?.[local] !== 0) failAtOnce(s, client, base + local, failure);
  }
  start(s, record, fresh);
  for (const local of missing.keys()) forgetIfUnneeded(s, base + local);
  settleOutputs(s, number, facts, base, ids);
  registerNames(s, record);
  if (record.live === 0) retireEmpty(s, record);
}

function acceptEmpty(s: SchedulerState, event: GraphEvent): void {
  const { client, request } = event;
  s.out.say({ kind: "accepted", client, request, base: 0 });
  noteGraph(s, event, 0, undefined);
}

function noteGraph(
  s: SchedulerState,
  { client, request, parent, graph, body }: GraphEvent,
  base: number,
  ids: Int32Array | undefined,
): void {
  s.facts?.add({
    kind: "graph",
    client,
    request,
    base,
    facts: graph,
    body,
    ...(parent === undefined ? {} : { parent }),
    ...(ids === undefined ? {} : { ids }),
  });
}

/**
 * Inputs that the graph counts on and that are gone: cancelled for this client, or not known. Each
 * stands in the graph as a task of its own that fails at once, and with it all that depend on it.
 */
function missingInputs(
  s: SchedulerState,
  client: ClientRecord,
  { count, held, segments }: GraphFacts,
): Map<number, Failure> {
  const missing = new Map<number, Failure>();
  for (let local = 0; held !== undefined && local < count; local++) {
    const id = held[local]!;
    if (id < 0 || isUsable(s, client, id)) continue;
    const isCancelled = client.cancelled.has(id);
    const failure = isCancelled
      ? cancelledFailure(s, id)
      : unknownFailure(`a task of ${segments[0]?.name ?? "the graph"}`, id);
    missing.set(local, failure);
  }
  return missing;
}

/** Whether a graph of the client may build on the task. */
function isUsable(s: SchedulerState, client: ClientRecord, id: number): boolean {
  return (s.tasks.state[id] ?? STATE.forgotten) !== STATE.forgotten && !client.cancelled.has(id);
}

/** Local -> task id when some tasks exist already, else undefined: then id = base + local. */
function knownTasks(
  s: SchedulerState,
  client: ClientRecord,
  facts: GraphFacts,
  base: number,
): Int32Array | undefined {
  let ids: Int32Array | undefined;
  const own = (): Int32Array => Int32Array.from({ length: facts.count }, (_, i) => base + i);
  for (let i = 0; facts.held !== undefined && i < facts.count; i++) {
    if (facts.held[i]! < 0 || !isUsable(s, client, facts.held[i]!)) continue;
    ids ??= own();
    ids[i] = facts.held[i]!;
  }
  for (const segment of facts.segments) {
    const known = segment.pure ? s.names.get(segment.name) : undefined;
    if (known === undefined) continue;
    for (let at = 0; at < segment.count; at++) {
      const row = segment.rows === undefined ? at : segment.rows[at]!;
      const position: number = known.rows === undefined ? row : indexOfSorted(known.rows, row);
      if (position < 0 || position >= known.count) continue;
      const local: number = known.start + position;
      const id = known.graph.ids === undefined ? known.graph.base + local : known.graph.ids[local]!;
      if (!isUsable(s, client, id)) continue;
      ids ??= own();
      ids[segment.start + at] = id;
    }
  }
  return ids;
}

function indexOfSorted(rows: Int32Array, row: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (rows[middle] === row) return middle;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Which local tasks must be made: those that an output needs and that no earlier graph has. */
function neededTasks(facts: GraphFacts, ids: Int32Array, base: number): Uint8Array {
  const needed = new Uint8Array(facts.count);
  const stack: number[] = [];
  const visit = (local: number): void => {
    if (needed[local] === 1 || ids[local] !== base + local) return;
    needed[local] = 1;
    stack.push(local);
  };
  for (const local of facts.outputs) visit(local);
  while (stack.length > 0) {
    const local = stack.pop()!;
    for (let e = facts.depOffsets[local]!; e < facts.depOffsets[local + 1]!; e++)
      visit(facts.deps[e]!);
  }
  return needed;
}

/** A submitting task that had been let go of before its graph came: no graph has this number. */
const GONE = 0;

/** The graph of the task that submits, while that is one. */
function graphOfParent(s: SchedulerState, id: number): GraphRecord | undefined {
  if (s.tasks.state[id] === STATE.forgotten) return undefined;
  return s.graphs[s.tasks.graph[id]!];
}

function generationOf(s: SchedulerState, parent: number | undefined): number {
  const lane = parent === undefined ? undefined : graphOfParent(s, parent)?.lanes[0];
  return lane === undefined ? ++s.generation : lane.generation - 0.01;
}

function submitting(s: SchedulerState, id: number | undefined): SubmittingTask | undefined {
  if (id === undefined) return undefined;
  return { id, serial: graphOfParent(s, id)?.serial ?? GONE, epoch: s.tasks.epoch[id] ?? 0 };
}

/** What a graph's record is made of. */
export interface GraphSource
  extends Pick<GraphRecord, "base" | "facts" | "body" | "ids" | "serial" | "parent"> {
  readonly generation: number;
}

export function makeRecord(s: SchedulerState, source: GraphSource): GraphRecord {
  const { facts, base, ids, generation } = source;
  const slot = s.freeSlots.pop() ?? s.graphs.length;
  const lanes = new Map<string, ReadyLane>();
  const laneOfTemplate = facts.templates.map((template) => {
    const table = template.lane === "table";
    const key = laneKey(template.options, table);
    const lane =
      lanes.get(key) ?? s.ready.makeLane(slot, facts.count, generation, template.options, table);
    lanes.set(key, lane);
    return lane;
  });
  const localOfRank = new Int32Array(facts.count);
  for (let i = 0; i < facts.count; i++) localOfRank[facts.rank[i]!] = i;
  const { offsets, dependents } = reverseEdges(facts, ids, base);
  return {
    slot,
    base,
    facts,
    body: source.body,
    ids,
    dependentOffsets: offsets,
    dependents,
    localOfRank,
    lanes: laneOfTemplate,
    hasBound: facts.templates.some(({ bound }) => bound !== undefined),
    live: 0,
    serial: source.serial,
    parent: source.parent,
    bringing: undefined,
    installed: new Set(),
    told: new Set(),
  };
}

function reverseEdges(
  facts: GraphFacts,
  ids: Int32Array | undefined,
  base: number,
): { offsets: Int32Array; dependents: Int32Array } {
  const { count, depOffsets, deps } = facts;
  const offsets = new Int32Array(count + 1);
  const own = (local: number): boolean => ids === undefined || ids[local] === base + local;
  for (let e = 0; e < deps.length; e++) {
    const dep = deps[e]!;
    if (own(dep)) offsets[dep + 1] = offsets[dep + 1]! + 1;
  }
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i + 1]! + offsets[i]!;
  const dependents = new Int32Array(offsets[count]!);
  const next = offsets.slice(0, count);
  for (let i = 0; i < count; i++) {
    for (let e = depOffsets[i]!; e < depOffsets[i + 1]!; e++) {
      const dep = deps[e]!;
      if (!own(dep)) continue;
      dependents[next[dep]!] = i;
      next[dep] = next[dep]! + 1;
    }
  }
  return { offsets, dependents };
}

/** Fills the columns of the graph's own tasks; edges to tasks of other graphs are noted there. */
function createTasks(s: SchedulerState, record: GraphRecord, fresh: Uint8Array | undefined): void {
  const { state, missing, waiters, dependents, wants, graph, group } = s.tasks;
  const { facts, base, ids } = record;
  const groupOf = facts.templates.map((template) => s.groups.numberOf(template.name));
  let live = 0;
  for (let local = 0; local < facts.count; local++) {
    const id = base + local;
    wants[id] = 0;
    waiters[id] = 0;
    dependents[id] = 0;
    missing[id] = 0;
    graph[id] = record.slot;
    if (fresh !== undefined && fresh[local] === 0) {
      state[id] = STATE.forgotten;
      continue;
    }
    state[id] = STATE.released;
    group[id] = groupOf[facts.template[local]!]!;
    live++;
  }
  for (let local = 0; local < facts.count; local++) {
    if (fresh !== undefined && fresh[local] === 0) continue;
    for (let e = facts.depOffsets[local]!; e < facts.depOffsets[local + 1]!; e++) {
      const dep = facts.deps[e]!;
      const id = ids === undefined ? base + dep : ids[dep]!;
      dependents[id] = dependents[id]! + 1;
      if (id === base + dep) continue;
      const list = s.foreignDependents.get(id) ?? [];
      list.push(base + local);
      s.foreignDependents.set(id, list);
    }
  }
  record.live = live;
}

/** An input that is gone, before anything waits for it. */
function failAtOnce(s: SchedulerState, client: ClientRecord, id: number, failure: Failure): void {
  s.tasks.state[id] = STATE.erred;
  s.transitions++;
  s.failures.set(id, failure);
  if (client.wants.has(id)) notifyFailed(s, client.client, id);
}

/**
 * Sets every new task waiting or queued. All of them are needed: the client has culled the graph.
 */
function start(s: SchedulerState, record: GraphRecord, fresh: Uint8Array | undefined): void {
  const { state, missing, waiters } = s.tasks;
  const { facts, base, ids } = record;
  const revived: number[] = [];
  const failing: number[] = [];
  for (let local = 0; local < facts.count; local++) {
    if (fresh !== undefined && fresh[local] === 0) continue;
    if (state[base + local] === STATE.erred) continue;
    let lacking = 0;
    for (let e = facts.depOffsets[local]!; e < facts.depOffsets[local + 1]!; e++) {
      const dep = facts.deps[e]!;
      const id = ids === undefined ? base + dep : ids[dep]!;
      waiters[id] = waiters[id]! + 1;
      if (state[id] === STATE.memory) continue;
      lacking++;
      if (state[id] === STATE.erred) failing.push(base + local);
      if (id !== base + dep && state[id] === STATE.released) revived.push(id);
    }
    missing[base + local] = lacking;
    state[base + local] = STATE.waiting;
    s.transitions++;
    if (lacking === 0) queue(s, base + local);
  }
  for (const id of revived) need(s, id);
  for (const id of failing) failFromDependencies(s, id);
}

/** Tells the client about wanted tasks that were settled before this graph came. */
function settleOutputs(
  s: SchedulerState,
  client: number,
  facts: GraphFacts,
  base: number,
  ids: Int32Array | undefined,
): void {
  if (ids === undefined) return;
  for (const local of facts.outputs) {
    const id = ids[local]!;
    if (id === base + local) continue;
    const state = s.tasks.state[id];
    if (state === STATE.memory) notifyDone(s, id);
    else if (state === STATE.released) need(s, id);
    else if (state === STATE.erred) notifyFailed(s, client, id);
  }
}

function registerNames(s: SchedulerState, record: GraphRecord): void {
  for (const segment of record.facts.segments) {
    if (!segment.pure || s.names.has(segment.name)) continue;
    const { start, count, rows } = segment;
    s.names.set(segment.name, { graph: record, start, count, rows });
  }
}

/** A graph that brought nothing new keeps no record. */
function retireEmpty(s: SchedulerState, record: GraphRecord): void {
  dispose(s, record);
  for (const local of record.facts.outputs) {
    const id = record.ids?.[local] ?? record.base + local;
    forgetIfUnneeded(s, id);
  }
}
