/** @file Views over values at rest, in memories that other threads grow. */
import { frameBytes, HEADER_BYTES } from "../codec/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { WasmMemory } from "../core/wasm.ts";

/**
 * Makes the thread see the memory as long as it is, at least to `end`. A memory that grows while it
 * is on its way to this thread stays at its old length here: V8 tells the threads that have it, and
 * this one has it a moment too late. Growing it by nothing makes the thread look again.
 */
export function lookUpTo(memory: WasmMemory, end: number): void {
  if (memory.buffer.byteLength < end) memory.grow(0);
}

/** The memory's buffer, at least `end` bytes long. */
export function bufferUpTo(memory: WasmMemory, end: number): SharedArrayBuffer {
  lookUpTo(memory, end);
  const { buffer } = memory;
  if (buffer.byteLength >= end) return buffer;
  throw new HeddleError(
    "InvariantViolated",
    `an arena ends at ${buffer.byteLength} bytes and a value at ${end}`,
  );
}

/** The bytes of the value that starts at `offset`. */
export function valueBytes(memory: WasmMemory, offset: number): Uint8Array {
  const head = bufferUpTo(memory, offset + HEADER_BYTES);
  const total = new DataView(head).getFloat64(offset + 8, true);
  const buffer = bufferUpTo(memory, offset + total);
  const bytes = new Uint8Array(buffer, offset, total);
  frameBytes(bytes);
  return bytes;
}
