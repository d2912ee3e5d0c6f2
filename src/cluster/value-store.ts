/**
 * @file The values of a process: the heap, where each id's value is (pages that all threads share),
 * slabs of small values, and files of spilled ones. Only the control thread uses it. Decides
 * nothing: the worker machine does.
 */

import { frameBytes } from "../codec/index.ts";
import { config } from "../config/config.ts";
import { assert, HeddleError } from "../core/errors.ts";
import { createSharedMemory, type WasmMemory } from "../core/wasm.ts";
import { type Extent, Heap } from "../heap/index.ts";
import type { Words } from "../machine/scheduler/events.ts";
import { OVERDRAW_FACTOR } from "../machine/worker/memory.ts";
import { RUN_NUMBER } from "../threads/value-kinds.ts";
import { makeValuePage, PAGE_SIZE, TAG, ValuePages } from "../threads/value-pages.ts";
import { valueBytes } from "../threads/value-view.ts";
import { RunFiles } from "./runs/run-files.ts";
import { spillCodec } from "./spill-codec.ts";
import { SpillFiles } from "./spill-files.ts";

interface Slab {
  readonly extent: Extent;
  /** Values in it that are in use. */
  live: number;
  closed: boolean;
}

export interface StoreListener {
  arena(memory: WasmMemory): void;
  page(buffer: SharedArrayBuffer): void;
  /** A value that is an actor made here has gone. */
  actorGone(id: number): void;
}

export class ValueStore {
  readonly heap: Heap;
  readonly pages: ValuePages;
  readonly buffers: SharedArrayBuffer[] = [];
  readonly runs: RunFiles = new RunFiles();
  /** Taken from the heap for values that are being read back, or come from elsewhere. */
  unspillingBytes = 0;
  readonly #listener: StoreListener;
  readonly #slabs: (Slab | undefined)[] = [];
  readonly #slabOf = new Map<number, Slab>();
  readonly #files: SpillFiles;
  /** Values that are actors: their threads hear when they go. */
  readonly #actors = new Set<number>();

