/**
 * @file The default allocator of a thread: private arenas of shared WebAssembly memory, freed by
 * the collector. V8 feels no pressure from arenas (they are not on its heap), so this file makes
 * it: when the private bytes have doubled since the last look, or the budget is spent, it collects
 * and frees the blocks that nothing refers to. That works in the middle of a synchronous loop too,
 * where finalisation callbacks cannot run: blocks are watched by weak references, and an empty job
 * in a context with a microtask queue of its own makes V8 forget which of them the current job has
 * seen.
 */
import { totalmem } from "node:os";
import { HeddleError } from "../core/errors.ts";
import { createSharedMemory, type WasmMemory } from "../core/wasm.ts";
import { type Extent, Heap } from "../heap/heap.ts";
import {
  type Block,
  type BufferAllocator,
  HEADER_ROOM_BYTES,
  registerMemory,
  setDefaultAllocator,
} from "./allocation.ts";
import { collectGarbage } from "./collect-garbage.ts";

/** Below this many private bytes no collection is forced. */
const QUIET_BYTES = 256 * 2 ** 20;

/** Share of the machine's memory that one thread's private arrays may take. */
const BUDGET_SHARE = 0.6;

/**
 * Where a collecting allocator gets its extents: a heap of its own, or (on task threads) the
 * engine's.
 */
export interface ExtentSource {
  readonly usedBytes: number;
  /** Bytes that it may hand out; for messages. */
  readonly budgetBytes: number;
  /** The memories of its arenas, by arena number. */
  readonly memories: readonly WasmMemory[];
  allocate(bytes: number, options: { near?: number }): Extent | undefined;
  free(extent: Extent): void;
  /** The error for bytes that it refuses; default: in the words of a private heap. */
  outOfMemory?(bytes: number): HeddleError;
}

/** Blocks of at least this size are given back by the collector's own callbacks too, when idle. */
const FINALIZED_BYTES_MIN = 64 * 1024;

interface Watched {
  readonly block: WeakRef<Block>;
  readonly extent: Extent;
}

/** A block that knows who watches it; ids are never used twice. */
class OwnedBlock implements Block {
  readonly memory: WasmMemory;
  readonly arena: number;
  readonly offset: number;
  readonly bytes: number;
  readonly owner: PrivateAllocator;
  readonly id: number;

  constructor(
    memory: WasmMemory,
    extent: Extent,
    bytes: number,
    owner: PrivateAllocator,
    id: number,
  ) {
    this.memory = memory;
    this.arena = extent.arena;
    this.offset = extent.offset + HEADER_ROOM_BYTES;
    this.bytes = bytes;
    this.owner = owner;
    this.id = id;
  }
}

/** Private arenas with collection; see the file comment. */
export class PrivateAllocator implements BufferAllocator {
  readonly #heap: ExtentSource;
  readonly #watched = new Map<number, Watched>();
  readonly #finalizers: FinalizationRegistry<number>;
  #nextId = 1;
  #collectAtBytes: number;
  readonly #quietBytes: number;

  /**
   * `source`: default a private heap of `budgetBytes` (60 % of the machine's memory); `quietBytes`:
   * default 256 MiB.
   */
  constructor(options: { source?: ExtentSource; budgetBytes?: number; quietBytes?: number } = {}) {
    this.#heap =
      options.source ??
      new Heap({
        budgetBytes: options.budgetBytes ?? Math.floor(totalmem() * BUDGET_SHARE),
        createMemory: createSharedMemory,
        onArena: (_, memory) => registerMemory(memory),
      });
    this.#quietBytes = options.quietBytes ?? QUIET_BYTES;
    this.#collectAtBytes = this.#quietBytes;
    this.#finalizers = new FinalizationRegistry((id) => this.#free(id));
  }

  /** Bytes that live blocks and blocks not yet found dead take together. */
  get usedBytes(): number {
    return this.#heap.usedBytes;
  }

  allocate(bytes: number, near?: WasmMemory): Block {
    const total = bytes + HEADER_ROOM_BYTES;
    if (this.#heap.usedBytes + total > this.#collectAtBytes) this.collect();
    const where = near === undefined ? -1 : this.#heap.memories.indexOf(near);
    const options = where < 0 ? {} : { near: where };
    let extent = this.#heap.allocate(total, options);
    if (extent === undefined) {
      this.collect();
      extent = this.#heap.allocate(total, options);
    }
    if (extent === undefined) throw this.#heap.outOfMemory?.(bytes) ?? this.#outOfMemory(bytes);
    return this.#watch(extent, bytes);
  }

  release(block: Block): void {
    const extent = this.surrender(block);
    if (extent !== undefined) this.#heap.free(extent);
  }

  /** Takes a block's extent over: the allocator forgets it, and the caller frees it one day. */
  surrender(block: Block): Extent | undefined {
    if (!(block instanceof OwnedBlock) || block.owner !== this) return undefined;
    const extent = this.#watched.get(block.id)?.extent;
    if (extent === undefined) return undefined;
    if (block.bytes >= FINALIZED_BYTES_MIN) this.#finalizers.unregister(block);
    this.#watched.delete(block.id);
    return extent;
  }

  /** Collects garbage and frees the blocks that nothing refers to any more. */
  collect(): void {
    collectGarbage();
    for (const [id, { block }] of this.#watched) {
      if (block.deref() === undefined) this.#free(id);
    }
    this.#collectAtBytes = Math.max(this.#quietBytes, this.#heap.usedBytes * 2);
  }

  #watch(extent: Extent, bytes: number): Block {
    const id = this.#nextId++;
    const memory = this.#heap.memories[extent.arena] as WasmMemory;
    const block = new OwnedBlock(memory, extent, bytes, this, id);
    this.#watched.set(id, { block: new WeakRef(block), extent });
    if (bytes >= FINALIZED_BYTES_MIN) this.#finalizers.register(block, id, block);
    return block;
  }

  #free(id: number): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#watched.delete(id);
    this.#heap.free(watched.extent);
  }

  #outOfMemory(bytes: number): HeddleError {
    const { usedBytes, budgetBytes } = this.#heap;
    // Nothing is in use and yet there is no room: the system gave no address space.
    const refused = usedBytes === 0 && bytes < budgetBytes;
    const state = refused
      ? "the system refuses the address space for shared memory (see `ulimit -v`). Raise that " +
        "limit to at least 16 GiB, or start Node with --disable-wasm-trap-handler."
      : `${usedBytes} of ${budgetBytes} bytes are in use by arrays of this thread. Drop arrays ` +
        "that are no longer needed, or compute in chunks.";
    return new HeddleError("MemoryLimit", `An array of ${bytes} bytes does not fit: ${state}`, {
      fields: { bytes, usedBytes, budgetBytes },
    });
  }
}

setDefaultAllocator(() => new PrivateAllocator());
