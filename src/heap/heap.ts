/**
 * @file The heap of one process: arenas of shared WebAssembly memory, cut into extents by the
 * control thread alone. It takes no lock, knows no clock and creates no memory itself (that is
 * injected), so that it runs in the simulator.
 */
import { assert, HeddleError } from "../core/errors.ts";
import { PAGE_BYTES, type WasmMemory } from "../core/wasm.ts";
import { Regions, UNIT_BYTES } from "./regions.ts";

/** A run of bytes in an arena: where one value lies. */
export interface Extent {
  readonly arena: number;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Makes the memory of a new arena that may grow to `maxBytes`; undefined when the system refuses
 * the reservation. `bytes` is what the arena starts with.
 */
export type CreateMemory = (bytes: number, maxBytes: number) => WasmMemory | undefined;

/** How a {@link Heap} is set up. */
export interface HeapOptions {
  /** Bytes that extents may take together. */
  readonly budgetBytes: number;
  readonly createMemory: CreateMemory;
  /**
   * Called once for every arena made, before it is used: threads that map the memory are told here.
   */
  readonly onArena?: (arena: number, memory: WasmMemory) => void;
  /**
   * Fill freed extents with {@link POISON}, so that a late reader sees nonsense at once; default
   * false.
   */
  readonly validate?: boolean;
}

/** Where an extent should lie and who holds it. */
export interface AllocateOptions {
  /** The arena to try first: that of the largest operand; default the first with room. */
  readonly near?: number;
  /**
   * Who gives it back by `freeOwner` when it dies without freeing, e.g. a task thread; default 0,
   * nobody.
   */
  readonly owner?: number;
}

/** Largest extent: typed arrays and 32-bit kernels work up to here. */
export const MAX_EXTENT_BYTES: number = 2 ** 31;

/**
 * Sizes to which an arena may grow, tried in this order when the system refuses the reservation.
 */
export const ARENA_MAX_BYTES: readonly number[] = [2 ** 32, 2 ** 30, 2 ** 28];

/**
 * Bytes at the start of every arena that no extent takes: compiled kernels keep their constant
 * tables there.
 */
export const ARENA_RESERVED_BYTES: number = PAGE_BYTES;

/** Byte that fills freed extents in validate mode. */
export const POISON = 0xdb;

/** An arena grows by at least this much, so that growing stays rare. */
const GROWTH_BYTES = 16 * 2 ** 20;

/** Committed bytes may exceed the budget by this factor, for what fragmentation leaves unused. */
const COMMIT_FACTOR = 1.25;

interface Arena {
  readonly memory: WasmMemory;
  readonly maxBytes: number;
  readonly regions: Regions;
  /** End of the extent that reached furthest, in units. */
  reached: number;
}

/**
 * Cuts extents out of arenas. `usedBytes` is exact: the sum of all extents, rounded up to 64 bytes.
 *
 * @example
 * import { createSharedMemory } from "../core/wasm.ts";
 * import { Heap } from "./heap.ts";
 * const heap = new Heap({ budgetBytes: 2 ** 30, createMemory: createSharedMemory });
 * const extent = heap.allocate(1000);
 * if (extent !== undefined) heap.free(extent);
 */
export class Heap {
  readonly #options: HeapOptions;
  readonly #arenas: Arena[] = [];
  #usedBytes = 0;
  #peakBytes = 0;
  #committedBytes = 0;
  #reachedBytes = 0;
  #maxIndex = 0;

  constructor(options: HeapOptions) {
    this.#options = options;
  }

  /** Bytes of all extents in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The largest `usedBytes` so far. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /**
   * Bytes that the arenas have grown to, without reserved ones; they are never given back to the
   * system.
   */
  get committedBytes(): number {
    return this.#committedBytes;
  }

  /**
   * Bytes of the arenas up to the ends of the extents that ever reached furthest: what lies behind
   * has never been touched and takes no memory.
   */
  get reachedBytes(): number {
    return this.#reachedBytes;
  }

  get budgetBytes(): number {
    return this.#options.budgetBytes;
  }

  /** Number of extents in use. */
  get count(): number {
    return this.#arenas.reduce((sum, arena) => sum + arena.regions.count, 0);
  }

  /** The memories of all arenas, by arena number. */
  get memories(): readonly WasmMemory[] {
    return this.#arenas.map((arena) => arena.memory);
  }

  /**
   * Takes an extent of at least `bytes`; undefined when the budget or the arenas have no room now.
   */
  allocate(bytes: number, options: AllocateOptions = {}): Extent | undefined {
    if (!(bytes >= 0 && bytes <= MAX_EXTENT_BYTES)) {
      throw new HeddleError(
        "MemoryLimit",
        `A chunk of ${bytes} bytes was asked for; the largest is ${MAX_EXTENT_BYTES} (2 GiB). ` +
          "Use smaller chunks.",
        { fields: { bytes, limit: MAX_EXTENT_BYTES } },
      );
    }
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    if (this.#usedBytes + units * UNIT_BYTES > this.#options.budgetBytes) return undefined;
    const owner = options.owner ?? 0;
    return this.#fromFree(units, owner, options.near) ?? this.#fromGrowth(units, owner);
  }

  /** Gives an extent back. */
  free(extent: Extent): void {
    const arena = this.#arenas[extent.arena];
    const units = arena?.regions.free(extent.offset / UNIT_BYTES) ?? 0;
    assert(units > 0, `Extent ${extent.arena}:${extent.offset} was freed twice or never allocated`);
    this.#usedBytes -= units * UNIT_BYTES;
    if (this.#options.validate === true) this.#poison(extent, units);
  }

  /** Frees all extents of an owner that died; how many bytes that gave back. */
  freeOwner(owner: number): number {
    let bytes = 0;
    this.#arenas.forEach((arena, index) => {
      for (const start of arena.regions.ownedBy(owner)) {
        const extent = { arena: index, offset: start * UNIT_BYTES, bytes: 0 };
        bytes += arena.regions.lengthAt(start) * UNIT_BYTES;
        this.free(extent);
      }
    });
    return bytes;
  }

