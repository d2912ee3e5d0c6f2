/**
 * @file The scheduler's queue of runnable tasks. Tasks of one graph with the same user priority,
 * constraints and lane share a `ReadyLane`: a set of ranks. Lanes are sorted by (user priority,
 * generation), so the best task for a worker is the smallest rank of the first lane it may serve.
 * Every runnable task waits here; workers hold only short leases. Tasks whose inputs are worth more
 * than a moment of transfer wait in a lane of the worker that has most of them (their home).
 */
import type { TaskOptions } from "../../core/graph.ts";
import { LaneList } from "./lane-list.ts";
import { RankSet } from "./rank-set.ts";
import type { Runs } from "./runs.ts";
import { SparseRanks } from "./sparse-ranks.ts";

/** Where tasks may run and what they hold while they do. */
export interface Constraint {
  readonly workers: readonly string[] | undefined;
  readonly allowOtherWorkers: boolean;
  readonly resources: readonly (readonly [string, number])[];
}

export interface ReadyLane {
  /** Slot of the graph whose ranks these are. */
  readonly graph: number;
  readonly userPriority: number;
  readonly generation: number;
  readonly constraint: Constraint | undefined;
  /** What the user asked for, where that constrains. */
  readonly options: TaskOptions | undefined;
  readonly table: boolean;
  /** Part of a slot that one of its tasks takes. */
  readonly share: number;
  /** Tasks that any worker may as well run as another. */
  readonly ranks: RankSet;
  listed: boolean;
  /** Tasks that have a home, by worker. */
  homes: Map<number, HomeLane> | undefined;
  /** Which worker works where in the graph; made when there are several. */
  runs: Runs | undefined;
}

/** The tasks of a lane that one worker shall run. */
export interface HomeLane {
  readonly lane: ReadyLane;
  readonly userPriority: number;
  readonly generation: number;
  readonly ranks: SparseRanks;
  listed: boolean;
}

export class ReadyQueue {
  readonly #lanes = new LaneList<ReadyLane>();
  readonly #homes = new Map<number, LaneList<HomeLane>>();
  /** Tasks that have a home, by worker. */
  readonly #waiting = new Map<number, number>();
  /** Lanes of which it is not known whether any worker may serve them. */
  #unchecked = new Set<ReadyLane>();
  /** Whether there has ever been a task for a table thread. */
  hasTables = false;

  makeLane(
    graph: number,
    ranks: number,
    generation: number,
    options: TaskOptions | undefined,
    table: boolean,
  ): ReadyLane {
    return {
      graph,
      userPriority: options?.priority ?? 0,
      generation,
      constraint: constraintOf(options),
      options,
      table,
      share: 1 / Math.max(1, options?.concurrency ?? 1),
      ranks: new RankSet(ranks),
      listed: false,
      homes: undefined,
      runs: undefined,
    };
  }

  add(lane: ReadyLane, rank: number): void {
    lane.ranks.add(rank);
    if (!lane.listed) this.#list(lane);
  }

  /** A task waits for the worker that has its inputs. */
  addAt(worker: number, lane: ReadyLane, rank: number, capacity: number): void {
    lane.homes ??= new Map();
    let home = lane.homes.get(worker);
    if (home === undefined) {
      const { userPriority, generation } = lane;
      const ranks = new SparseRanks(capacity);
      home = { lane, userPriority, generation, ranks, listed: false };
      lane.homes.set(worker, home);
    }
    home.ranks.add(rank);
    this.#count(worker, 1);
    if (home.listed) return;
    const list = this.#homes.get(worker) ?? new LaneList<HomeLane>();
    this.#homes.set(worker, list);
    list.insert(home);
  }

  deleteAt(worker: number, lane: ReadyLane, rank: number): void {
    if (lane.homes?.get(worker)?.ranks.delete(rank) === true) this.taken(worker, 1);
  }

  /** So many tasks were taken out of the lanes of a home. */
  taken(worker: number, count: number): void {
    this.#count(worker, -count);
  }

  /** The worker takes no more: returns its lanes, which nobody lists from now on. */
  leave(worker: number): HomeLane[] {
    const lanes = [...this.lanesAt(worker)];
    for (const { lane } of lanes) lane.homes!.delete(worker);
    this.#homes.delete(worker);
    this.#waiting.delete(worker);
    return lanes;
  }

  /** Tasks that wait for the worker. */
  waitingAt(worker: number): number {
    return this.#waiting.get(worker) ?? 0;
  }

  /** The workers that tasks wait for. */
  homes(): Iterable<number> {
    return this.#waiting.keys();
  }

  /** The lanes that have tasks without a home, best first. Do not keep the result. */
  lanes(): Iterable<ReadyLane> {
    return this.#lanes.all();
  }

  /** The lanes of what waits for the worker, best first. */
  lanesAt(worker: number): Iterable<HomeLane> {
    return this.#homes.get(worker)?.all() ?? [];
  }

  get hasUnchecked(): boolean {
    return this.#unchecked.size > 0;
  }

  /** The lanes that have constraints and have got tasks since the last call. */
  takeUnchecked(): Set<ReadyLane> {
    const lanes = this.#unchecked;
    this.#unchecked = new Set();
    return lanes;
  }

  /** A worker has left: others may not be allowed to do what it did. */
  checkAgain(): void {
    for (const lane of this.lanes()) if (lane.constraint !== undefined) this.#unchecked.add(lane);
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#lanes.first() === undefined;
  }

  #count(worker: number, change: number): void {
    const count = (this.#waiting.get(worker) ?? 0) + change;
    if (count === 0) this.#waiting.delete(worker);
    else this.#waiting.set(worker, count);
  }

  #list(lane: ReadyLane): void {
    if (lane.constraint !== undefined) this.#unchecked.add(lane);
    this.#lanes.insert(lane);
  }
}

/** Whether two option sets share a lane: same priority, constraints and lane of execution. */
export function laneKey(options: TaskOptions | undefined, table: boolean): string {
  if (options === undefined) return table ? "table" : "";
  const { priority, workers, allowOtherWorkers, resources, concurrency } = options;
  return JSON.stringify([table, priority, workers, allowOtherWorkers, resources, concurrency]);
}

function constraintOf(options: TaskOptions | undefined): Constraint | undefined {
  if (options === undefined) return undefined;
  const resources = Object.entries(options.resources ?? {}).filter(([, amount]) => amount > 0);
  if (options.workers === undefined && resources.length === 0) return undefined;
  return {
    workers: options.workers,
    allowOtherWorkers: options.allowOtherWorkers ?? false,
    resources,
  };
}
