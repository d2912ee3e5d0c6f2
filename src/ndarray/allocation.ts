/**
 * @file Where local arrays get their bytes. Task threads of an engine install an allocator that
 * fills extents leased by the control thread; every other thread uses the private one of
 * `private-allocator.ts`. A block leaves room in front of its data, so that the header of a value
 * at rest can be written there without moving the data.
 */
import type { WasmMemory } from "../core/wasm.ts";

/** Bytes free before a block's data, inside the same allocation. */
export const HEADER_ROOM_BYTES = 256;

/** Bytes for the data of one array. Keep the object alive as long as the bytes are used. */
export interface Block {
  readonly memory: WasmMemory;
  /**
   * Number of the arena within its heap; private arenas count from 0 too, tell memories apart by
   * `memory`.
   */
  readonly arena: number;
  /**
   * Byte offset of the data; at least {@link HEADER_ROOM_BYTES} before it belong to the block as
   * well.
   */
  readonly offset: number;
  /** Bytes of the data, as asked for. */
  readonly bytes: number;
}

/** Hands out blocks. */
export interface BufferAllocator {
  /**
   * A block for `bytes` bytes with undefined content; `near` is a memory that the block should lie
   * in if it can.
   */
  allocate(bytes: number, near?: WasmMemory): Block;
  /** Gives a block back before the collector finds it; nothing may use it afterwards. */
  release?(block: Block): void;
}

/**
 * Makes the thread's default allocator on first use; set by the module that has one, so that no
 * cycle arises.
 */
let makeDefault: (() => BufferAllocator) | undefined;
let current: BufferAllocator | undefined;

/** The allocator of this thread. */
export function currentAllocator(): BufferAllocator {
  current ??= makeDefault?.();
  if (current === undefined) throw new TypeError("No allocator: import heddle/ndarray first.");
  return current;
}

/**
 * Makes `allocator` this thread's allocator (undefined: the private one again); the previous one.
 */
export function setAllocator(allocator: BufferAllocator | undefined): BufferAllocator | undefined {
  const previous = current;
  current = allocator;
  return previous;
}

/** Says how to make the default allocator. */
export function setDefaultAllocator(make: () => BufferAllocator): void {
  makeDefault = make;
}

/** Held by whoever uses them: an engine that has been closed gives its memory back. */
const memories = new Set<WeakRef<WasmMemory>>();
const memoryByBuffer = new WeakMap<ArrayBufferLike, WasmMemory>();

/**
 * Tells this thread of a memory, so that views over it are recognised; to be called for every
 * arena.
 */
export function registerMemory(memory: WasmMemory): void {
  memories.add(new WeakRef(memory));
  memoryByBuffer.set(memory.buffer, memory);
}

/**
 * The memory that `buffer` belongs to; undefined for ordinary buffers. Growing makes new buffer
 * objects.
 */
export function memoryOf(buffer: ArrayBufferLike): WasmMemory | undefined {
  const known = memoryByBuffer.get(buffer);
  if (known !== undefined || buffer instanceof ArrayBuffer) return known;
  for (const reference of memories) {
    const memory = reference.deref();
    if (memory === undefined) memories.delete(reference);
    else if (memory.buffer === buffer) {
      memoryByBuffer.set(buffer, memory);
      return memory;
    }
  }
  return undefined;
}
