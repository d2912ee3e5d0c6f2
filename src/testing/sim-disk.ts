/**
 * @file The heap and the disk of a simulated worker: which values lie where, and how many bytes
 * they take. The disk has a size, takes random time, and may lose files.
 */
import { assert } from "../core/errors.ts";
import type { Prng } from "../core/prng.ts";
import type { SimClock } from "./sim-clock.ts";

/** A value: what it is, and its size. */
export interface SimValue {
  readonly name: string;
  readonly bytes: number;
}

export interface SimDiskOptions {
  /** Files of this many bytes fit on the disk. */
  readonly diskBytes: number;
  /** Chance that a file cannot be read back. */
  readonly lossRate: number;
}

type Ended = (error?: string) => void;

export class SimStore {
  readonly heap: Map<number, SimValue> = new Map();
  readonly disk: Map<number, SimValue> = new Map();
  /** Bytes that threads have been granted and have not made values of. */
  grantedBytes = 0;
  spills = 0;
  losses = 0;
  readonly #clock: SimClock;
  readonly #prng: Prng;
  readonly #options: SimDiskOptions;

  constructor(clock: SimClock, prng: Prng, options: SimDiskOptions) {
    this.#clock = clock;
    this.#prng = prng;
    this.#options = options;
  }

  get usedBytes(): number {
    let used = this.grantedBytes;
    for (const { bytes } of this.heap.values()) used += bytes;
    return used;
  }

  put(id: number, value: SimValue): void {
    assert(!this.heap.has(id), `the value ${id} is made twice`);
    assert(!this.disk.has(id), `the value ${id} is made although it is on disk`);
    this.heap.set(id, value);
  }

  spill(id: number, ended: Ended): void {
    const value = this.heap.get(id);
    assert(value, `the value ${id} is spilled but is not in the heap`);
    assert(!this.disk.has(id), `the value ${id} is spilled twice`);
    this.spills++;
    this.#clock.after(0.1 + this.#prng.random(), () => {
      let used = value.bytes;
      for (const { bytes } of this.disk.values()) used += bytes;
      if (used > this.#options.diskBytes) return ended("the disk is full");
      this.disk.set(id, value);
      ended();
    });
  }

  /** The file is complete: the heap's copy goes. */
  evict(id: number): void {
    assert(this.disk.has(id) && this.heap.delete(id), `${id} is evicted without a copy on disk`);
  }

  /** The file is not needed: the value stays in the heap. */
  keep(id: number): void {
    assert(this.heap.has(id) && this.disk.delete(id), `${id} is kept but is not in both places`);
  }

  unspill(id: number, ended: Ended): void {
    const value = this.disk.get(id);
    assert(value, `the value ${id} is read back but is not on disk`);
    this.#clock.after(0.1 + this.#prng.random(), () => {
      assert(this.disk.delete(id), `the file of ${id} is gone while it is read`);
      if (this.#prng.random() < this.#options.lossRate) {
        this.losses++;
        return ended("the file is damaged");
      }
      this.heap.set(id, value);
      ended();
    });
  }

  discard(id: number, onDisk: boolean): void {
    const place = onDisk ? this.disk : this.heap;
    assert(place.has(id), `${id} is discarded but is not ${onDisk ? "on disk" : "in the heap"}`);
    place.delete(id);
    assert(!this.heap.has(id) && !this.disk.has(id), `a copy of the discarded value ${id} is left`);
  }
}
