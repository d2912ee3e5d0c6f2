/**
 * @file Views over values at rest. Another thread may have grown the memory a moment ago; this
 * thread's view of its length then lags a little, so a value beyond it is waited for.
 */
import { frameBytes, HEADER_BYTES } from "../codec/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { WasmMemory } from "../core/wasm.ts";

const pause = new Int32Array(new SharedArrayBuffer(4));
const PAUSES_MAX = 1000;

/** The memory's buffer, at least `end` bytes long. */
export function bufferUpTo(memory: WasmMemory, end: number): SharedArrayBuffer {
  for (let i = 0; i < PAUSES_MAX; i++) {
    const buffer = memory.buffer as SharedArrayBuffer;
    if (buffer.byteLength >= end) return buffer;
    Atomics.wait(pause, 0, 0, 1);
  }
  throw new HeddleError(
    "InvariantViolated",
    `an arena ends at ${memory.buffer.byteLength} bytes and a value at ${end}`,
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
