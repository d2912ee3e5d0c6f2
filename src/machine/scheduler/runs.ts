/**
 * @file Which worker works on which stretch of a graph. Ranks are depth first, so neighbouring ones
 * are siblings and what uses them: a worker that takes a whole stretch finds the inputs of its
 * later tasks at home, however small they are. The first worker that takes a task of a stretch has
 * it; others help when it is busy and they would idle.
 */
import type { RankSet } from "./rank-set.ts";

/** Stretches for each thread, so that slow ones even out. */
const RUNS_PER_THREAD = 4;
const RANKS_MAX = 1024;
/** So many stretches with runnable tasks are looked at for one's own. */
const LOOKED_AT_MAX = 16;

export class Runs {
  readonly #ranks: number;
  readonly #owners = new Map<number, number>();
  /** The stretch that each worker took from last. */
  readonly #last = new Map<number, number>();

  /** A graph of `count` tasks for so many threads. */
  constructor(count: number, threads: number) {
    const fair = Math.ceil(count / Math.max(1, RUNS_PER_THREAD * threads));
    this.#ranks = Math.max(1, Math.min(RANKS_MAX, fair));
  }

  /**
   * Moves up to `limit` ranks for the worker into `target`; returns how many. `mayHelp` says
   * whether tasks may be taken from the stretch of another worker.
   */
  take(
    set: RankSet,
    worker: number,
    target: Int32Array,
    limit: number,
    mayHelp: (owner: number) => boolean,
  ): number {
    const run = this.#choose(set, worker, mayHelp);
    if (run < 0) return 0;
    if (!this.#owners.has(run)) this.#owners.set(run, worker);
    if (this.#owners.get(run) === worker) this.#last.set(worker, run);
    return set.takeBetween(target, limit, run * this.#ranks, (run + 1) * this.#ranks);
  }

  /** The worker is gone: its stretches are nobody's. */
  leave(worker: number): void {
    this.#last.delete(worker);
    for (const [run, owner] of this.#owners) if (owner === worker) this.#owners.delete(run);
  }

  #choose(set: RankSet, worker: number, mayHelp: (owner: number) => boolean): number {
    const last = this.#last.get(worker);
    if (last !== undefined) {
      const rank = set.next(last * this.#ranks);
      if (rank >= 0 && this.#runOf(rank) === last) return last;
    }
    let free = -1;
    let others = -1;
    let looked = 0;
    for (let rank = set.first(); rank >= 0; ) {
      const run = this.#runOf(rank);
      const owner = this.#owners.get(run);
      if (owner === worker) return run;
      if (owner === undefined && free < 0) free = run;
      if (owner !== undefined && others < 0 && mayHelp(owner)) others = run;
      if (free >= 0 && ++looked > LOOKED_AT_MAX) break;
      rank = set.next((run + 1) * this.#ranks);
    }
    return free >= 0 ? free : others;
  }

  #runOf(rank: number): number {
    return Math.floor(rank / this.#ranks);
  }
}
