/**
 * @file How many bytes a value takes, roughly: enough to warn about large literals and to compare
 * results. Long arrays, maps and sets are sampled. Buffers count once, however many views share
 * them. After `dask.sizeof`.
 */

/** Method by which a class says its size in bytes, as a number. */
export const SIZEOF: unique symbol = Symbol.for("heddle.sizeof") as never;

const POINTER = 8;
const HEADER = 16;
const SAMPLE = 64;

/**
 * Bytes of `value` and what it holds, estimated. Never throws and never runs user code other than a
 * `[Symbol.for("heddle.sizeof")]()` method.
 *
 * @example
 * import { sizeof } from "heddle";
 * console.log(sizeof(new Float64Array(1000)) >= 8000); // true
 */
export function sizeof(value: unknown): number {
  return measure(value, new Set());
}

function measure(value: unknown, seen: Set<object>): number {
  switch (typeof value) {
    case "string":
      return HEADER + (isLatin1(value) ? value.length : 2 * value.length);
    case "bigint":
      return HEADER + Math.ceil(value.toString(16).length / 2);
    case "function":
      return 4 * HEADER;
    case "object":
      return value === null ? POINTER : measureObject(value, seen);
    default:
      return POINTER;
  }
}

function isLatin1(text: string): boolean {
  const end = Math.min(text.length, 4 * SAMPLE);
  for (let i = 0; i < end; i++) if (text.charCodeAt(i) > 255) return false;
  return true;
}

function measureObject(value: object, seen: Set<object>): number {
  if (seen.has(value)) return POINTER;
  seen.add(value);
  const own = (value as { [SIZEOF]?: unknown })[SIZEOF];
  if (typeof own === "function") return Number(own.call(value)) + HEADER;
  if (ArrayBuffer.isView(value)) return viewBytes(value, seen);
  if (value instanceof ArrayBuffer || isShared(value)) return HEADER + value.byteLength;
  if (Array.isArray(value)) {
    return HEADER + POINTER * value.length + sampled(value, value.length, seen);
  }
  if (value instanceof Map) {
    return HEADER + 3 * POINTER * value.size + sampled(pairs(value), 2 * value.size, seen);
  }
  if (value instanceof Set)
    return HEADER + 2 * POINTER * value.size + sampled(value, value.size, seen);
  let bytes = HEADER;
  for (const name of Object.keys(value)) {
    const field = Object.getOwnPropertyDescriptor(value, name);
    bytes += POINTER + ("value" in (field ?? {}) ? measure(field?.value, seen) : 0);
  }
  return bytes;
}

/** The bytes that a view shows; views on one buffer add up to no more than the buffer. */
function viewBytes(view: ArrayBufferView, seen: Set<object>): number {
  if (view.byteLength < view.buffer.byteLength) return HEADER + view.byteLength;
  if (seen.has(view.buffer)) return HEADER;
  seen.add(view.buffer);
  return HEADER + view.byteLength;
}

function isShared(value: object): value is SharedArrayBuffer {
  return typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer;
}

function* pairs(map: ReadonlyMap<unknown, unknown>): Generator<unknown> {
  for (const [key, item] of map) {
    yield key;
    yield item;
  }
}

/** Bytes of the items, from the first ones where there are many. */
function sampled(items: Iterable<unknown>, count: number, seen: Set<object>): number {
  let bytes = 0;
  let taken = 0;
  for (const item of items) {
    if (taken === SAMPLE && count > 2 * SAMPLE) return Math.round((bytes / taken) * count);
    bytes += typeof item === "number" ? 0 : measure(item, seen);
    taken++;
  }
  return bytes;
}
