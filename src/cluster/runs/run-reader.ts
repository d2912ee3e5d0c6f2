/**
 * @file Reads what a run has for one destination, piece by piece, from the file itself or from a
 * copy of that part which has come from another worker. Each piece is compared with its checksum.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { HeddleError } from "../../core/errors.ts";
import type { Run } from "./run.ts";
import { checksum, DOUBLE_BYTES, ENTRY_DOUBLES } from "./run-writer.ts";

/** The pieces of a destination in the run's file, in the order in which they were written. */
export function* piecesInFile(run: Run, destination: number): Generator<Uint8Array> {
  const file = openSync(run.path, "r");
  try {
    const read = (target: Uint8Array, position: number): void => {
      readFully(file, target, position, run);
    };
    const [first = 0, end = 0] = readDoubles(read, 2, run.index + destination * DOUBLE_BYTES);
    const table = readDoubles(read, (end - first) / DOUBLE_BYTES, first);
    for (let entry = 0; entry < table.length; entry += ENTRY_DOUBLES) {
      const [position = 0, length = 0, sum = 0] = table.subarray(entry, entry + ENTRY_DOUBLES);
      yield readPiece(read, position, length, sum, run);
    }
  } finally {
    closeSync(file);
  }
}

/** Fills the target with the bytes from a position on. */
export type ReadAt = (target: Uint8Array, position: number) => void;

/**
 * A part that travels begins with the number of its pieces and its own length, then length and
 * checksum of each piece; the pieces follow.
 */
export const PART_HEAD_BYTES: number = 2 * DOUBLE_BYTES;
export const PART_ENTRY_DOUBLES = 2;

/** The pieces in a part that has come. */
export function* piecesInPart(read: ReadAt, run: Run): Generator<Uint8Array> {
  const [count = 0] = readDoubles(read, 1, 0);
  const table = readDoubles(read, count * PART_ENTRY_DOUBLES, PART_HEAD_BYTES);
  let position = PART_HEAD_BYTES + table.byteLength;
  for (let entry = 0; entry < table.length; entry += PART_ENTRY_DOUBLES) {
    const [length = 0, sum = 0] = table.subarray(entry, entry + PART_ENTRY_DOUBLES);
    yield readPiece(read, position, length, sum, run);
    position += length;
  }
}

function readPiece(
  read: ReadAt,
  position: number,
  length: number,
  sum: number,
  run: Run,
): Uint8Array {
  // Shared memory, so that local arrays decoded over these bytes may go to kernels of other
  // threads.
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  read(bytes, position);
  if (checksum(bytes) !== sum) throw damaged(run, "its bytes are not those that were written");
  return bytes;
}

function readDoubles(read: ReadAt, count: number, position: number): Float64Array {
  const doubles = new Float64Array(count);
  read(new Uint8Array(doubles.buffer), position);
  return doubles;
}

function readFully(file: number, target: Uint8Array, position: number, run: Run): void {
  for (let at = 0; at < target.length; ) {
    const count = readSync(file, target, at, target.length - at, position + at);
    if (count === 0) throw damaged(run, `it ends at byte ${position + at}`);
    at += count;
  }
}

export function damaged(run: Run, why: string): HeddleError {
  return new HeddleError("ValueCorrupt", `the run of source ${run.source} is damaged: ${why}`, {
    fields: { path: run.path, bytes: run.bytes },
  });
}
