/**
 * @file Writes a run: pieces one after the other as they come, then a table of all pieces by
 * destination, then where in the table each destination begins. Small pieces are collected and
 * written together.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { EncodedValue } from "../../codec/index.ts";
import { HeddleError, isHeddleError } from "../../core/errors.ts";
import { Hash128 } from "../../core/hash.ts";

/** A piece's entry in the table: offset, length, checksum. */
export const ENTRY_DOUBLES = 3;
export const DOUBLE_BYTES = 8;
/** Pieces are written together until this many bytes are in the buffer. */
const BUFFER_BYTES = 1024 * 1024;

export class RunWriter {
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

// Empty again after each digest.
const hash = new Hash128();

/** 52 bits of the content's hash. */
export function checksum(bytes: Uint8Array): number {
  hash.bytes(bytes);
  return Number.parseInt(hash.digest().slice(0, 13), 16);
}

function bytesOfDoubles(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

/** An operation on files; its failure says where, and what can be done. */
export function onDisk<T>(where: string, operation: () => T): T {
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
