/**
 * @file All that the scheduler machine knows, and the small questions asked of it everywhere: the
 * dependencies and dependents of a task, its key, its graph. Changes happen in `transitions.ts`,
 * `accept.ts`, `clients.ts`, `workers.ts`.
 */

import type { ErrorCode } from "../../core/errors.ts";
import type { Bound } from "../../core/graph.ts";
import { taskKey } from "../../core/task-graph.ts";
import { IdSet } from "../id-set.ts";
import { Cuts } from "./cuts.ts";
import type { GraphFacts } from "./events.ts";
import type { FactLog } from "./facts.ts";
import { FunctionGroups } from "./groups.ts";
import type { LeaseLog } from "./lease-log.ts";
import { Outbox } from "./outbox.ts";
import type { Avoided, Stranded } from "./reach.ts";
import { type ReadyLane, ReadyQueue } from "./ready.ts";
import { NOBODY, STATE, TaskTable } from "./task-table.ts";

/** A graph in the scheduler: its columns, the reverse edges and what is queued of it. */
export interface GraphRecord {
  readonly slot: number;
  readonly base: number;
  readonly facts: GraphFacts;
  readonly body: unknown;
  /** Task id of each local id when some are tasks of other graphs; else id = base + local id. */
  readonly ids: Int32Array | undefined;
  /** Dependents of local task `i`, as local ids: `dependents[dependentOffsets[i] .. [i + 1]]`. */
  readonly dependentOffsets: Int32Array;
  readonly dependents: Int32Array;
  readonly localOfRank: Int32Array;
  /** Ready lane and function group of each template. */
  readonly lanes: readonly ReadyLane[];
  /** Whether some template is `bound`. */
  readonly hasBound: boolean;
  /** Tasks that are not forgotten; the record goes when it is 0. */
  live: number;
  readonly serial: number;
  /** The task that submitted it while it ran. */
  readonly parent: SubmittingTask | undefined;
  /** Who is bringing its values. */
  readonly bringing: Bringing | undefined;
  /** Workers that can run its tasks, and all that were ever told of one of its ids. */
  readonly installed: Set<number>;
  readonly told: Set<number>;
}

/** A client that was told where to bring values to, and may be told of other places. */
export interface Bringing {
  readonly client: number;
  readonly request: number;
  /** Workers that it may be, by name; undefined: any. */
  readonly workers: readonly string[] | undefined;
  /** How often each value had to be brought elsewhere. */
  readonly tries: Map<number, number>;
}

/** A task of the graph with this number, for as long as there is one of that number. */
export interface SubmittingTask {
  readonly id: number;
  readonly serial: number;
  /** Of the lease under which it was running. */
  readonly epoch: number;
}

export interface WorkerRecord {
  readonly worker: number;
  readonly address: string;
  readonly name: string;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  readonly leasesMax: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly used: Map<string, number>;
  leased: number;
  /** Slots that the leases take: less than their number where tasks share slots. */
  slotsUsed: number;
  /** Leased tasks that wait for others and hold no slot. */
  readonly waiting: Set<number>;
  tableLeased: number;
  /** Leases by function group. */
  readonly leasedOfGroup: Map<number, number>;
  /** What it has been given, in order. */
  readonly log: LeaseLog;
  roundTripMs: number;
  /** How fast values come to it. */
  bytesPerMs: number;
  /** When it has made a copy last that was wished for. */
  copiedMs: number;
  /** No leases until further notice. */
  isPaused: boolean;
  /** Its values are moving to others, and it gets no leases. */
  isRetiring: boolean;
  /** It goes, also when nobody takes what it has. */
  isLeaving: boolean;
  /** Graphs of an earlier life that it still has to let go of before it can do anything. */
  readonly stale: Set<number>;
  /** The suspect that it runs, and nothing else with it, or NOBODY. */
  trial: number;
  /** When it was last heard to have ended something, or got its first lease. */
  progressMs: number;
  /** Leases were recalled from it: until it ends something it gets only what it can run at once. */
  isBehind: boolean;
  /**
   * Leases that it was asked for back, and has neither given back nor begun, as far as is known.
   */
  recalled: number;
}

/** What is wished of one value. */
export interface CopyWish {
  /** On how many workers it shall lie, none of which is to go. */
  copies: number;
  /** Stays until the value goes: copies that are lost are made again. */
  isLasting: boolean;
  /** The worker that is making a copy, or NOBODY; and when it was asked to. */
  target: number;
  askedMs: number;
  /** The worker that has made a copy and does not drop it, or NOBODY. */
  kept: number;
  /** The worker that shall not keep it once there is another copy, or NOBODY. */
  from: number;
  /** When a copy failed first that has not been made since; else infinite. */
  failedMs: number;
}