  /** Makes `owner` (0 for nobody) the one whose death frees the extent. */
  setOwner(extent: Extent, owner: number): void {
    this.#arenas[extent.arena]?.regions.setOwner(extent.offset / UNIT_BYTES, owner);
  }

  /** Bytes that an extent really takes: those asked for, rounded up. */
  sizeOf(extent: Extent): number {
    const arena = this.#arenas[extent.arena];
    return (arena?.regions.lengthAt(extent.offset / UNIT_BYTES) ?? 0) * UNIT_BYTES;
  }

  /** The bytes of an extent. */
  bytes(extent: Extent): Uint8Array {
    const arena = this.#arenas[extent.arena];
    assert(arena, `There is no arena ${extent.arena}`);
    return new Uint8Array(arena.memory.buffer, extent.offset, extent.bytes);
  }

  /** Checks every invariant of every arena. */
  check(): void {
    let used = 0;
    for (const { regions } of this.#arenas) {
      regions.check();
      used += regions.usedUnits * UNIT_BYTES;
    }
    assert(used === this.#usedBytes, `${used} bytes in use, but ${this.#usedBytes} counted`);
  }

  #fromFree(units: number, owner: number, near: number | undefined): Extent | undefined {
    if (near !== undefined) {
      // Growing an arena costs less than copying operands from one to another later.
      const arena = this.#arenas[near];
      const extent = this.#take(near, units, owner);
      if (extent !== undefined) return extent;
      if (arena !== undefined && this.#grow(arena, units)) return this.#take(near, units, owner);
    }
    for (let arena = 0; arena < this.#arenas.length; arena++) {
      const extent = arena === near ? undefined : this.#take(arena, units, owner);
      if (extent !== undefined) return extent;
    }
    return undefined;
  }

  #take(index: number, units: number, owner: number): Extent | undefined {
    const arena = this.#arenas[index];
    const start = arena?.regions.allocate(units, owner) ?? -1;
    if (arena === undefined || start < 0) return undefined;
    const beyond = start + units - arena.reached;
    if (beyond > 0) {
      arena.reached += beyond;
      this.#reachedBytes += beyond * UNIT_BYTES;
    }
    this.#usedBytes += units * UNIT_BYTES;
    if (this.#usedBytes > this.#peakBytes) this.#peakBytes = this.#usedBytes;
    return { arena: index, offset: start * UNIT_BYTES, bytes: units * UNIT_BYTES };
  }

  #fromGrowth(units: number, owner: number): Extent | undefined {
    for (let index = 0; index < this.#arenas.length; index++) {
      if (this.#grow(this.#arenas[index] as Arena, units)) return this.#take(index, units, owner);
    }
    return this.#addArena(units) ? this.#take(this.#arenas.length - 1, units, owner) : undefined;
  }

  /** Makes room for `units` at the end of an arena. */
  #grow(arena: Arena, units: number): boolean {
    const { regions, memory, maxBytes } = arena;
    const committed = regions.units * UNIT_BYTES;
    const missing = (units - regions.freeAtEnd) * UNIT_BYTES;
    const room = Math.min(maxBytes - committed, this.#commitLimit - this.#committedBytes);
    if (missing > room) return false;
    const wish = Math.min(Math.max(missing, GROWTH_BYTES, committed / 8), room);
    const pages = [wish, missing]
      .map((bytes) => Math.ceil(bytes / PAGE_BYTES))
      .find(growsBy(memory));
    if (pages === undefined) return false;
    regions.extend((pages * PAGE_BYTES) / UNIT_BYTES);
    this.#committedBytes += pages * PAGE_BYTES;
    return true;
  }

  #addArena(units: number): boolean {
    const bytes = Math.ceil((units * UNIT_BYTES) / PAGE_BYTES) * PAGE_BYTES;
    if (this.#committedBytes + bytes > this.#commitLimit) return false;
    for (; this.#maxIndex < ARENA_MAX_BYTES.length; this.#maxIndex++) {
      const maxBytes = ARENA_MAX_BYTES[this.#maxIndex] as number;
      if (bytes + ARENA_RESERVED_BYTES > maxBytes) return false;
      const memory = this.#options.createMemory(ARENA_RESERVED_BYTES, maxBytes);
      if (memory === undefined) continue;
      const reached = ARENA_RESERVED_BYTES / UNIT_BYTES;
      const arena = { memory, maxBytes, regions: new Regions(reached), reached };
      this.#options.onArena?.(this.#arenas.length, memory);
      this.#arenas.push(arena);
      return this.#grow(arena, units);
    }
    return false;
  }

  get #commitLimit(): number {
    // Whole pages, and never so little that a single growth step cannot be made.
    return Math.ceil((this.#options.budgetBytes * COMMIT_FACTOR) / PAGE_BYTES) * PAGE_BYTES;
  }

  #poison(extent: Extent, units: number): void {
    const { memory } = this.#arenas[extent.arena] as Arena;
    new Uint8Array(memory.buffer, extent.offset, units * UNIT_BYTES).fill(POISON);
  }
}

/** Whether a memory could be grown by that many pages. */
function growsBy(memory: WasmMemory): (pages: number) => boolean {
  return (pages) => {
    try {
      memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  };
}
