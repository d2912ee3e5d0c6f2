/**
 * @file What a worker does about the memory that its whole process takes, which is more than its
 * values: V8's heaps, buffers of tasks, libraries. Up to a share of the limit values have theirs;
 * beyond that they have to give way, then the worker gets no more tasks, and at last its supervisor
 * ends it. As in Dask, with Dask's shares.
 */

/** Shares of the memory limit; false switches a step off. */
export interface MemoryShares {
  readonly target: number | false;
  readonly spill: number | false;
  readonly pause: number | false;
  readonly terminate: number | false;
}

/** What is measured, in bytes. */
export interface MemoryReading {
  /** Resident memory of the process. */
  readonly rssBytes: number;
  /** How much of the heap's arenas was ever in use, and what is in use now. */
  readonly reachedBytes: number;
  readonly usedBytes: number;
  /** Tasks that run. */
  readonly running: number;
  /** What the table engine has of the values' share. */
  readonly tableBytes: number;
}

/** A worker is paused until it takes so much less than at first, as a share of its limit. */
const HYSTERESIS = 0.05;
/** Values keep so much of their share, whatever else the process takes: tasks need their inputs. */
const LEAST_SHARE = 0.5;
/** And so much where that comes on top of what the table engine has of it: its inputs are small. */
const LEAST_BESIDE_TABLE = 0.25;
/** Share of values where no target is given. */
const ALL = 1;
/** What the rest of the process takes is believed to become less by so much with each reading. */
const DECAY = 0.99;

/**
 * Memory of a process without the arenas' free room, which values will take before anything new.
 */
export function takenBytes(reading: Omit<MemoryReading, "running" | "tableBytes">): number {
  const { rssBytes, reachedBytes, usedBytes } = reading;
  return Math.max(usedBytes, rssBytes - (reachedBytes - usedBytes));
}

/** Judges one reading after the other. */
export class MemoryPressure {
  /** Whether the worker should get no more tasks. */
  isPaused = false;
  /** What values may take now. */
  valuesBytes: number;
  /** What values may take when nothing can be done to make room: more would end the process. */
  mostBytes: number;
  /** The same by the last reading alone: right where no task runs. */
  mostAtRestBytes: number;
  readonly #limitBytes: number;
  readonly #shares: MemoryShares;
  #othersBytes = 0;

  constructor(limitBytes: number, shares: MemoryShares) {
    this.#limitBytes = limitBytes;
    this.#shares = shares;
    this.valuesBytes = this.#targetBytes;
    this.mostBytes = limitBytes;
    this.mostAtRestBytes = limitBytes;
  }

  /** Part of the limit that is for values. */
  get #targetBytes(): number {
    return Math.floor((this.#shares.target || ALL) * this.#limitBytes);
  }

  /** Takes one of the readings that come at regular intervals; returns the bytes that count. */
  read(reading: MemoryReading): number {
    this.#othersBytes *= DECAY;
    return this.look(reading);
  }

  /** Takes a reading between those. */
  look(reading: MemoryReading): number {
    const taken = takenBytes(reading);
    const othersBytes = taken - reading.usedBytes;
    this.#judgeValues(othersBytes, reading.tableBytes);
    this.#judgeMost(othersBytes);
    this.#judgePause(taken, reading.running);
    return taken;
  }

  #judgeValues(othersBytes: number, tableBytes: number): void {
    const { spill } = this.#shares;
    const target = this.#targetBytes;
    if (spill === false) return;
    const room = Math.floor(spill * this.#limitBytes - othersBytes);
    const least = Math.max(LEAST_SHARE * target - tableBytes, LEAST_BESIDE_TABLE * target);
    this.valuesBytes = Math.max(least, Math.min(target, room));
  }

  /**
   * What the rest takes goes up and down with each task (its buffers, and what is collected of them
   * later), and values that are not written yet hide it: the most of it counts for a while.
   */
  #judgeMost(othersBytes: number): void {
    const { pause, terminate } = this.#shares;
    if (pause === false) return;
    this.#othersBytes = Math.max(othersBytes, this.#othersBytes);
    const bytes = ((pause + (terminate || ALL)) / 2) * this.#limitBytes;
    this.mostBytes = Math.max(this.valuesBytes, bytes - this.#othersBytes);
    this.mostAtRestBytes = Math.max(this.valuesBytes, bytes - othersBytes);
  }

  #judgePause(taken: number, running: number): void {
    const { pause } = this.#shares;
    // Where nothing runs, nothing ends: waiting would free no memory.
    if (pause === false || running === 0) this.isPaused = false;
    else if (taken > pause * this.#limitBytes) this.isPaused = true;
    else if (taken < (pause - HYSTERESIS) * this.#limitBytes) this.isPaused = false;
  }
}
