/**
 * @file A task thread's part of the heap. The thread never allocates: it asks the control thread
 * through its mailbox and sleeps until it is answered. Small results go into a slab, one after the
 * other; large arrays get extents of their own, which become values without a copy when a task
 * returns them. Small temporaries never enter the engine's heap.
 */
import { HeddleError } from "../core/errors.ts";
import type { WasmMemory } from "../core/wasm.ts";
import type { Extent } from "../heap/index.ts";
import { type Block, type BufferAllocator, registerMemory } from "../ndarray/allocation.ts";
import { type ExtentSource, PrivateAllocator } from "../ndarray/private-allocator.ts";
import { THREAD, threadWord, UNIT_BYTES, WORD } from "./control-block.ts";
import { OutsideBuffers } from "./outside-buffers.ts";
import { REPORT, type ReportWriter } from "./reports.ts";
import { lookUpTo } from "./value-view.ts";

/** Results up to this size share slabs. */
export const SLAB_VALUE_BYTES_MAX: number = 64 * 1024;
export const SLAB_BYTES: number = 1024 * 1024;
/** Bytes of large arrays that a thread takes before it looks for dead ones, at most. */
const QUIET_BYTES_MAX = 128 * 2 ** 20;
/** And at least of other buffers. */
const QUIET_BYTES_MIN = 4 * 2 ** 20;
/** All threads together take this share of the memory before they look. */
const QUIET_SHARE = 1 / 4;

/** In the mailbox's word for the arena: any will do. */
export const ANY_ARENA = -1;

export const MAIL = { idle: 0, asked: 1, granted: 2, refused: 3, refusedByDisk: 4 } as const;

/** Extents granted by the control thread. */
export class ThreadHeap implements ExtentSource {
  readonly memories: WasmMemory[] = [];
  readonly budgetBytes: number;
  usedBytes = 0;
  /** Task on whose behalf extents are asked for. */
  task = 0;
  readonly #words: Int32Array;
  readonly #block: number;
  readonly #reports: ReportWriter;
  readonly #inbox: () => void;
  #slab: Extent | undefined;
  #slabUsed = 0;
  /** Why the last request was refused. */
  #isDiskFull = false;

  constructor(
    words: Int32Array,
    thread: number,
    reports: ReportWriter,
    budgetBytes: number,
    inbox: () => void,
  ) {
    this.#words = words;
    this.#block = threadWord(thread);
    this.#reports = reports;
    this.budgetBytes = budgetBytes;
    this.#inbox = inbox;
  }

  addArena(memory: WasmMemory): void {
    registerMemory(memory);
    this.memories.push(memory);
  }

  memory(arena: number): WasmMemory {
    while (this.memories[arena] === undefined) this.#inbox();
    return this.memories[arena];
  }

