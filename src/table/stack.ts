/**
 * @file Columns end to end: copies values, rebases offsets and joins validity bits at any bit
 * position.
 */
import { HeddleError } from "../core/errors.ts";
import { arrayOver, Column, type ColumnArray } from "./column.ts";
import { dtypeOf, type Field, storageOf } from "./types.ts";

/**
 * Most bytes of text that one column can hold: its offsets are signed 32-bit integers, as in Arrow.
 */
export const TEXT_BYTES_MAX: number = 2 ** 31 - 1;

/** One column of the rows of all parts, which must have the type of `field`. */
export function concatColumns(field: Field, parts: readonly Column[]): Column {
  const odd = parts.find((part) => part.type !== field.type);
  if (odd !== undefined) {
    throw new HeddleError(
      "DTypeMismatch",
      `column "${field.name}" is ${dtypeOf(field.type)} in one part and ${odd.dtype} in another`,
      { fields: { column: field.name } },
    );
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const storage = storageOf(field.type);
  const data =
    storage.kind === "bytes"
      ? concatBytes(field, parts, length)
      : { values: concatFixed(parts, length, storage.bytes, storage.words) };
  return new Column(field, length, { ...data, validity: concatValidity(parts, length) });
}

function concatFixed(
  parts: readonly Column[],
  length: number,
  width: number,
  words: Parameters<typeof arrayOver>[0],
): ColumnArray {
  const target = new Uint8Array(length * width);
  let at = 0;
  for (const part of parts) {
    const bytes = part.length * width;
    target.set(bytesOf(part.values, bytes), at);
    at += bytes;
  }
  return arrayOver(words, target.buffer, 0, target.length);
}

/** The first `bytes` bytes of an array's memory. */
export function bytesOf(values: ColumnArray, bytes: number = values.byteLength): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, bytes);
}

function concatBytes(
  field: Field,
  parts: readonly Column[],
  length: number,
): { values: Uint8Array; offsets: Int32Array } {
  const spans = parts.map((part) => {
    const offsets = part.offsets as Int32Array;
    return [offsets[0] ?? 0, offsets[part.length] ?? 0] as const;
  });
  const total = spans.reduce((sum, [start, end]) => sum + end - start, 0);
  if (total > TEXT_BYTES_MAX) throw textTooLong(field.name);
  const values = new Uint8Array(total);
  const offsets = new Int32Array(length + 1);
  let row = 0;
  let at = 0;
  parts.forEach((part, p) => {
    const [start, end] = spans[p] as readonly [number, number];
    values.set((part.values as Uint8Array).subarray(start, end), at);
    const own = part.offsets as Int32Array;
    for (let i = 1; i <= part.length; i++) offsets[++row] = (own[i] as number) - start + at;
    at += end - start;
  });
  return { values, offsets };
}

/** The error for a text column beyond the limit of its offsets. */
export function textTooLong(column: string): HeddleError {
  return new HeddleError(
    "MemoryLimit",
    `column "${column}" holds more than 2 GiB of text in one table: compute it in parts ` +
      "(mapPartitions, toParquet) or aggregate before computing",
    { fields: { column, limitBytes: TEXT_BYTES_MAX } },
  );
}

function concatValidity(parts: readonly Column[], length: number): Uint8Array | undefined {
  if (parts.every((part) => part.validity === undefined)) return undefined;
  const target = new Uint8Array((length + 7) >> 3);
  let at = 0;
  for (const part of parts) {
    if (part.validity === undefined) fillBits(target, at, part.length);
    else copyBits(target, at, part.validity, part.bitOffset, part.length);
    at += part.length;
  }
  return target;
}

/** Sets `count` bits of `target` from bit `at` on. */
export function fillBits(target: Uint8Array, at: number, count: number): void {
  let i = at;
  const end = at + count;
  for (; i < end && (i & 7) !== 0; i++) setBit(target, i);
  const whole = (end - i) >> 3;
  target.fill(255, i >> 3, (i >> 3) + whole);
  for (i += whole * 8; i < end; i++) setBit(target, i);
}

/**
 * Copies `count` bits of `source` from bit `from` on to bit `at` of `target`, whose bits there are
 * 0.
 */
export function copyBits(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  count: number,
): void {
  if ((at & 7) === 0 && (from & 7) === 0) {
    const whole = count >> 3;
    target.set(source.subarray(from >> 3, (from >> 3) + whole), at >> 3);
    copyBitsOneByOne(target, at + whole * 8, source, from + whole * 8, count - whole * 8);
  } else copyBitsOneByOne(target, at, source, from, count);
}

function copyBitsOneByOne(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const bit = from + i;
    if ((((source[bit >> 3] as number) >> (bit & 7)) & 1) !== 0) setBit(target, at + i);
  }
}

function setBit(target: Uint8Array, bit: number): void {
  target[bit >> 3] = (target[bit >> 3] as number) | (1 << (bit & 7));
}
