/**
 * @file The allocator of one arena: two-level segregated fit (TLSF, Masmano et al. 2004) over units
 * of 64 bytes. Free regions hang in lists by size class, a bitmap finds the next class that has
 * one, and neighbours coalesce at once. All records lie in typed arrays outside the arena, so that
 * a wild write into a chunk cannot damage the allocator.
 */
import { assert } from "../core/errors.ts";

/** Alignment of every extent, a cache line. */
export const UNIT_BYTES = 64;

/** Each power of two is divided into this many size classes (2^CLASS_BITS). */
const CLASS_BITS = 4;
const CLASSES = 1 << CLASS_BITS;
const LEVELS = 28;
const NONE = -1;

const FREE = 0;
const TAKEN = 1;
const VACANT = 2;

/**
 * Regions of one arena, in units. Allocated regions may be listed by owner, so that a dead owner's
 * can be freed.
 */
export class Regions {
  readonly #first: number;
  #units: number;
  #usedUnits = 0;
  // One record per region, by id. The links join free regions of one class, or taken regions of one
  // owner.
  #start = new Int32Array(64);
  #length = new Int32Array(64);
  #state = new Uint8Array(64);
  #owner = new Int32Array(64);
  #before = new Int32Array(64);
  #after = new Int32Array(64);
  #previous = new Int32Array(64);
  #next = new Int32Array(64);
  #records = 0;
  #vacant = NONE;
  #last = NONE;

  readonly #heads = new Int32Array(LEVELS * CLASSES).fill(NONE);
  readonly #classBits = new Int32Array(LEVELS);
  #levelBits = 0;
  readonly #byStart = new Map<number, number>();
  readonly #owners = new Map<number, number>();

  /**
   * `first`: the unit at which regions begin; what lies before belongs to somebody else. Default 0.
   */
  constructor(first = 0) {
    this.#first = first;
    this.#units = first;
  }

  /** Where the regions end, in units from the start of the arena. */
  get units(): number {
    return this.#units;
  }

  get usedUnits(): number {
    return this.#usedUnits;
  }

  /** Number of regions in use. */
  get count(): number {
    return this.#byStart.size;
  }