export interface ClientRecord {
  readonly client: number;
  readonly wants: IdSet;
  /**
   * Tasks that were cancelled for the client and that it still refers to: their records stay (each
   * counts as a dependent), so that no other task gets their ids meanwhile.
   */
  readonly cancelled: IdSet;
  /**
   * Tasks that the client's graphs have asked for again, with the number of the last such request:
   * a release that the client sent before it knew of that does not count.
   */
  readonly askedAgain: Map<number, number>;
}

/** An error that the machine itself makes; shells turn it into a HeddleError. */
export interface PlainError {
  readonly plain: true;
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export function plainError(
  code: ErrorCode,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
): PlainError {
  return fields === undefined
    ? { plain: true, code, message }
    : { plain: true, code, message, fields };
}

/** Why a task is erred. */
export interface Failure {
  readonly error: unknown;
  /** Key of the task that failed itself. */
  readonly culprit: string;
  readonly culpritId: number;
  readonly attempts: number;
}

/** Attempts of one task, by who was to blame. */
export interface Attempts {
  user: number;
  worker: number;
  memory: number;
  /** The most deaths that one of the tasks is to blame for which its present run has submitted. */
  ofChildren: number;
}

/** Where a pure layer's tasks are, so that the same work is not done twice. */
export interface NamedTasks {
  readonly graph: GraphRecord;
  readonly start: number;
  readonly count: number;
  readonly rows: Int32Array | undefined;
}

export interface SchedulerOptions {
  /**
   * How often a task may be on a dying thread or worker before it fails with KilledWorker; default
   * 3.
   */
  readonly allowedFailures: number;
  /** Expected time for a message to a worker and back; default 0.1. */
  readonly roundTripMs: number;
  /**
   * Inputs of this size together keep a task where they are, unless it would wait there for longer
   * than bringing them elsewhere takes; default 65,536: 0.1 ms on a fast network.
   */
  readonly homeBytes: number;
}

export class SchedulerState {
  readonly options: SchedulerOptions;
  readonly tasks: TaskTable = new TaskTable();
  readonly graphs: (GraphRecord | undefined)[] = [];
  readonly names: Map<string, NamedTasks> = new Map();
  readonly ready: ReadyQueue = new ReadyQueue();
  readonly groups: FunctionGroups = new FunctionGroups();
  readonly workers: Map<number, WorkerRecord> = new Map();
  readonly clients: Map<number, ClientRecord> = new Map();
  readonly failures: Map<number, Failure> = new Map();
  readonly attempts: Map<number, Attempts> = new Map();
  /** Dependents in other graphs than the task's own. */
  readonly foreignDependents: Map<number, number[]> = new Map();
  /** Further holders of values, beside the column `holder`. */
  readonly replicas: Map<number, number[]> = new Map();
  /** Bytes of the values that each worker has, by number. */
  #heldBytes: Float64Array = new Float64Array(16);
  /**
   * Whether values may lie elsewhere than where they are used: false as long as there has been one
   * worker only, and then nothing need be asked.
   */
  isSpread = false;
  readonly cuts: Cuts = new Cuts();
  /** Tasks whose inputs could not be had (`stranded.ts`); those of them to be looked at. */
  readonly stranded: Map<number, Stranded> = new Map();
  readonly unreached: Set<number> = new Set();
  /** Values that are made again for whoever could not read them where they were. */
  readonly avoided: Map<number, Avoided> = new Map();
  /** Queued tasks that are not to be leased yet, with the time to try again. */
  readonly parked: Map<number, number> = new Map();
  /**
   * Tasks that were on a worker when it died, none of them convicted: how often each was. They run
   * alone until it is known what they do.
   */
  readonly suspects: Map<number, number> = new Map();
  /** Queued suspects. */
  readonly trials: Set<number> = new Set();
  /** The worker that gets nothing more until it is free for a suspect, or NOBODY. */
  drained: number = NOBODY;
  /** Values that a client will bring when there is a worker that may take them. */
  readonly unplaced: Set<number> = new Set();
  /** Queued tasks whose inputs no worker has room for. */
  readonly oversized: Set<number> = new Set();
  /** When leases on slow workers should be looked at again. */
  recallMs: number = Number.POSITIVE_INFINITY;
  /** When tasks should be looked at again that wait for a worker that ends nothing. */
  stealMs: number = Number.POSITIVE_INFINITY;
  /** Copies that shall be made on purpose (`copies.ts`); and those of them to be looked at. */
  readonly wishes: Map<number, CopyWish> = new Map();
  readonly unsettled: Set<number> = new Set();
  /** Those that no worker can take now, and when it is tried again at the latest. */
  readonly stuckCopies: Set<number> = new Set();
  stuckUntilMs = 0;
  /** Workers that are to go, with the values that must be copied first. */
  readonly retiring: Map<WorkerRecord, Set<number>> = new Map();
  /** When it is looked again whether somebody has room for these. */
  retireMs: number = Number.POSITIVE_INFINITY;
  /** Workers that may take leases. */
  readonly open: Set<WorkerRecord> = new Set();
  /** Those of them that may have room for more, and workers with leases that wait (`rooms.ts`). */
  readonly roomy: Set<WorkerRecord> = new Set();
  readonly crowded: Set<WorkerRecord> = new Set();
  nowMs = 0;
  readonly out: Outbox;
  /** Hears what must outlive the scheduler, if anybody wants to know. */
  facts: FactLog | undefined;
  /**
   * The scheduler has started anew with what it knew before: where values are will be known when
   * the workers have come back, and nothing is given to anybody until then.
   */
  isRecovering = false;
  /** Forgotten graphs by base, with the workers that may still be busy with a task of theirs. */
  readonly closing: Map<number, { readonly record: GraphRecord; readonly workers: Set<number> }> =
    new Map();
  /** Unused places in `graphs`. */
  readonly freeSlots: number[] = [];
  /** Warnings that have been given. */
  readonly warnings: Set<string> = new Set();
  generation = 0;
  /** Number of the last graph. */
  serial = 0;
  transitions = 0;

