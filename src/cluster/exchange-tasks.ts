/**
 * @file The tasks of an exchange. Each source writes its pieces, one after the other as its split
 * gives them, into a run file of its own; a seal checks that every source has exactly one complete
 * run; each destination reads its pieces of every run, one after the other as its join asks for
 * them. So memory holds a few pieces at a time, and the system's page cache the rest.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { decodeValue, type EncodedValue, encodeValue, prepareValue } from "../codec/index.ts";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { Hash128 } from "../core/hash.ts";
import { referToAll } from "../functions/index.ts";
import { scratchDirectory } from "../threads/scratch.ts";
import * as self from "./exchange-tasks.ts";

/** A part of a source, and the number of the destination that it goes to. */
export type Piece<T = unknown> = readonly [destination: number, value: T];

/**
 * What a split gives: any number of pieces for each destination. They are written as they come; a
 * generator is told the bytes that each piece took, so that it can make the next ones neither too
 * small nor too large.
 */
export type Pieces<T = unknown> = Iterable<Piece<T>> | Generator<Piece<T>, void, number>;

/** What a source's task returns: where its run is, and what must be found there. */
export interface Run {
  readonly source: number;
  /**
   * Tells this attempt's file from those of others; a destination reads the run that was sealed.
   */
  readonly path: string;
  readonly bytes: number;
  /**
   * Where in the file its index begins: the place in the table of each destination's entries, and
   * the table's end.
   */
  readonly index: number;
  /** Whether some piece may need modules to be loaded before it can be read. */
  readonly needsModules: boolean;
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

/**
 * A piece's entry in a file's table, which lies behind the pieces and before the index: offset,
 * length, checksum.
 */
const ENTRY_DOUBLES = 3;
const DOUBLE_BYTES = 8;
/** Pieces are written together until this many bytes are in the buffer. */
const BUFFER_BYTES = 1024 * 1024;

/** Task of a source: writes its pieces. */
export function writeRun(pieces: Pieces, source: number, destinations: number): Run {
  const folder = onDisk("its folder", scratchDirectory);
  const path = join(folder, `run-${source}-${randomBytes(6).toString("hex")}`);
  const writer = new RunWriter(path, destinations);
  try {
    const iterator = (pieces as Generator<Piece, void, number>)[Symbol.iterator]();
    let bytes = 0;
    for (let step = iterator.next(bytes); step.done !== true; step = iterator.next(bytes)) {
      const [destination, value] = step.value;
      bytes = writer.add(destination, encodeValue(value));
    }
    const index = writer.finish();
    return { source, path, bytes: writer.position, index, needsModules: writer.needsModules };
  } catch (error) {
    // What is there helps nobody, and the disk may be full.
    rmSync(path, { force: true });
    throw error;
  } finally {
    writer.close();
  }
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

/**
 * First half of a destination's task: its pieces, in the order of their sources, and of each source
 * in the order in which it gave them. They can be gone through once, and are read as they are asked
 * for.
 */
export function readPieces(
  sealed: SealedRuns,
  destination: number,
): Iterable<Arrival> | Promise<Iterable<Arrival>> {
  const rich = sealed.runs.filter((run) => run.needsModules);
  if (rich.length === 0) return arrivals(sealed.runs, destination);
  return prepareAll(rich, destination).then(() => arrivals(sealed.runs, destination));
}

function* arrivals(runs: readonly Run[], destination: number): Generator<Arrival> {
  for (const run of runs) {
    for (const bytes of bytesOf(run, destination)) {
      yield { source: run.source, value: decodeValue(bytes) };
    }
  }
}

async function prepareAll(runs: readonly Run[], destination: number): Promise<void> {
  for (const run of runs) {
    for (const bytes of bytesOf(run, destination)) await prepareValue(bytes);
  }
}

function* bytesOf(run: Run, destination: number): Generator<Uint8Array> {
  const file = openSync(run.path, "r");
  try {
    const [first = 0, end = 0] = readDoubles(file, 2, run.index + destination * DOUBLE_BYTES, run);
    const table = readDoubles(file, (end - first) / DOUBLE_BYTES, first, run);
    for (let entry = 0; entry < table.length; entry += ENTRY_DOUBLES) {
      const [position = 0, length = 0, sum = 0] = table.subarray(entry, entry + ENTRY_DOUBLES);
      // Shared memory, so that local arrays decoded over these bytes may go to kernels of other
      // threads.
      const bytes = new Uint8Array(new SharedArrayBuffer(length));
      readFully(file, bytes, position, run);
      if (checksum(bytes) !== sum) throw damaged(run, "its bytes are not those that were written");
      yield bytes;
    }
  } finally {
    closeSync(file);
  }
}

function readDoubles(file: number, count: number, position: number, run: Run): Float64Array {
  const doubles = new Float64Array(count);
  readFully(file, new Uint8Array(doubles.buffer), position, run);
  return doubles;
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

/**
 * Collects small pieces and writes large ones at once; the table of all pieces, by destination,
 * comes last.
 */
class RunWriter {
  needsModules = false;
  readonly #path: string;
  readonly #file: number;
  readonly #entries: number[][];
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #flushed = 0;

  constructor(path: string, destinations: number) {
    this.#path = path;
    this.#entries = Array.from({ length: destinations }, () => []);
    this.#file = onDisk(path, () => openSync(path, "wx", 0o600));
  }

  get position(): number {
    return this.#flushed + this.#used;
  }

  /** Writes a piece; returns how many bytes it took. */
  add(destination: number, encoded: EncodedValue): number {
    const entries = this.#entries[destination];
    if (entries === undefined) {
      throw new HeddleError(
        "InvariantViolated",
        `a piece of an exchange is for destination ${destination} of ${this.#entries.length}`,
      );
    }
    const bytes = new Uint8Array(encoded.bytes);
    encoded.writeTo(bytes);
    if (encoded.kind === "clone" || encoded.kind === "error") this.needsModules = true;
    entries.push(this.position, bytes.length, checksum(bytes));
    this.#write(bytes);
    return bytes.length;
  }

  /** Writes the table and the index; returns where the index begins. */
  finish(): number {
    const starts = this.#entries.map((entries) => {
      const start = this.position;
      this.#write(bytesOfDoubles(entries));
      return start;
    });
    const index = this.position;
    this.#write(bytesOfDoubles([...starts, index]));
    this.#flush();
    return index;
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      this.#put(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #flush(): void {
    this.#put(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #put(bytes: Uint8Array): void {
    onDisk(this.#path, () => {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(this.#file, bytes, at, bytes.length - at, this.#flushed + at);
      }
    });
    this.#flushed += bytes.length;
  }
}

function bytesOfDoubles(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

/** An operation on files; its failure says where, and what can be done. */
function onDisk<T>(where: string, operation: () => T): T {
  try {
    return operation();
  } catch (cause) {
    if (isHeddleError(cause)) throw cause;
    const { code = "", message = String(cause) } = cause as { code?: string; message?: string };
    throw new HeddleError(
      "SpillFailed",
      `an exchange cannot write to ${where}: ${message}. Make room there, or name another folder ` +
        "(localDirectory, or temporary-directory in the configuration).",
      { cause, fields: { where, code } },
    );
  }
}

referToAll(import.meta.url, self);
