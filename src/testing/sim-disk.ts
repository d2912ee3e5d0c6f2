/**
 * @file The heap and the disk of a simulated worker: which values lie where, and how many bytes
 * they take. Small values share slabs, whose room comes back with their last value. The disk has a
 * size, takes random time, and may lose files.
 */
import { assert } from "../core/errors.ts";
import type { Prng } from "../core/prng.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimPart } from "./sim-exchange.ts";

/** A value: what it is, and its size. */
export interface SimValue {
  readonly name: string;
  readonly bytes: number;
  /** What it tells of, at whatever worker that lies. */
  readonly parts?: readonly SimPart[];
  /** Its bytes, where tasks really do something. */
  readonly encoded?: Uint8Array;
}

export interface SimDiskOptions {
  /** Files of this many bytes fit on the disk. */
  readonly diskBytes: number;
  /** Most time that a file takes. */
  readonly diskMs: number;
  /** Chance that a file cannot be read back. */
  readonly lossRate: number;
  /** Values up to this size go into slabs of `slabBytes`; 0: there are none. */
  readonly slabValueBytes: number;
  readonly slabBytes: number;
}

/** Room that one thread fills with small values. */
interface SimSlab {
  usedBytes: number;
  live: number;
  isClosed: boolean;
}

type Ended = (error?: string) => void;

export class SimStore {
  readonly heap: Map<number, SimValue> = new Map();
  readonly disk: Map<number, SimValue> = new Map();
  /** Bytes that threads have been granted and have not made values of. */
  grantedBytes = 0;
  spills = 0;
  losses = 0;
  readonly #lent = new Set<number>();
  readonly #slabs = new Set<SimSlab>();
  readonly #slabOf = new Map<number, SimSlab>();
  /** The slabs that are being filled, by thread. */
  readonly #open = new Map<number, SimSlab>();
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
    for (const [id, { bytes }] of this.heap) if (!this.#slabOf.has(id)) used += bytes;
    return used + this.#slabs.size * this.#options.slabBytes;
  }

  isSmall(bytes: number): boolean {
    return bytes <= this.#options.slabValueBytes;
  }

  /** Whether a small value goes into the slab that the thread has. */
  fitsSlab(thread: number, bytes: number): boolean {
    const slab = this.#open.get(thread);
    return slab !== undefined && slab.usedBytes + bytes <= this.#options.slabBytes;
  }

  openSlab(thread: number): void {
    this.closeSlab(thread);
    const slab: SimSlab = { usedBytes: 0, live: 0, isClosed: false };
    this.#slabs.add(slab);
    this.#open.set(thread, slab);
  }

  closeSlab(thread: number): void {
    const slab = this.#open.get(thread);
    if (slab === undefined) return;
    this.#open.delete(thread);
    slab.isClosed = true;
    if (slab.live === 0) this.#slabs.delete(slab);
  }

  /** Small values that a thread has made are in its slab. */
  put(id: number, value: SimValue, thread?: number): void {
    if (this.#lent.delete(id)) this.heap.delete(id);
    assert(!this.heap.has(id), `the value ${id} is made twice`);
    assert(!this.disk.has(id), `the value ${id} is made although it is on disk`);
    this.heap.set(id, value);
    if (thread === undefined || value.bytes === 0 || !this.isSmall(value.bytes)) return;
    const slab = this.#open.get(thread);
    assert(slab && this.fitsSlab(thread, value.bytes), `${id} has no place in a slab`);
    slab.usedBytes += value.bytes;
    slab.live++;
    this.#slabOf.set(id, slab);
  }

  /** A word that came with a lease; what a thread makes takes its place. */
  lend(id: number, value: SimValue): void {
    assert(this.find(id) === undefined, `the word ${id} comes although it is there`);
    this.#lent.add(id);
    this.heap.set(id, value);
  }

  /** The value, wherever it is. */
  find(id: number): SimValue | undefined {
    return this.heap.get(id) ?? this.disk.get(id);
  }

  #remove(id: number): boolean {
    this.#lent.delete(id);
    const slab = this.#slabOf.get(id);
    if (slab !== undefined) {
      this.#slabOf.delete(id);
      slab.live--;
      if (slab.isClosed && slab.live === 0) this.#slabs.delete(slab);
    }
    return this.heap.delete(id);
  }

  spill(id: number, ended: Ended): void {
    const value = this.heap.get(id);
    assert(value, `the value ${id} is spilled but is not in the heap`);
    assert(!this.disk.has(id), `the value ${id} is spilled twice`);
    this.spills++;
    this.#clock.after(0.1 + this.#options.diskMs * this.#prng.random(), () => {
      let used = value.bytes;
      for (const { bytes } of this.disk.values()) used += bytes;
      if (used > this.#options.diskBytes) return ended("the disk is full");
      this.disk.set(id, value);
      ended();
    });
  }

  /** The file is complete: the heap's copy goes. */
  evict(id: number): void {
    assert(this.disk.has(id) && this.#remove(id), `${id} is evicted without a copy on disk`);
  }

  /** The file is not needed: the value stays in the heap. */
  keep(id: number): void {
    assert(this.heap.has(id) && this.disk.delete(id), `${id} is kept but is not in both places`);
  }

  unspill(id: number, ended: Ended): void {
    const value = this.disk.get(id);
    assert(value, `the value ${id} is read back but is not on disk`);
    this.#clock.after(0.1 + this.#options.diskMs * this.#prng.random(), () => {
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
    const wasThere = onDisk ? this.disk.delete(id) : this.#remove(id);
    assert(wasThere, `${id} is discarded but is not ${onDisk ? "on disk" : "in the heap"}`);
    assert(!this.heap.has(id) && !this.disk.has(id), `a copy of the discarded value ${id} is left`);
  }
}
