/**
 * @file Serves parts of a run to other workers: what it has for one destination, as a stream of
 * bytes of which a stretch is read at a time. Asynchronous, since the control thread does it.
 */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { HeddleError } from "../../core/errors.ts";
import type { Run } from "./run.ts";
import { damaged, PART_ENTRY_DOUBLES, PART_HEAD_BYTES } from "./run-reader.ts";
import { DOUBLE_BYTES, ENTRY_DOUBLES } from "./run-writer.ts";

/** What is asked for: the attempt by the name of its file, a destination, and where to begin. */
export type PartRequest = readonly [attempt: string, destination: number, from: number];

/** At most so much of a part is answered at a time. */
export const STRETCH_BYTES: number = 4 * 1024 * 1024;

export function partRequest(run: Run, destination: number, from: number): PartRequest {
  return [basename(run.path), destination, from];
}

/** The request in what another process has sent. */
export function readPartRequest(part: unknown): PartRequest {
  const [attempt, destination, from] = Array.isArray(part) ? (part as unknown[]) : [];
  const isPlace = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (typeof attempt === "string" && isPlace(destination) && isPlace(from)) {
    return [attempt, destination, from];
  }
  throw new HeddleError("ProtocolError", "a part of a run was asked for in no known form");
}

/** The stretch of a destination's part that begins at `from`. */
export async function readStretch(
  run: Run,
  [, destination, from]: PartRequest,
): Promise<Uint8Array> {
  const file = await open(run.path, "r");
  try {
    const [first = 0, end = 0] = await doublesAt(
      file,
      2,
      run.index + destination * DOUBLE_BYTES,
      run,
    );
    const table = await doublesAt(file, (end - first) / DOUBLE_BYTES, first, run);
    return await stretchOf(file, table, from, run);
  } finally {
    await file.close();
  }
}

async function stretchOf(
  file: FileHandle,
  table: Float64Array,
  from: number,
  run: Run,
): Promise<Uint8Array> {
  const head = headOf(table);
  const total = new Float64Array(head.buffer)[1] as number;
  const stretch = new Uint8Array(Math.max(0, Math.min(STRETCH_BYTES, total - from)));
  stretch.set(head.subarray(from, from + stretch.length));
  let start = head.length;
  for (let entry = 0; entry < table.length; entry += ENTRY_DOUBLES) {
    const [position = 0, length = 0] = table.subarray(entry, entry + 2);
    const low = Math.max(start, from);
    const high = Math.min(start + length, from + stretch.length);
    if (low < high) {
      await fill(file, stretch.subarray(low - from, high - from), position + low - start, run);
    }
    start += length;
  }
  return stretch;
}

/** Number and length of all, then length and checksum of each piece. */
function headOf(table: Float64Array): Uint8Array {
  const count = table.length / ENTRY_DOUBLES;
  const head = new Float64Array(PART_HEAD_BYTES / DOUBLE_BYTES + count * PART_ENTRY_DOUBLES);
  let total = head.byteLength;
  for (let i = 0; i < count; i++) {
    const [length = 0, sum = 0] = table.subarray(i * ENTRY_DOUBLES + 1, (i + 1) * ENTRY_DOUBLES);
    head.set([length, sum], PART_HEAD_BYTES / DOUBLE_BYTES + i * PART_ENTRY_DOUBLES);
    total += length;
  }
  head.set([count, total]);
  return new Uint8Array(head.buffer);
}

async function doublesAt(
  file: FileHandle,
  count: number,
  position: number,
  run: Run,
): Promise<Float64Array> {
  const doubles = new Float64Array(count);
  await fill(file, new Uint8Array(doubles.buffer), position, run);
  return doubles;
}

async function fill(
  file: FileHandle,
  target: Uint8Array,
  position: number,
  run: Run,
): Promise<void> {
  for (let at = 0; at < target.length; ) {
    const { bytesRead } = await file.read(target, at, target.length - at, position + at);
    if (bytesRead === 0) throw damaged(run, `it ends at byte ${position + at}`);
    at += bytesRead;
  }
}