  /** Asks for an extent; `near`: the arena that it should lie in if it can. */
  allocate(bytes: number, options: { near?: number } = {}): Extent | undefined {
    const words = this.#words;
    const stateAt = this.#block + THREAD.mailState;
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    words[this.#block + THREAD.mailUnits] = units;
    words[this.#block + THREAD.mailId] = this.task;
    words[this.#block + THREAD.mailArena] = options.near ?? ANY_ARENA;
    Atomics.store(words, stateAt, MAIL.asked);
    this.#reports.announce();
    while (Atomics.load(words, stateAt) === MAIL.asked) Atomics.wait(words, stateAt, MAIL.asked);
    const answer = Atomics.load(words, stateAt);
    Atomics.store(words, stateAt, MAIL.idle);
    this.#isDiskFull = answer === MAIL.refusedByDisk;
    if (answer !== MAIL.granted) return undefined;
    const arena = words[this.#block + THREAD.mailArena]!;
    const offset = (words[this.#block + THREAD.mailOffset]! >>> 0) * UNIT_BYTES;
    lookUpTo(this.memory(arena), offset + units * UNIT_BYTES);
    this.usedBytes += units * UNIT_BYTES;
    return { arena, offset, bytes: units * UNIT_BYTES };
  }

  free(extent: Extent): void {
    this.usedBytes -= extent.bytes;
    this.#reports.write(REPORT.freeExtent, extent.arena, extent.offset / UNIT_BYTES, 0);
  }

  /** An extent has become a value: it is no longer this thread's. */
  handOver(extent: Extent): void {
    this.usedBytes -= extent.bytes;
  }

  /** Place for a value of up to `SLAB_VALUE_BYTES_MAX` bytes. */
  slabPlace(bytes: number): { arena: number; offset: number } {
    const needed = Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES;
    if (this.#slab === undefined || this.#slabUsed + needed > this.#slab.bytes) {
      this.closeSlab();
      this.#slab = this.allocate(SLAB_BYTES);
      if (this.#slab === undefined) throw this.outOfMemory(bytes);
      this.handOver(this.#slab);
      this.#reports.write(REPORT.openSlab, this.#slab.arena, this.#slab.offset / UNIT_BYTES, 0);
      this.#slabUsed = 0;
    }
    const offset = this.#slab.offset + this.#slabUsed;
    this.#slabUsed += needed;
    return { arena: this.#slab.arena, offset };
  }

  /** Whether the thread holds room that it may not need. */
  get isHolding(): boolean {
    return this.#slab !== undefined || this.usedBytes > 0;
  }

  /** Lets go of the slab: it is freed with its last value. */
  closeSlab(): void {
    if (this.#slab === undefined) return;
    this.#slab = undefined;
    this.#reports.write(REPORT.closeSlab, 0, 0, 0);
  }

  outOfMemory(bytes: number): HeddleError {
    return new HeddleError(
      "MemoryLimit",
      `A task needs ${bytes} bytes and the engine has ${this.budgetBytes} in all, most of it in use ` +
        "by results and other tasks. " +
        (this.#isDiskFull
          ? "The disk for what memory cannot hold is full (temporary-directory, " +
            "worker.memory.max-spill). Release what is no longer needed, make the chunks smaller, or " +
            "give the engine more memory (worker.memory.limit) or a larger disk."
          : "Make the chunks smaller, or give the engine more memory (worker.memory.limit); " +
            "results go to disk if there is room in its temporary folder."),
      { fields: { bytes, budgetBytes: this.budgetBytes } },
    );
  }

  /** Wakes the control thread whenever a thread waits; used by tests of the mailbox. */
  get bell(): number {
    return this.#words[WORD.controlBell]!;
  }
}

/** What local arrays allocate from inside tasks. */
export class TaskAllocator implements BufferAllocator {
  /** Buffers that are not local arrays. */
  readonly outside: OutsideBuffers;
  readonly #small: PrivateAllocator;
  readonly #large: PrivateAllocator;

  constructor(heap: ThreadHeap, threads: number) {
    const shareBytes = (heap.budgetBytes * QUIET_SHARE) / threads;
    const quietBytes = Math.min(QUIET_BYTES_MAX, shareBytes);
    this.#large = new PrivateAllocator({ source: heap, quietBytes });
    // What is dead outside the engine's heap counts for its process all the same.
    const quietOutside = Math.min(QUIET_BYTES_MAX, shareBytes / 2);
    this.#small = new PrivateAllocator({ quietBytes: quietOutside });
    this.outside = new OutsideBuffers(Math.max(QUIET_BYTES_MIN, quietOutside));
  }

  /** Bytes of small arrays, with dead ones that have not been collected. */
  get smallBytes(): number {
    return this.#small.usedBytes;
  }

  /** Gives back the large arrays that nothing refers to any more. */
  collect(): void {
    if (this.#large.usedBytes > 0) this.#large.collect();
  }

  allocate(bytes: number, near?: WasmMemory): Block {
    const from = bytes > SLAB_VALUE_BYTES_MAX ? this.#large : this.#small;
    return from.allocate(bytes, near);
  }

  release(block: Block): void {
    this.#small.release(block);
    this.#large.release(block);
  }

  /**
   * The extent of a block of the engine's heap, which is now the caller's; undefined for private
   * blocks.
   */
  surrender(block: Block): Extent | undefined {
    return this.#large.surrender(block);
  }
}
