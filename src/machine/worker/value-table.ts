/**
 * @file What the worker machine knows of each task id, one typed array per fact, and the list of
 * evictable values in the order of their last use (linked through two of the columns).
 */

/** Where the value of an id is. */
export const PLACE = { nowhere: 0, memory: 1, disk: 2 } as const;

/** The one operation under way for an id. */
export const ACTIVITY = {
  none: 0,
  /** Leased, waits for memory or for inputs from disk. */
  admission: 1,
  /** Handed to the threads: waiting in the ring, or running. */
  running: 2,
  spilling: 3,
  unspilling: 4,
  /** On its way from another worker. */
  fetching: 5,
  /** A client will bring it; or is bringing it. */
  expecting: 6,
  receiving: 7,
} as const;

/** How a value has come here. */
export const ORIGIN = {
  /** Made or brought here, or kept for the scheduler: it must not go. */
  own: 0,
  /** Fetched for a task: the original is elsewhere. */
  copy: 1,
  /** A word that came with leases: goes with the last of them. */
  lent: 2,
} as const;

/** Values of `unwanted`. */
export const UNWANTED = {
  no: 0,
  /**
   * The scheduler has taken the lease back, or freed the value, while an operation was under way.
   */
  yes: 1,
  /** The lease is given back if its task has not been started. */
  recalled: 2,
} as const;

const NIL = -1;

export class ValueTable {
  #capacity = 0;
  place: Uint8Array = new Uint8Array(0);
  activity: Uint8Array = new Uint8Array(0);
  /** See `UNWANTED`. */
  unwanted: Uint8Array = new Uint8Array(0);
  /** See `ORIGIN`. */
  origin: Uint8Array = new Uint8Array(0);
  /** Epoch of the lease (`admission`, `running`), or of the run that made the value. */
  epoch: Int32Array = new Int32Array(0);
  /** Running tasks and readers that use the value: it may not move while there are any. */
  pins: Int32Array = new Int32Array(0);
  /** Inputs that are not in memory yet (`admission`). */
  lacking: Int32Array = new Int32Array(0);
  graph: Int32Array = new Int32Array(0);
  /** Size of the value; while the task runs, what is reserved for it. */
  bytes: Float64Array = new Float64Array(0);
  #before: Int32Array = new Int32Array(0);
  #after: Int32Array = new Int32Array(0);
  #oldest = NIL;
  #newest = NIL;
  /** Sum of the sizes of the values in the list. */
  evictableBytes = 0;

  ensure(end: number): void {
    if (end <= this.#capacity) return;
    const capacity = Math.max(1024, end + (end >> 3));
    this.place = grown(this.place, new Uint8Array(capacity));
    this.activity = grown(this.activity, new Uint8Array(capacity));
    this.unwanted = grown(this.unwanted, new Uint8Array(capacity));
    this.origin = grown(this.origin, new Uint8Array(capacity));
    this.epoch = grown(this.epoch, new Int32Array(capacity));
    this.pins = grown(this.pins, new Int32Array(capacity));
    this.lacking = grown(this.lacking, new Int32Array(capacity));
    this.graph = grown(this.graph, new Int32Array(capacity));
    this.bytes = grown(this.bytes, new Float64Array(capacity));
    this.#before = grown(this.#before, new Int32Array(capacity).fill(NIL));
    this.#after = grown(this.#after, new Int32Array(capacity).fill(NIL));
    this.#capacity = capacity;
  }

  get end(): number {
    return this.#capacity;
  }

  /** Whether the id has a value, a reader or an operation under way. */
  isBusy(id: number): boolean {
    return (
      this.activity[id] !== ACTIVITY.none || this.pins[id]! > 0 || this.place[id] !== PLACE.nowhere
    );
  }

  /** Puts a value at the young end of the evictable list, if it may be evicted at all. */
  list(id: number): void {
    if (this.bytes[id] === 0 || this.pins[id]! > 0 || this.place[id] !== PLACE.memory) return;
    if (this.#isListed(id)) return;
    this.#before[id] = this.#newest;
    this.#after[id] = NIL;
    if (this.#newest === NIL) this.#oldest = id;
    else this.#after[this.#newest] = id;
    this.#newest = id;
    this.evictableBytes += this.bytes[id]!;
  }

  unlist(id: number): void {
    if (!this.#isListed(id)) return;
    const before = this.#before[id]!;
    const after = this.#after[id]!;
    if (before === NIL) this.#oldest = after;
    else this.#after[before] = after;
    if (after === NIL) this.#newest = before;
    else this.#before[after] = before;
    this.#before[id] = NIL;
    this.#after[id] = NIL;
    this.evictableBytes -= this.bytes[id]!;
  }

  /** The value unused for longest, or -1. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Size of the largest value on disk; looks at all values. */
  get largestOnDisk(): number {
    let largest = 0;
    for (
      let id = this.place.indexOf(PLACE.disk);
      id >= 0;
      id = this.place.indexOf(PLACE.disk, id + 1)
    ) {
      largest = Math.max(largest, this.bytes[id]!);
    }
    return largest;
  }

  #isListed(id: number): boolean {
    return this.#before[id] !== NIL || this.#oldest === id;
  }
}

function grown<A extends { set(from: A): void }>(from: A, to: A): A {
  to.set(from);
  return to;
}
