/**
 * @file The values of a process: the heap, where each id's value is (pages that all threads share),
 * slabs of small values, and files of spilled ones. Only the control thread uses it. Decides
 * nothing: the worker machine does.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../core/errors.ts";
import { createSharedMemory, type WasmMemory } from "../core/wasm.ts";
import { type Extent, Heap } from "../heap/index.ts";
import { makeValuePage, PAGE_SIZE, TAG, ValuePages } from "../threads/value-pages.ts";
import { valueBytes } from "../threads/value-view.ts";

/** The heap may exceed the limit by this factor when a task must be let through. */
const OVERDRAW_FACTOR = 2;

interface Slab {
  readonly extent: Extent;
  /** Values in it that are in use. */
  live: number;
  closed: boolean;
}

export interface StoreListener {
  arena(memory: WasmMemory): void;
  page(buffer: SharedArrayBuffer): void;
}

export class ValueStore {
  readonly heap: Heap;
  readonly pages: ValuePages;
  readonly buffers: SharedArrayBuffer[] = [];
  spilledBytes = 0;
  /** Taken from the heap for values that are being read back. */
  unspillingBytes = 0;
  readonly #listener: StoreListener;
  readonly #directory: string;
  #directoryMade = false;
  readonly #slabs: (Slab | undefined)[] = [];
  readonly #slabOf = new Map<number, Slab>();
  readonly #files = new Map<number, number>();

  constructor(limitBytes: number, directory: string, validate: boolean, listener: StoreListener) {
    this.#listener = listener;
    this.#directory = directory;
    this.heap = new Heap({
      budgetBytes: limitBytes * OVERDRAW_FACTOR,
      createMemory: createSharedMemory,
      onArena: (_, memory) => listener.arena(memory),
      validate,
    });
    this.pages = new ValuePages((index) => this.ensure((index + 1) * PAGE_SIZE));
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
  }

  /** A value fills an extent: it no longer belongs to the thread that asked for it. */
  keepExtent(id: number): void {
    this.heap.setOwner(this.#extentOf(id), 0);
  }

  /** A copy of an encoded value or error. */
  copyOf(id: number): Uint8Array {
    return valueBytes(this.#memoryOf(id), this.pages.wordOf(id)).slice();
  }

  /** Puts an encoded value into the heap; false when there is no room at all. */
  put(id: number, value: Uint8Array): number {
    this.ensure(id + 1);
    const extent = this.heap.allocate(value.length);
    if (extent === undefined) return -1;
    this.heap.bytes(extent).set(value);
    this.pages.setHeap(id, TAG.heap, extent.arena, extent.offset);
    return extent.bytes;
  }

  /** Puts an encoded value into a file of its own; false when the disk refuses. */
  putOnDisk(id: number, value: Uint8Array): boolean {
    this.ensure(id + 1);
    try {
      this.#makeDirectory();
      writeFileSync(this.#path(id), value, { mode: 0o600 });
    } catch {
      rmSync(this.#path(id), { force: true });
      return false;
    }
    this.#files.set(id, value.length);
    this.spilledBytes += value.length;
    return true;
  }

  /** Frees the value of an id, wherever it is. */
  discard(id: number): void {
    const tag = this.pages.tagOf(id);
    if (this.#files.has(id)) this.#dropFile(id);
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

  /** Writes the value to its file; it stays in the heap until `evict`. */
  async spill(id: number): Promise<void> {
    this.#makeDirectory();
    const bytes = valueBytes(this.#memoryOf(id), this.pages.wordOf(id));
    const file = await open(this.#path(id), "w", 0o600);
    try {
      for (let at = 0; at < bytes.length; ) {
        at += (await file.write(bytes, at)).bytesWritten;
      }
    } catch (error) {
      await rm(this.#path(id), { force: true });
      throw error;
    } finally {
      await file.close();
    }
    this.#files.set(id, bytes.length);
    this.spilledBytes += bytes.length;
  }

  /** The file is complete: the heap's copy goes. */
  evict(id: number): void {
    this.freeHeap(id);
    this.pages.clear(id);
  }

  /** Reads a spilled value back into the heap; the file goes. */
  async unspill(id: number): Promise<void> {
    const length = this.#files.get(id);
    assert(length !== undefined, `there is no file for the value ${id}`);
    const extent = this.heap.allocate(length);
    if (extent === undefined) throw new RangeError(`no room in the heap for ${length} bytes`);
    this.unspillingBytes += extent.bytes;
    try {
      const bytes = this.heap.bytes(extent).subarray(0, length);
      const file = await open(this.#path(id), "r");
      try {
        for (let at = 0; at < length; ) {
          const { bytesRead } = await file.read(bytes, at, length - at);
          if (bytesRead === 0)
            throw new RangeError(`the file of a spilled value ends at byte ${at}`);
          at += bytesRead;
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      this.heap.free(extent);
      this.#dropFile(id);
      throw error;
    } finally {
      this.unspillingBytes -= extent.bytes;
    }
    this.pages.setHeap(id, TAG.heap, extent.arena, extent.offset);
    this.#dropFile(id);
  }

  /** The file of a value that is in use again. */
  dropFile(id: number): void {
    this.#dropFile(id);
  }

  /** A thread died: what it had asked for and not made a value of is freed. */
  freeOwner(thread: number): void {
    this.closeSlab(thread);
    this.heap.freeOwner(ownerOf(thread));
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #makeDirectory(): void {
    if (!this.#directoryMade) mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#directoryMade = true;
  }

  #dropFile(id: number): void {
    const length = this.#files.get(id);
    if (length === undefined) return;
    this.#files.delete(id);
    this.spilledBytes -= length;
    rm(this.#path(id), { force: true }).catch(() => undefined);
  }

  #extentOf(id: number): Extent {
    return { arena: this.pages.arenaOf(id), offset: this.pages.wordOf(id), bytes: 0 };
  }

  #memoryOf(id: number): WasmMemory {
    const memory = this.heap.memories[this.pages.arenaOf(id)];
    assert(memory, `the value ${id} lies in an arena that does not exist`);
    return memory;
  }

  #path(id: number): string {
    return join(this.#directory, `${id}.value`);
  }
}

/** Owner number of a thread's extents in the heap (0 is nobody). */
export function ownerOf(thread: number): number {
  return thread + 1;
}
