/**
 * @file The scheduler's queue of runnable tasks. Tasks of one graph with the same user priority,
 * constraints and lane share a `ReadyLane`: a set of ranks. Lanes are sorted by (user priority,
 * generation), so the best task for a worker is the smallest rank of the first lane it may serve.
 * Every runnable task waits here; workers hold only short leases.
 */
import type { TaskOptions } from "../../core/graph.ts";
import { RankSet } from "./rank-set.ts";

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
  readonly ranks: RankSet;
  listed: boolean;
}

export class ReadyQueue {
  /** Lanes that have tasks, best first; emptied ones are dropped when they are met. */
  readonly #lanes: ReadyLane[] = [];
  /** Lanes of which it is not known whether any worker may serve them. */
  #unchecked = new Set<ReadyLane>();

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
    };
  }

  add(lane: ReadyLane, rank: number): void {
    lane.ranks.add(rank);
    if (!lane.listed) this.#list(lane);
  }

  /** The lanes that have tasks, best first. Do not keep the result. */
  *lanes(): Generator<ReadyLane> {
    for (let i = 0; i < this.#lanes.length; ) {
      const lane = this.#lanes[i]!;
      if (lane.ranks.size === 0) {
        lane.listed = false;
        this.#lanes.splice(i, 1);
        continue;
      }
      yield lane;
      if (this.#lanes[i] === lane) i++;
    }
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
    for (const _ of this.lanes()) return false;
    return true;
  }

  #list(lane: ReadyLane): void {
    if (lane.constraint !== undefined) this.#unchecked.add(lane);
    let low = 0;
    let high = this.#lanes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comesBefore(this.#lanes[middle]!, lane)) low = middle + 1;
      else high = middle;
    }
    this.#lanes.splice(low, 0, lane);
    lane.listed = true;
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

function comesBefore(a: ReadyLane, b: ReadyLane): boolean {
  if (a.userPriority !== b.userPriority) return a.userPriority > b.userPriority;
  return a.generation <= b.generation;
}
