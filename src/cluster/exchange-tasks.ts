/**
 * @file The tasks of an exchange. Each source writes its pieces, one after the other, into a run
 * file of its own; a seal checks that every source has exactly one complete run; each destination
 * reads its piece of every run. So memory holds one source or one destination at a time, and the
 * system's page cache the rest.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { decodeValue, encodeValue, prepareValue } from "../codec/index.ts";
import { HeddleError } from "../core/errors.ts";
import { Hash128 } from "../core/hash.ts";
import { referToAll } from "../functions/index.ts";
import { scratchDirectory } from "../threads/scratch.ts";

/** Pieces of one source by destination; undefined where there is nothing to send. */
export type Pieces = readonly unknown[];

/** What a source's task returns: where its run is, and what must be found there. */
export interface Run {
  readonly source: number;
  /**
   * Tells this attempt's file from those of others; a destination reads the run that was sealed.
   */
  readonly path: string;
  readonly destinations: number;
  readonly bytes: number;
}

/** All runs of an exchange, by source. */
export interface SealedRuns {
  readonly exchange: string;
  readonly runs: readonly Run[];
}

/** A piece as it arrives. */
export interface Arrival<T = unknown> {
  readonly source: number;
  readonly value: T;
}

/** Entry of a run's table: offset, length and checksum of a piece, as three doubles. */
const ENTRY_DOUBLES = 3;
/** Pieces are written together until this many bytes are in the buffer. */
const BUFFER_BYTES = 1024 * 1024;

/** Task of a source: writes its pieces. */
export function writeRun(pieces: Pieces, source: number, destinations: number): Run {
  if (pieces.length !== destinations) {
    throw new HeddleError(
      "InvariantViolated",
      `source ${source} of an exchange made ${pieces.length} pieces for ${destinations} destinations`,
    );
  }
  const path = join(scratchDirectory(), `run-${source}-${randomBytes(6).toString("hex")}`);
  const table = new Float64Array(destinations * ENTRY_DOUBLES);
  const writer = new RunWriter(path, table.byteLength);
  try {
    pieces.forEach((piece, i) => {
      if (piece === undefined) return;
      const encoded = encodeValue(piece);
      const bytes = new Uint8Array(encoded.bytes);
      encoded.writeTo(bytes);
      table[i * ENTRY_DOUBLES] = writer.position;
      table[i * ENTRY_DOUBLES + 1] = bytes.length;
      table[i * ENTRY_DOUBLES + 2] = checksum(bytes);
      writer.write(bytes);
    });
    writer.finish(table);
  } finally {
    writer.close();
  }
  return { source, path, destinations, bytes: writer.position };
}

/** Task of the seal: every source must have come, once. */
export function sealRuns(runs: readonly Run[], exchange: string, sources: number): SealedRuns {
  const seen = new Set(runs.map((run) => run.source));
  if (runs.length !== sources || seen.size !== sources) {
    throw new HeddleError(
      "InvariantViolated",
      `exchange ${exchange} has ${seen.size} of ${sources} sources in ${runs.length} runs`,
    );
  }
  return { exchange, runs: [...runs].sort((a, b) => a.source - b.source) };
}

/** First half of a destination's task: its pieces, in the order of their sources. */
export async function readPieces(sealed: SealedRuns, destination: number): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  for (const run of sealed.runs) {
    const bytes = readPiece(run, destination);
    if (bytes === undefined) continue;
    await prepareValue(bytes);
    arrivals.push({ source: run.source, value: decodeValue(bytes) });
  }
  return arrivals;
}

function readPiece(run: Run, destination: number): Uint8Array | undefined {
  const file = openSync(run.path, "r");
  try {
    const entry = new Float64Array(ENTRY_DOUBLES);
    const entryBytes = new Uint8Array(entry.buffer);
    readFully(file, entryBytes, destination * entryBytes.length, run);
    const [position = 0, length = 0, sum = 0] = entry;
    if (length === 0) return undefined;
    // Shared memory, so that local arrays decoded over these bytes may go to kernels of other
    // threads.
    const bytes = new Uint8Array(new SharedArrayBuffer(length));
    readFully(file, bytes, position, run);
    if (checksum(bytes) !== sum) throw damaged(run, "its bytes are not those that were written");
    return bytes;
  } finally {
    closeSync(file);
  }
}

function readFully(file: number, target: Uint8Array, position: number, run: Run): void {
  for (let at = 0; at < target.length; ) {
    const count = readSync(file, target, at, target.length - at, position + at);
    if (count === 0) throw damaged(run, `it ends at byte ${position + at}`);
    at += count;
  }
}

function damaged(run: Run, why: string): HeddleError {
  return new HeddleError("ValueCorrupt", `the run of source ${run.source} is damaged: ${why}`, {
    fields: { path: run.path, bytes: run.bytes },
  });
}

/** 52 bits of the content's hash. */
function checksum(bytes: Uint8Array): number {
  const hash = new Hash128();
  hash.bytes(bytes);
  return Number.parseInt(hash.digest().slice(0, 13), 16);
}

/** Collects small pieces and writes large ones at once; the table goes to the front at the end. */
class RunWriter {
  readonly #file: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #flushed: number;

  constructor(path: string, tableBytes: number) {
    this.#file = openSync(path, "wx", 0o600);
    this.#flushed = tableBytes;
  }

  get position(): number {
    return this.#flushed + this.#used;
  }

  write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      this.#put(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  finish(table: Float64Array): void {
    this.#flush();
    writeFully(this.#file, new Uint8Array(table.buffer), 0);
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    this.#put(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #put(bytes: Uint8Array): void {
    writeFully(this.#file, bytes, this.#flushed);
    this.#flushed += bytes.length;
  }
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(file, bytes, at, bytes.length - at, position + at);
  }
}

referToAll(import.meta.url, { writeRun, sealRuns, readPieces });
