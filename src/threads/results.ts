/**
 * @file Stores what a task returned where every thread finds it: small plain values in their page,
 * local arrays of the engine's heap where they are, everything else encoded into the thread's slab
 * or an extent of its own.
 */
import { keepActor } from "../actors/kept.ts";
import { type EncodedValue, encodeValue } from "../codec/index.ts";
import { encodeTaskError } from "../functions/index.ts";
import type { Extent } from "../heap/index.ts";
import { HEADER_ROOM_BYTES } from "../ndarray/allocation.ts";
import { finishInPlace } from "../ndarray/codec.ts";
import { NDArray, revoke } from "../ndarray/ndarray.ts";
import { ERROR_PLACE, REPORT, type ReportWriter } from "./reports.ts";
import { SLAB_VALUE_BYTES_MAX, type TaskAllocator, type ThreadHeap } from "./thread-heap.ts";
import { kindNumber } from "./value-kinds.ts";
import { TAG, type ValuePages } from "./value-pages.ts";
import { bufferUpTo } from "./value-view.ts";

export class ResultWriter {
  readonly #pages: ValuePages;
  readonly #heap: ThreadHeap;
  readonly #allocator: TaskAllocator;
  readonly #reports: ReportWriter;

  constructor(
    pages: ValuePages,
    heap: ThreadHeap,
    allocator: TaskAllocator,
    reports: ReportWriter,
  ) {
    this.#pages = pages;
    this.#heap = heap;
    this.#allocator = allocator;
    this.#reports = reports;
  }

  /** Stores the value and reports the task done; a value that cannot be stored fails the task. */
  store(id: number, value: unknown): void {
    if (this.#pages.setInline(id, value)) {
      this.#reports.write(REPORT.done, id, 0, 0);
      return;
    }
    try {
      if (value instanceof NDArray && this.#storeInPlace(id, value)) return;
      const encoded = encodeValue(value, "result");
      if (keepActor(id, value)) this.#reports.write(REPORT.actor, id, 0, 0);
      this.#storeEncoded(id, TAG.heap, encoded, kindNumber(value));
    } catch (error) {
      this.fail(id, error);
    }
  }

  /** Stores the error and reports the task failed. */
  fail(id: number, error: unknown): void {
    const bytes = encodeTaskError(error);
    const writeTo = (target: Uint8Array): void => target.set(bytes);
    const encoded = { kind: "error", bytes: bytes.length, writeTo };
    try {
      this.#storeEncoded(id, TAG.error, encoded, 0);
    } catch (cause) {
      // Where there is no slab there may be room for just the error.
      if (this.#storeAlone(id, TAG.error, encoded, 0)) return;
      // Nothing of it can be kept: at least it is said.
      console.error(`heddle: a task's error found no room (${String(cause)}): ${String(error)}`);
      this.#reports.write(REPORT.failed, id, ERROR_PLACE.none, 0);
    }
  }

  /** An array that fills an extent of the heap becomes the value where it lies. */
  #storeInPlace(id: number, array: NDArray): boolean {
    const block = array.storage.block;
    if (block === undefined) return false;
    const finished = finishInPlace(array);
    if (finished?.offset !== block.offset - HEADER_ROOM_BYTES) return false;
    const extent = this.#allocator.surrender(block);
    if (extent === undefined) return false;
    this.#heap.handOver(extent);
    revoke(array, "it was returned by the task that made it");
    this.#pages.setHeap(id, TAG.heap, extent.arena, finished.offset, kindNumber(array));
    this.#reportExtent(REPORT.doneExtent, id, extent.bytes);
    return true;
  }

  #storeEncoded(id: number, tag: number, encoded: EncodedValue, valueKind: number): void {
    if (encoded.bytes <= SLAB_VALUE_BYTES_MAX) {
      const { arena, offset } = this.#heap.slabPlace(encoded.bytes);
      this.#write({ arena, offset }, encoded);
      this.#pages.setHeap(id, tag, arena, offset, valueKind);
      if (tag === TAG.error) {
        this.#reports.write(REPORT.failed, id, ERROR_PLACE.slab, encoded.bytes);
      } else this.#reports.write(REPORT.doneSlab, id, encoded.bytes, 0);
      return;
    }
    if (!this.#storeAlone(id, tag, encoded, valueKind)) {
      throw this.#heap.outOfMemory(encoded.bytes);
    }
  }

  /** In an extent of its own; false when there is no room. */
  #storeAlone(id: number, tag: number, encoded: EncodedValue, valueKind: number): boolean {
    const extent = this.#heap.allocate(encoded.bytes);
    if (extent === undefined) return false;
    this.#heap.handOver(extent);
    this.#write(extent, encoded);
    this.#pages.setHeap(id, tag, extent.arena, extent.offset, valueKind);
    if (tag === TAG.error) {
      this.#reports.write(REPORT.failed, id, ERROR_PLACE.extent, encoded.bytes);
    } else {
      this.#reportExtent(REPORT.doneExtent, id, extent.bytes);
    }
    return true;
  }

  #write({ arena, offset }: Omit<Extent, "bytes">, encoded: EncodedValue): void {
    const memory = this.#heap.memory(arena);
    const buffer = bufferUpTo(memory, offset + encoded.bytes);
    encoded.writeTo(new Uint8Array(buffer, offset, encoded.bytes));
  }

  #reportExtent(kind: number, id: number, bytes: Extent["bytes"]): void {
    this.#reports.write(kind, id, bytes | 0, Math.floor(bytes / 2 ** 32));
  }
}
