/**
 * @file The scheduler's tasks: one typed array per fact, indexed by task id. No object per task.
 * Which fact belongs to which state is written at each column; `validate.ts` checks it.
 */
import { IdRanges } from "./id-ranges.ts";

/** States of a task; the names are those users know from dask.distributed. */
export const STATE = {
  /** No such task (a free id). */
  forgotten: 0,
  /** Known, value not needed now: kept so that it can be computed again. */
  released: 1,
  /** Some dependencies are not in memory. */
  waiting: 2,
  /** May run; in the ready queue. */
  queued: 3,
  /** Given to a worker under the current epoch. */
  leased: 4,
  /** Its value is at `holder`. */
  memory: 5,
  /** Failed; see `failures`. */
  erred: 6,
} as const;

export const STATE_NAMES: readonly string[] = Object.keys(STATE);

/** No worker. */
export const NOBODY = -1;

export class TaskTable {
  readonly ranges: IdRanges = new IdRanges();
  #capacity = 0;
  #firstEpoch = 0;

  state: Uint8Array = new Uint8Array(0);
  /**
   * Counts leases of this id over all its lives; a message with another epoch is about the past.
   */
  epoch: Int32Array = new Int32Array(0);
  /** Dependencies not in memory; meaningful in `waiting`. */
  missing: Int32Array = new Int32Array(0);
  /** Dependents that still have to run and will read the value. */
  waiters: Int32Array = new Int32Array(0);
  /** Dependents that exist in any state: the recipe is kept for them. */
  dependents: Int32Array = new Int32Array(0);
  /** Clients that want the value. */
  wants: Uint16Array = new Uint16Array(0);
  /** Slot of the graph the task belongs to. */
  graph: Int32Array = new Int32Array(0);
  /** Function group, for statistics. */
  group: Int32Array = new Int32Array(0);
  /**
   * Worker that runs it (`leased`), has the value (`memory`; others may have it too, see
   * `replicas.ts`) or shall run it if it can (`queued`); `NOBODY` when there is none.
   */
  holder: Int32Array = new Int32Array(0);
  /** Size of the value (`memory`). */
  bytes: Float64Array = new Float64Array(0);

  /**
   * Of values that are words (`memory`): their tags, 0 for all others. Made when the first one
   * comes.
   */
  tags: Uint8Array | undefined;
  words: Float64Array | undefined;

  /** Bytes of the columns for one task. */
  static readonly bytesPerTask: number = 1 + 4 * 4 + 2 + 4 + 4 + 4 + 8;

  get capacity(): number {
    return this.#capacity;
  }

  allocate(count: number): number {
    const base = this.ranges.allocate(count);
    if (this.ranges.end > this.#capacity) this.#grow(this.ranges.end);
    return base;
  }

  /** Takes ids that are known to be free. */
  claim(base: number, count: number): void {
    this.ranges.claim(base, count);
    if (this.ranges.end > this.#capacity) this.#grow(this.ranges.end);
  }

  free(base: number, count: number): void {
    this.ranges.free(base, count);
  }

  /** The value of `id` is this word; tag 0: it lies at its holder. */
  setWord(id: number, tag: number, word: number): void {
    if (this.tags === undefined) {
      if (tag === 0) return;
      this.tags = new Uint8Array(this.#capacity);
      this.words = new Float64Array(this.#capacity);
    }
    this.tags[id] = tag;
    this.words![id] = word;
  }

  /** Whether the value of a task in memory is a word. */
  isWord(id: number): boolean {
    return this.tags !== undefined && this.tags[id] !== 0;
  }

  /** Tasks without an id yet begin with this epoch. */
  beginEpochsAt(epoch: number): void {
    this.#firstEpoch = epoch;
    this.epoch.fill(epoch, this.ranges.end);
  }

  #grow(needed: number): void {
    const capacity = Math.max(
      1024,
      needed + (needed >> 3),
      Math.min(this.#capacity * 2, needed * 2),
    );
    this.state = grown(this.state, new Uint8Array(capacity));
    this.epoch = grown(this.epoch, new Int32Array(capacity).fill(this.#firstEpoch));
    this.missing = grown(this.missing, new Int32Array(capacity));
    this.waiters = grown(this.waiters, new Int32Array(capacity));
    this.dependents = grown(this.dependents, new Int32Array(capacity));
    this.wants = grown(this.wants, new Uint16Array(capacity));
    this.graph = grown(this.graph, new Int32Array(capacity));
    this.group = grown(this.group, new Int32Array(capacity));
    this.holder = grown(this.holder, new Int32Array(capacity));
    this.bytes = grown(this.bytes, new Float64Array(capacity));
    if (this.tags !== undefined) this.tags = grown(this.tags, new Uint8Array(capacity));
    if (this.words !== undefined) this.words = grown(this.words, new Float64Array(capacity));
    this.#capacity = capacity;
  }
}

function grown<A extends { set(from: A): void }>(from: A, to: A): A {
  to.set(from);
  return to;
}