  constructor(limitBytes: number, directory: string, validate: boolean, listener: StoreListener) {
    this.#listener = listener;
    this.#files = new SpillFiles(
      directory,
      config.get("worker.memory.max-spill") ?? Number.POSITIVE_INFINITY,
      spillCodec(config.get("worker.memory.spill-compression")),
    );
    this.heap = new Heap({
      budgetBytes: limitBytes * OVERDRAW_FACTOR,
      createMemory: createSharedMemory,
      onArena: (_, memory) => listener.arena(memory),
      validate,
    });
    this.pages = new ValuePages((index) => this.ensure((index + 1) * PAGE_SIZE));
  }

  /** Bytes of values on disk. */
  get spilledBytes(): number {
    return this.#files.bytes;
  }

  /** Makes pages for ids below `end`. */
  ensure(end: number): void {
    while (this.pages.count * PAGE_SIZE < end) {
      const buffer = makeValuePage();
      this.pages.add(buffer);
      this.buffers.push(buffer);
      this.#listener.page(buffer);
    }
  }

  /** A thread's current slab changes. */
  openSlab(thread: number, extent: Extent): void {
    this.closeSlab(thread);
    this.#slabs[thread] = { extent, live: 0, closed: false };
  }

  closeSlab(thread: number): void {
    const slab = this.#slabs[thread];
    if (slab === undefined) return;
    this.#slabs[thread] = undefined;
    slab.closed = true;
    if (slab.live === 0) this.heap.free(slab.extent);
    else this.heap.setOwner(slab.extent, 0);
  }

  /** A value was written into the thread's current slab. */
  addToSlab(thread: number, id: number): void {
    const slab = this.#slabs[thread];
    assert(slab, "a value came for a slab that is not open");
    slab.live++;
    this.#slabOf.set(id, slab);
    if (this.pages.kindOf(id) === RUN_NUMBER) this.runs.made(id, this.#bytesOf(id));
  }

  /** A value fills an extent: it no longer belongs to the thread that asked for it. */
  keepExtent(id: number): void {
    this.heap.setOwner(this.#extentOf(id), 0);
  }

  /** A copy of an encoded value or error. */
  copyOf(id: number): Uint8Array {
    return this.#bytesOf(id).slice();
  }

  /** Puts an encoded value into the heap; false when there is no room at all. */
  put(id: number, value: Uint8Array): number {
    this.ensure(id + 1);
    const extent = this.heap.allocate(value.length);
    if (extent === undefined) return -1;
    this.heap.bytes(extent).set(value);
    this.pages.setHeap(id, TAG.heap, extent.arena, extent.offset, 0);
    return extent.bytes;
  }

  /** Puts an encoded value into a file of its own; false when the disk refuses. */
  putOnDisk(id: number, value: Uint8Array): boolean {
    this.ensure(id + 1);
    return this.#files.writeNow(id, value);
  }

  /** A value at rest in memory; undefined when it needs no heap. */
  viewOf(id: number): Uint8Array | undefined {
    if (this.pages.tagOf(id) !== TAG.heap) return undefined;
    return this.#bytesOf(id);
  }

  /** Tags and words of values that need no heap: those of no bytes. */
  wordsOf(ids: Int32Array, bytes: Float64Array): { tags?: Uint8Array; words?: Float64Array } {
    if (!bytes.includes(0)) return {};
    const tags = new Uint8Array(ids.length);
    const words = new Float64Array(ids.length);
    for (let i = 0; i < ids.length; i++) {
      if (bytes[i] !== 0) continue;
      tags[i] = this.pages.tagOf(ids[i]!);
      words[i] = this.pages.wordOf(ids[i]!);
    }
    return { tags, words };
  }

  /** Puts values that need no heap where tasks find them. */
  setWords({ ids, tags, words }: Words): void {
    for (let i = 0; i < ids.length; i++) {
      this.ensure(ids[i]! + 1);
      this.pages.setWord(ids[i]!, tags[i]!, words[i]!);
    }
  }

  /** Room for a value that comes from elsewhere. Throws `RangeError` when there is none. */
  arrival(id: number, bytes: number): Arrival {
    const extent = this.heap.allocate(bytes);
    if (extent === undefined) throw new RangeError(`no room in the heap for ${bytes} bytes`);
    this.unspillingBytes += extent.bytes;
    const end = (): void => {
      this.unspillingBytes -= extent.bytes;
    };
    return {
      bytes: extent.bytes,
      target: this.heap.bytes(extent).subarray(0, bytes),
      keep: () => {
        const value = this.heap.bytes(extent).subarray(0, bytes);
        checkWhole(value);
        end();
        this.ensure(id + 1);
        this.pages.setHeap(id, TAG.heap, extent.arena, extent.offset, 0);
      },
      drop: () => {
        end();
        this.heap.free(extent);
      },
    };
  }

  /** The value is an actor that one of the threads refers to. */
  keepsActor(id: number): void {
    this.#actors.add(id);
  }

  /** Frees the value of an id, wherever it is. */
  discard(id: number): void {
    if (this.#actors.size > 0 && this.#actors.delete(id)) this.#listener.actorGone(id);
    const tag = this.pages.tagOf(id);
    if (!this.runs.isEmpty) this.runs.discard(id);
    if (this.#files.has(id)) this.#files.drop(id);
    else if (tag === TAG.heap || tag === TAG.error) this.freeHeap(id);
    this.pages.clear(id);
  }

  /** Frees an id's bytes in the heap. */
  freeHeap(id: number): void {
    const slab = this.#slabOf.get(id);
    if (slab === undefined) {
      this.heap.free(this.#extentOf(id));
      return;
    }
    this.#slabOf.delete(id);
    slab.live--;
    if (slab.closed && slab.live === 0) this.heap.free(slab.extent);
  }

  /** Writes the values to one file; they stay in the heap until `evict`. */
  async spill(ids: readonly number[]): Promise<void> {
    const values = ids.map((id) => this.#bytesOf(id));
    await this.#files.write(ids, values);
  }

  /** The file is complete: the heap's copy goes. */
  evict(id: number): void {
    this.freeHeap(id);
    this.pages.clear(id);
  }

  /** Reads a spilled value back into the heap; it goes from the disk, even if it cannot be read. */
  async unspill(id: number): Promise<void> {
    const length = this.#files.lengthOf(id);
    const extent = this.heap.allocate(length);
    if (extent === undefined) {
      this.#files.drop(id);
      throw new RangeError(`no room in the heap for ${length} bytes`);
    }
    this.unspillingBytes += extent.bytes;
    try {
      await this.#files.read(id, this.heap.bytes(extent).subarray(0, length));
    } catch (error) {
      this.heap.free(extent);
      throw error;
    } finally {
      this.unspillingBytes -= extent.bytes;
      this.#files.drop(id);
    }
    this.pages.setHeap(id, TAG.heap, extent.arena, extent.offset);
  }

  /** The file of a value that is in use again. */
  dropFile(id: number): void {
    this.#files.drop(id);
  }

  /** A thread died: what it had asked for and not made a value of is freed. */
  freeOwner(thread: number): void {
    this.closeSlab(thread);
    this.heap.freeOwner(ownerOf(thread));
  }

  close(): void {
    this.#files.close();
  }

  #extentOf(id: number): Extent {
    return { arena: this.pages.arenaOf(id), offset: this.pages.wordOf(id), bytes: 0 };
  }

  #bytesOf(id: number): Uint8Array {
    return valueBytes(this.#memoryOf(id), this.pages.wordOf(id));
  }

  #memoryOf(id: number): WasmMemory {
    const memory = this.heap.memories[this.pages.arenaOf(id)];
    assert(memory, `the value ${id} lies in an arena that does not exist`);
    return memory;
  }
}

/** A value on its way into the heap: it is not there before all of it has come. */
export interface Arrival {
  /** Bytes that it takes in the heap. */
  readonly bytes: number;
  readonly target: Uint8Array;
  /** It has come. Throws `ValueCorrupt`, and changes nothing, for what is not one whole value. */
  readonly keep: () => void;
  /** It will not come. */
  readonly drop: () => void;
}

/** Whoever reads the value later trusts its header: it must not reach beyond what has come. */
function checkWhole(bytes: Uint8Array): void {
  const length = frameBytes(bytes);
  if (length === bytes.length) return;
  throw new HeddleError("ValueCorrupt", `A value of ${length} bytes came with ${bytes.length}`);
}

/** Owner number of a thread's extents in the heap (0 is nobody). */
export function ownerOf(thread: number): number {
  return thread + 1;
}
