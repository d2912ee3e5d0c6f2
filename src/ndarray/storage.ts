/**
 * @file The bytes behind one or more array views: a typed array over a whole block, kept alive
 * together. A storage can be revoked (a task's inputs when the task ends), after which every view
 * of it fails instead of reading bytes that may belong to someone else by then; and it knows when
 * its raw typed array was handed to user code, which pins it.
 */
import { type AnyTypedArray, type DType, itemsizeOf, viewOf } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { sizeOfShape } from "../core/indexing.ts";
import type { WasmMemory } from "../core/wasm.ts";
import { type Block, currentAllocator, memoryOf } from "./allocation.ts";
import { contiguousStrides, type Layout } from "./layout.ts";

/** Keeps a block alive while a typed array over it is, even when its array object is gone. */
const blockOfValues = new WeakMap<AnyTypedArray, Block>();

/** Shared by an array and all its views. */
export class Storage {
  readonly #values: AnyTypedArray;
  /**
   * The allocation; undefined for memory that is not ours (a Buffer from a socket, a test's typed
   * array).
   */
  readonly block: Block | undefined;
  /**
   * The memory that kernels can bind; undefined when the bytes lie outside of WebAssembly memory.
   */
  readonly memory: WasmMemory | undefined;
  /**
   * Called with the raw typed array the first time that user code takes it: the engine pins the
   * chunk until then.
   */
  onExpose: ((values: AnyTypedArray) => void) | undefined;
  readonly #parent: Storage | undefined;
  #revoked: string | undefined;

  constructor(values: AnyTypedArray, block?: Block, parent?: Storage) {
    this.#values = values;
    this.block = block;
    this.memory = block?.memory ?? memoryOf(values.buffer);
    this.#parent = parent;
  }

  /** The elements; throws when revoked. For Heddle's own use, which does not keep them. */
  get values(): AnyTypedArray {
    const reason = this.#revoked ?? this.#parent?.revokedBecause;
    if (reason === undefined) return this.#values;
    throw new HeddleError(
      "InvalidArgument",
      `This array's memory was given back: ${reason}. Copy what must outlive it with copy().`,
    );
  }

  /** The elements for user code, which may keep them. */
  expose(): AnyTypedArray {
    const { values, block } = this;
    if (block !== undefined) blockOfValues.set(values, block);
    const report = this.onExpose;
    this.onExpose = undefined;
    report?.(values);
    return values;
  }

  /** Whether this is not a part of another storage, seen under another dtype. */
  get isWhole(): boolean {
    return this.#parent === undefined;
  }

  get revokedBecause(): string | undefined {
    return this.#revoked ?? this.#parent?.revokedBecause;
  }

  /** Makes every later access of this array and its views fail with `reason` in the message. */
  revoke(reason: string): void {
    this.#revoked ??= reason;
  }
}

/** New storage for `size` elements with undefined content. */
export function allocateStorage(dtype: DType, size: number, near?: WasmMemory): Storage {
  const bytes = size * itemsizeOf(dtype);
  const block = currentAllocator().allocate(bytes, near);
  return new Storage(viewOf(dtype, block.memory.buffer, block.offset, size), block);
}

/** Gives storage back at once; only for storage that nothing else can refer to. */
export function releaseStorage(storage: Storage): void {
  if (storage.block !== undefined) currentAllocator().release?.(storage.block);
  storage.revoke("it was released");
}

/** A C-contiguous layout with new storage; its content is undefined. */
export function emptyLayout<D extends DType>(
  dtype: D,
  shape: readonly number[],
  near?: WasmMemory,
): Layout & { readonly dtype: D } {
  const storage = allocateStorage(dtype, sizeOfShape(shape), near);
  return { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage };
}