  constructor(options: Partial<SchedulerOptions> = {}) {
    this.options = { allowedFailures: 3, roundTripMs: 0.1, homeBytes: 65_536, ...options };
    this.out = new Outbox(this.tasks);
  }

  /** Bytes of the values that the worker has. */
  heldBytes(worker: number): number {
    return this.#heldBytes[worker] ?? 0;
  }

  addHeldBytes(worker: number, bytes: number): void {
    if (worker === NOBODY) return;
    if (worker >= this.#heldBytes.length) {
      const larger = new Float64Array(2 * worker);
      larger.set(this.#heldBytes);
      this.#heldBytes = larger;
    }
    this.#heldBytes[worker] = this.#heldBytes[worker]! + bytes;
  }

  forgetHeldBytes(worker: number): void {
    this.#heldBytes[worker] = 0;
  }

  /** Whether this lease is the one that the task is under. */
  readonly isCurrent = (id: number, epoch: number): boolean =>
    this.tasks.state[id] === STATE.leased && this.tasks.epoch[id] === epoch;

  graphOf(id: number): GraphRecord {
    return this.graphs[this.tasks.graph[id]!]!;
  }

  /** Calls `visit` with each dependency of `id`. */
  eachDependency(id: number, visit: (dep: number) => void): void {
    const record = this.graphOf(id);
    const { depOffsets, deps } = record.facts;
    const local = id - record.base;
    for (let e = depOffsets[local]!; e < depOffsets[local + 1]!; e++) {
      visit(globalId(record, deps[e]!));
    }
  }

  /** Calls `visit` with each dependent of `id`, in any state. */
  eachDependent(id: number, visit: (dependent: number) => void): void {
    const record = this.graphOf(id);
    const local = id - record.base;
    for (let e = record.dependentOffsets[local]!; e < record.dependentOffsets[local + 1]!; e++) {
      visit(record.base + record.dependents[e]!);
    }
    const foreign = this.foreignDependents.get(id);
    if (foreign !== undefined) for (const dependent of foreign) visit(dependent);
  }

  /**
   * False for values that a client has brought (scatter), and for inputs that were gone when their
   * graph came.
   */
  hasRecipe(id: number): boolean {
    const record = this.graphOf(id);
    return record.facts.template[id - record.base]! >= 0;
  }

  /** See `Template`. */
  boundOf(id: number): Bound | undefined {
    const record = this.graphOf(id);
    if (!record.hasBound) return undefined;
    return record.facts.templates[record.facts.template[id - record.base]!]?.bound;
  }

  keyOf(id: number): string {
    const record = this.graphOf(id);
    return taskKey(record.facts, id - record.base);
  }

  client(client: number): ClientRecord {
    let record = this.clients.get(client);
    if (record === undefined) {
      record = { client, wants: new IdSet(), cancelled: new IdSet(), askedAgain: new Map() };
      this.clients.set(client, record);
    }
    return record;
  }
}

export function globalId(record: GraphRecord, local: number): number {
  return record.ids === undefined ? record.base + local : record.ids[local]!;
}

/** What is counted of a task's attempts; begins with none. */
export function attemptsOf(s: SchedulerState, id: number): Attempts {
  let attempts = s.attempts.get(id);
  if (attempts === undefined) {
    attempts = { user: 0, worker: 0, memory: 0, ofChildren: 0 };
    s.attempts.set(id, attempts);
  }
  return attempts;
}
