/**
 * @file Which destination a row of an exchange goes to: a hash of the values of its key columns,
 * the same on every worker and whatever else is in the table. Whole numbers of any width hash as
 * 64 bits, floats as doubles of which -0 is 0 and every NaN the same, text by its bytes, null as
 * null. The mixing is that of MurmurHash3 (Austin Appleby, public domain).
 */
import { HeddleError } from "../../core/errors.ts";
import type { Column } from "../../table/column.ts";
import { isInteger, type SqlType, storageOf } from "../../table/types.ts";

/** To be raised when equal keys would go elsewhere: work of another version is other work. */
export const ROW_HASH_VERSION = 1;

const NULL_WORD = 0x9e3779b9;

/** Types that compare otherwise than by their bytes, or lie as text that does not tell. */
export function isHashable(type: SqlType): boolean {
  if (type === "INTERVAL") return false;
  return storageOf(type).kind === "fixed" || type === "VARCHAR" || type === "BLOB";
}

/** A hash of 32 bits for each row. */
export function rowHashes(columns: readonly Column[], rows: number): Int32Array {
  const hashes = new Int32Array(rows).fill(columns.length);
  for (const column of columns) mixColumn(column, hashes);
  for (let i = 0; i < rows; i++) {
    let h = hashes[i] as number;
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    hashes[i] = h ^ (h >>> 16);
  }
  return hashes;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function mixColumn(column: Column, hashes: Int32Array): void {
  if (column.offsets !== undefined) mixText(column, column.offsets, hashes);
  else if (column.type === "DOUBLE" || column.type === "FLOAT") mixFloats(column, hashes);
  else if (column.values.BYTES_PER_ELEMENT < 8) mixNarrow(column, hashes);
  else mixWide(column, hashes);
}

/** Words of up to 32 bits, as if they were 64. */
function mixNarrow(column: Column, hashes: Int32Array): void {
  const values = column.values as Int32Array;
  const hasNulls = column.validity !== undefined;
  const isSigned = isInteger(column.type) ? !column.type.startsWith("U") : true;
  for (let i = 0; i < hashes.length; i++) {
    const h = hashes[i] as number;
    if (hasNulls && column.isNull(i)) hashes[i] = mix(h, NULL_WORD);
    else {
      const value = values[i] as number;
      hashes[i] = mix(mix(h, value | 0), isSigned && value < 0 ? -1 : 0);
    }
  }
}

/** Words of 64 or 128 bits. */
function mixWide(column: Column, hashes: Int32Array): void {
  const { buffer, byteOffset, byteLength } = column.values;
  const words = new Int32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4);
  const width = storageWords(column.type);
  const hasNulls = column.validity !== undefined;
  for (let i = 0; i < hashes.length; i++) {
    let h = hashes[i] as number;
    if (hasNulls && column.isNull(i)) h = mix(h, NULL_WORD);
    else for (let w = i * width; w < (i + 1) * width; w++) h = mix(h, words[w] as number);
    hashes[i] = h;
  }
}

/** Words of 32 bits in one value. */
function storageWords(type: SqlType): number {
  const storage = storageOf(type);
  if (storage.kind === "fixed") return storage.bytes / 4;
  throw new HeddleError("InvariantViolated", `values of ${type} have no fixed width`);
}

function mixFloats(column: Column, hashes: Int32Array): void {
  const values = column.values as Float64Array;
  const hasNulls = column.validity !== undefined;
  const double = new Float64Array(1);
  const words = new Int32Array(double.buffer);
  for (let i = 0; i < hashes.length; i++) {
    let h = hashes[i] as number;
    if (hasNulls && column.isNull(i)) h = mix(h, NULL_WORD);
    else {
      const value = values[i] as number;
      // Adding 0 makes 0 of -0.
      double[0] = Number.isNaN(value) ? Number.NaN : value + 0;
      h = mix(mix(h, words[0] as number), words[1] as number);
    }
    hashes[i] = h;
  }
}

function mixText(column: Column, offsets: Int32Array, hashes: Int32Array): void {
  const bytes = column.values as Uint8Array;
  const hasNulls = column.validity !== undefined;
  for (let i = 0; i < hashes.length; i++) {
    let h = hashes[i] as number;
    if (hasNulls && column.isNull(i)) h = mix(h, NULL_WORD);
    else {
      const end = offsets[i + 1] as number;
      let at = offsets[i] as number;
      h = mix(h, end - at);
      for (; at + 4 <= end; at += 4) {
        const word =
          (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24);
        h = mix(h, word);
      }
      let rest = 0;
      for (; at < end; at++) rest = (rest << 8) | (bytes[at] as number);
      h = mix(h, rest);
    }
    hashes[i] = h;
  }
}