  /** Adds `units` at the end. */
  extend(units: number): void {
    const id = this.#record(this.#units, units);
    this.#units += units;
    this.#before[id] = this.#last;
    this.#after[id] = NONE;
    if (this.#last !== NONE) this.#after[this.#last] = id;
    this.#last = id;
    this.#usedUnits += units;
    this.#state[id] = TAKEN;
    this.#makeFree(id);
  }

  /** Length of the free region at the very end, which `extend` would lengthen. */
  get freeAtEnd(): number {
    return this.#last !== NONE && this.#state[this.#last] === FREE ? this.#len(this.#last) : 0;
  }

  /** Takes `units`; the start of the region, or -1 when no free region is large enough. */
  allocate(units: number, owner: number): number {
    const id = this.#find(units);
    if (id === NONE) return -1;
    this.#unlinkFree(id);
    const rest = this.#len(id) - units;
    if (rest > 0) this.#split(id, units);
    this.#state[id] = TAKEN;
    this.#usedUnits += units;
    const start = this.#start[id] as number;
    this.#byStart.set(start, id);
    this.#owner[id] = owner;
    if (owner !== 0) this.#linkOwner(id, owner);
    return start;
  }

  /** Frees the region that starts at `start`; its length in units, or 0 when there is none. */
  free(start: number): number {
    const id = this.#byStart.get(start);
    if (id === undefined) return 0;
    const units = this.#len(id);
    this.#byStart.delete(start);
    if (this.#owner[id] !== 0) this.#unlinkOwner(id);
    this.#makeFree(id);
    return units;
  }

  /** Units of the region in use at `start`, or 0. */
  lengthAt(start: number): number {
    const id = this.#byStart.get(start);
    return id === undefined ? 0 : this.#len(id);
  }

  /** Starts of all regions that `owner` holds. */
  ownedBy(owner: number): number[] {
    const starts: number[] = [];
    for (let id = this.#owners.get(owner) ?? NONE; id !== NONE; id = this.#next[id] as number) {
      starts.push(this.#start[id] as number);
    }
    return starts;
  }

  /** Hands the region at `start` to another owner (0 for none). */
  setOwner(start: number, owner: number): void {
    const id = this.#byStart.get(start);
    assert(id !== undefined, `No region in use starts at unit ${start}`);
    if (this.#owner[id] !== 0) this.#unlinkOwner(id);
    this.#owner[id] = owner;
    if (owner !== 0) this.#linkOwner(id, owner);
  }

  /** Units of the largest free region. */
  get largestFree(): number {
    if (this.#levelBits === 0) return 0;
    const level = 31 - Math.clz32(this.#levelBits);
    const slot = level * CLASSES + 31 - Math.clz32(this.#classBits[level] as number);
    let largest = 0;
    for (let id = this.#heads[slot] as number; id !== NONE; id = this.#next[id] as number) {
      largest = Math.max(largest, this.#len(id));
    }
    return largest;
  }

  /** Checks every invariant; used by tests and in validate mode. */
  check(): void {
    let at = this.#first;
    let used = 0;
    let wasFree = false;
    let id = this.#last;
    while (id !== NONE && this.#before[id] !== NONE) id = this.#before[id] as number;
    for (; id !== NONE; id = this.#after[id] as number) {
      assert(this.#start[id] === at, `Region ${id} starts at ${this.#start[id]}, not at ${at}`);
      const isFree = this.#state[id] === FREE;
      assert(!(isFree && wasFree), `Two free regions meet at unit ${at}`);
      if (!isFree) {
        used += this.#len(id);
        assert(this.#byStart.get(at) === id, `Region at ${at} is not indexed`);
      }
      wasFree = isFree;
      at += this.#len(id);
    }
    assert(at === this.#units, `Regions cover ${at} of ${this.#units} units`);
    assert(used === this.#usedUnits, `${used} units in use, but ${this.#usedUnits} counted`);
  }

  #len(id: number): number {
    return this.#length[id] as number;
  }

  #find(units: number): number {
    // Round up to the next class: then any region of that class or above is long enough.
    const level = 31 - Math.clz32(units);
    const shift = Math.max(0, level - CLASS_BITS);
    const found = this.#firstFrom(slotOf(units + (1 << shift) - 1));
    if (found !== NONE) return found;
    // Before the arena grows, look for an exact enough fit in the class that `units` itself belongs
    // to.
    let id = this.#heads[slotOf(units)] as number;
    while (id !== NONE && this.#len(id) < units) id = this.#next[id] as number;
    return id;
  }

  #firstFrom(slot: number): number {
    let level = slot >> CLASS_BITS;
    let bits = (this.#classBits[level] as number) & (-1 << (slot & (CLASSES - 1)));
    if (bits === 0) {
      const levels = level + 1 < 32 ? this.#levelBits & (-1 << (level + 1)) : 0;
      if (levels === 0) return NONE;
      level = 31 - Math.clz32(levels & -levels);
      bits = this.#classBits[level] as number;
    }
    return this.#heads[(level << CLASS_BITS) + 31 - Math.clz32(bits & -bits)] as number;
  }

  #split(id: number, units: number): void {
    const rest = this.#record((this.#start[id] as number) + units, this.#len(id) - units);
    this.#length[id] = units;
    const after = this.#after[id] as number;
    this.#after[id] = rest;
    this.#before[rest] = id;
    this.#after[rest] = after;
    if (after === NONE) this.#last = rest;
    else this.#before[after] = rest;
    this.#state[rest] = FREE;
    this.#linkFree(rest);
  }

  #makeFree(given: number): void {
    let id = given;
    this.#usedUnits -= this.#len(id);
    const before = this.#before[id] as number;
    if (before !== NONE && this.#state[before] === FREE) {
      this.#unlinkFree(before);
      this.#absorb(before, id);
      id = before;
    }
    const after = this.#after[id] as number;
    if (after !== NONE && this.#state[after] === FREE) {
      this.#unlinkFree(after);
      this.#absorb(id, after);
    }
    this.#state[id] = FREE;
    this.#owner[id] = 0;
    this.#linkFree(id);
  }

  /** Joins region `id` and its right neighbour `right`, whose record becomes vacant. */
  #absorb(id: number, right: number): void {
    this.#length[id] = this.#len(id) + this.#len(right);
    const after = this.#after[right] as number;
    this.#after[id] = after;
    if (after === NONE) this.#last = id;
    else this.#before[after] = id;
    this.#state[right] = VACANT;
    this.#next[right] = this.#vacant;
    this.#vacant = right;
  }

  #linkFree(id: number): void {
    const slot = slotOf(this.#len(id));
    const head = this.#heads[slot] as number;
    this.#next[id] = head;
    this.#previous[id] = NONE;
    if (head !== NONE) this.#previous[head] = id;
    this.#heads[slot] = id;
    const level = slot >> CLASS_BITS;
    this.#classBits[level] = (this.#classBits[level] as number) | (1 << (slot & (CLASSES - 1)));
    this.#levelBits |= 1 << level;
  }

  #unlinkFree(id: number): void {
    const previous = this.#unlink(id);
    if (previous !== NONE) return;
    const slot = slotOf(this.#len(id));
    const head = this.#next[id] as number;
    this.#heads[slot] = head;
    if (head !== NONE) return;
    const level = slot >> CLASS_BITS;
    const bits = (this.#classBits[level] as number) & ~(1 << (slot & (CLASSES - 1)));
    this.#classBits[level] = bits;
    if (bits === 0) this.#levelBits &= ~(1 << level);
  }

  #linkOwner(id: number, owner: number): void {
    const head = this.#owners.get(owner) ?? NONE;
    this.#next[id] = head;
    this.#previous[id] = NONE;
    if (head !== NONE) this.#previous[head] = id;
    this.#owners.set(owner, id);
  }

  #unlinkOwner(id: number): void {
    const owner = this.#owner[id] as number;
    if (this.#unlink(id) !== NONE) return;
    const head = this.#next[id] as number;
    if (head === NONE) this.#owners.delete(owner);
    else this.#owners.set(owner, head);
  }

  /** Takes `id` out of its list; its predecessor there. */
  #unlink(id: number): number {
    const previous = this.#previous[id] as number;
    const next = this.#next[id] as number;
    if (previous !== NONE) this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    return previous;
  }

  #record(start: number, length: number): number {
    let id = this.#vacant;
    if (id === NONE) {
      id = this.#records++;
      if (id === this.#start.length) this.#growRecords();
    } else {
      this.#vacant = this.#next[id] as number;
    }
    this.#start[id] = start;
    this.#length[id] = length;
    this.#owner[id] = 0;
    return id;
  }

  #growRecords(): void {
    const capacity = this.#start.length * 2;
    this.#start = grown(this.#start, capacity);
    this.#length = grown(this.#length, capacity);
    this.#owner = grown(this.#owner, capacity);
    this.#before = grown(this.#before, capacity);
    this.#after = grown(this.#after, capacity);
    this.#previous = grown(this.#previous, capacity);
    this.#next = grown(this.#next, capacity);
    const state = new Uint8Array(capacity);
    state.set(this.#state);
    this.#state = state;
  }
}

/** Size class of a free region: its power of two, divided into `CLASSES`. */
function slotOf(units: number): number {
  const level = 31 - Math.clz32(units);
  const within = level < CLASS_BITS ? units << (CLASS_BITS - level) : units >> (level - CLASS_BITS);
  return (level << CLASS_BITS) + (within & (CLASSES - 1));
}

function grown(old: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const array = new Int32Array(capacity);
  array.set(old);
  return array;
}
