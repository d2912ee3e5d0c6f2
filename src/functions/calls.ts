/**
 * @file A call that travels by itself, outside of graphs: a function and its arguments as bytes,
 * and what became of it on the way back.
 */
import { decodeValue, encodeValue, prepareValue } from "../codec/values.ts";
import { decodeTaskError, encodeTaskError } from "./task-errors.ts";

/** What became of a call: its value, or what it threw, as bytes. */
export interface CallOutcome {
  readonly ok: boolean;
  readonly bytes: Uint8Array;
}

/** The value as bytes of its own. Throws `NotSerializable`. */
export function bytesOf(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return bytes;
}

/** The value that bytes hold; its arrays are views of them. */
export async function valueIn(bytes: Uint8Array): Promise<unknown> {
  await prepareValue(bytes);
  return decodeValue(bytes);
}

/** A call as bytes. Throws `NotSerializable`, naming what cannot travel. */
export function encodeCall(
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
): Uint8Array {
  return bytesOf([fn, args]);
}

/** Does it, and says what became of it; `more` are arguments that come after the call's own. */
export async function runCall(call: Uint8Array, ...more: readonly unknown[]): Promise<CallOutcome> {
  return await outcomeOf(async () => {
    const [fn, args] = (await valueIn(call)) as [(...args: unknown[]) => unknown, unknown[]];
    return await fn(...args, ...more);
  });
}

/** What becomes of something that is done. */
export async function outcomeOf(run: () => Promise<unknown>): Promise<CallOutcome> {
  try {
    return { ok: true, bytes: bytesOf(await run()) };
  } catch (error) {
    return { ok: false, bytes: encodeTaskError(error) };
  }
}

/** What the call threw; with `callerStack` its stack shows both places. */
export async function errorIn(bytes: Uint8Array, callerStack?: string): Promise<unknown> {
  return await decodeTaskError(bytes, callerStack);
}
