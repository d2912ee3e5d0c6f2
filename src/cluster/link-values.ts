/**
 * @file How a client reads the values of its tasks: small ones are known with the news that they
 * are there, the others are read where they lie and copied.
 */
import { decodeValue, prepareValue } from "../codec/index.ts";
import type { EngineMessage } from "./messages.ts";
import type { ReceiveValue } from "./run-collections.ts";

/** The values that a connection gives. */
export interface LinkValues {
  /** About as many bytes are read together. */
  readonly batchBytes: number;
  /** Takes what the engine says about values. */
  heard(message: EngineMessage): void;
  /** Whether the value of a finished task is known here already. */
  isKnown(id: number): boolean;
  /** A value that is known. */
  known(id: number): unknown;
  /** Of what type the value of a finished task is, as far as is known. */
  typeOf(id: number): string | undefined;
  /** Forgets what is known of tasks. */
  forget(ids: Int32Array): void;
  /**
   * Reads values together; undefined when some are being computed again. `receive` gets the place
   * in `ids` of a value and the value where it lies; what it gives is kept.
   */
  read(ids: Int32Array, receive: ReceiveValue | undefined): Promise<ReadValues | undefined>;
  /** The connection has ended. */
  close(): void;
}

export interface ReadValues {
  readonly values: unknown[];
  readonly bytes: number;
}

let arrays: typeof import("../ndarray/ndarray.ts") | undefined;

/**
 * Local arrays are loaded with the first value from the heap: programs of plain numbers need none.
 */
export async function loadArrays(): Promise<typeof import("../ndarray/ndarray.ts")> {
  if (arrays === undefined) {
    await import("../ndarray/codec.ts");
    arrays = await import("../ndarray/ndarray.ts");
  }
  return arrays;
}

/**
 * What leaves the engine is a copy: the chunk may move or go as soon as it is unpinned. Whoever
 * receives the value may copy it himself.
 */
export async function keepOf(
  bytes: Uint8Array,
  receive: (value: unknown) => unknown,
): Promise<unknown> {
  if (arrays === undefined) await loadArrays();
  await prepareValue(bytes);
  const { value, isApart } = keepNow(bytes, receive);
  return isApart ? value : decodeValue(bytes.slice());
}

/**
 * The same for bytes whose functions are prepared and nobody else's: a value that is not apart
 * from them needs them as long as it lives. Arrays must be loaded.
 */
export function keepNow(
  bytes: Uint8Array,
  receive: (value: unknown) => unknown,
): { readonly value: unknown; readonly isApart: boolean } {
  const value = decodeValue(bytes);
  const kept = receive(value);
  if (kept !== undefined) return { value: kept, isApart: true };
  if (arrays?.isNDArray(value) === true) return { value: value.copy(), isApart: true };
  return { value, isApart: ArrayBuffer.isView(value) && value.buffer !== bytes.buffer };
}
