/**
 * @file DuckDB's vectors into columns. Fixed-width values and validity bits are one memcpy a chunk.
 * A string vector is 16 bytes a row: up to 12 bytes of text inline, else a pointer into heap
 * blocks. The blocks' gaps are not mapped, so only pages that strings touch are copied, never the
 * span from first to last (that crashed, see `reference`).
 */
import { HeddleError } from "../core/errors.ts";
import { grown } from "./build.ts";
import { arrayOver, Column } from "./column.ts";
import type { Library, Pointer } from "./library.ts";
import { fillBits, TEXT_BYTES_MAX, textTooLong } from "./stack.ts";
import { type Field, storageOf } from "./types.ts";

/** Rows of a full vector. */
export const VECTOR_ROWS = 2048;

const PAGE = 4096;
const INLINE_MAX = 12;

/** Buffers start empty: most results have few rows. */
const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Gathers the chunks of a result into one column. */
export interface ColumnReader {
  read(vector: Pointer, rows: number): void;
  finish(): Column;
}

/** Part of a finished column's buffer that may be empty. */
const SPARE_SHARE = 1 / 8;

/**
 * A reader for a column of the given (carried) type; `rows` is how many there will be, if known:
 * buffers that have to grow leave their smaller selves to the collector.
 */
export function columnReader(library: Library, field: Field, rows = 0): ColumnReader {
  const storage = storageOf(field.type);
  if (storage.kind === "bytes") return new TextReader(library, field);
  return new FixedReader(library, field, storage.bytes, storage.words, rows);
}

/** The validity bits of a growing column; they exist from the first null on. */
class ValidityReader {
  readonly #library: Library;
  #bits: Uint8Array | undefined;
  #rows = 0;
  /** Made with the first vector that may hold nulls. */
  #words: Uint8Array | undefined;

  constructor(library: Library) {
    this.#library = library;
  }

  /** Appends the bits of a vector, and returns its own bits when it has any null. */
  read(vector: Pointer, rows: number): Uint8Array | undefined {
    const pointer = this.#library.vectorValidity(vector);
    const before = this.#rows;
    this.#rows += rows;
    if (pointer !== 0) {
      this.#words ??= new Uint8Array(VECTOR_ROWS / 8);
      this.#library.memcpy(this.#words, pointer, Math.ceil(rows / 64) * 8);
      if (!allSet(this.#words, rows)) {
        if (this.#bits === undefined) {
          this.#bits = new Uint8Array(Math.max(256, this.#rows >> 2));
          fillBits(this.#bits, 0, before);
        }
        this.#reserve();
        appendBits(this.#bits as Uint8Array, before, this.#words, rows);
        return this.#words;
      }
    }
    if (this.#bits !== undefined) {
      this.#reserve();
      fillBits(this.#bits, before, rows);
    }
    return undefined;
  }

  #reserve(): void {
    const needed = (this.#rows + 7) >> 3;
    if (this.#bits !== undefined && needed > this.#bits.length) {
      this.#bits = grown(this.#bits, needed);
    }
  }

  finish(): Uint8Array | undefined {
    return this.#bits?.subarray(0, (this.#rows + 7) >> 3);
  }
}

function allSet(words: Uint8Array, rows: number): boolean {
  const whole = rows >> 3;
  for (let i = 0; i < whole; i++) if (words[i] !== 255) return false;
  const rest = (1 << (rows & 7)) - 1;
  return ((words[whole] ?? 0) & rest) === rest;
}

/**
 * Appends `count` bits that start at bit 0 of `source` to position `at`, whose bits there are 0.
 */
function appendBits(target: Uint8Array, at: number, source: Uint8Array, count: number): void {
  const shift = at & 7;
  const first = at >> 3;
  const bytes = (count + 7) >> 3;
  for (let i = 0; i < bytes; i++) {
    const last = i === bytes - 1 && (count & 7) !== 0;
    const byte = (source[i] as number) & (last ? (1 << (count & 7)) - 1 : 255);
    target[first + i] = (target[first + i] as number) | ((byte << shift) & 255);
    const carry = byte >> (8 - shift);
    if (shift !== 0 && carry !== 0) {
      target[first + i + 1] = (target[first + i + 1] as number) | carry;
    }
  }
}

class FixedReader implements ColumnReader {
  readonly #library: Library;
  readonly #field: Field;
  readonly #width: number;
  readonly #words: Parameters<typeof arrayOver>[0];
  readonly #validity: ValidityReader;
  #bytes: Uint8Array<ArrayBuffer>;
  #rows = 0;

  constructor(
    library: Library,
    field: Field,
    width: number,
    words: Parameters<typeof arrayOver>[0],
    rows: number,
  ) {
    this.#library = library;
    this.#field = field;
    this.#width = width;
    this.#words = words;
    this.#validity = new ValidityReader(library);
    this.#bytes = rows === 0 ? NO_BYTES : new Uint8Array(rows * width);
  }

  read(vector: Pointer, rows: number): void {
    const at = this.#rows * this.#width;
    const needed = at + rows * this.#width;
    if (needed > this.#bytes.length) this.#bytes = grown(this.#bytes, needed);
    const target = this.#bytes.subarray(at, needed);
    this.#library.memcpy(target, this.#library.vectorData(vector), target.length);
    const bits = this.#validity.read(vector, rows);
    if (bits !== undefined) clearNulls(target, this.#width, bits, rows);
    this.#rows += rows;
  }

  finish(): Column {
    const bytes = this.#rows * this.#width;
    // A result that is smaller than its buffer is copied, so that it does not hold the buffer.
    const spare = this.#bytes.length - bytes;
    const buffer = spare > SPARE_SHARE * bytes ? this.#bytes.slice(0, bytes) : this.#bytes;
    const values = arrayOver(this.#words, buffer.buffer, 0, bytes);
    return new Column(this.#field, this.#rows, { values, validity: this.#validity.finish() });
  }
}

/**
 * Null rows hold whatever the engine left there: zero them, so that equal columns have equal bytes.
 */
function clearNulls(target: Uint8Array, width: number, bits: Uint8Array, rows: number): void {
  for (let i = 0; i < rows; i++) {
    if ((((bits[i >> 3] as number) >> (i & 7)) & 1) === 0) {
      target.fill(0, i * width, (i + 1) * width);
    }
  }
}

/** A run of pages that holds text, and where its copy starts in the scratch buffer. */
interface Run {
  readonly start: number;
  readonly end: number;
  readonly scratch: number;
}

class TextReader implements ColumnReader {
  readonly #library: Library;
  readonly #field: Field;
  readonly #validity: ValidityReader;
  #text: Uint8Array<ArrayBuffer> = NO_BYTES;
  #textEnd = 0;
  #offsets = new Int32Array(1);
  #rows = 0;
  #scratch = NO_BYTES;
  /** A vector's strings, as large as its rows ask for. */
  #strings = NO_BYTES;
  #view = new DataView(NO_BYTES.buffer);

  constructor(library: Library, field: Field) {
    this.#library = library;
    this.#field = field;
    this.#validity = new ValidityReader(library);
  }

  read(vector: Pointer, rows: number): void {
    if (rows * 16 > this.#strings.length) {
      this.#strings = new Uint8Array(rows * 16);
      this.#view = new DataView(this.#strings.buffer);
    }
    this.#library.memcpy(this.#strings, this.#library.vectorData(vector), rows * 16);
    const bits = this.#validity.read(vector, rows);
    const lengths = this.#lengths(rows, bits);
    const runs = this.#copyPages(rows, lengths);
    this.#reserve(rows, lengths);
    this.#gather(rows, lengths, runs);
    this.#rows += rows;
  }

  /** Length of each row's text; 0 for null rows, whose 16 bytes may be garbage. */
  #lengths(rows: number, bits: Uint8Array | undefined): Int32Array {
    const lengths = new Int32Array(rows);
    for (let i = 0; i < rows; i++) {
      if (bits !== undefined && (((bits[i >> 3] as number) >> (i & 7)) & 1) === 0) continue;
      lengths[i] = this.#view.getUint32(i * 16, true);
    }
    return lengths;
  }

  #pointer(i: number): number {
    return (
      this.#view.getUint32(i * 16 + 8, true) + this.#view.getUint32(i * 16 + 12, true) * 2 ** 32
    );
  }

  /**
   * Copies the pages that hold long strings, as merged intervals, and says where each came to lie.
   */
  #copyPages(rows: number, lengths: Int32Array): Run[] {
    const spans: [start: number, end: number][] = [];
    let last: [start: number, end: number] | undefined;
    for (let i = 0; i < rows; i++) {
      const length = lengths[i] as number;
      if (length <= INLINE_MAX) continue;
      const pointer = this.#pointer(i);
      const start = Math.floor(pointer / PAGE) * PAGE;
      const end = Math.ceil((pointer + length) / PAGE) * PAGE;
      // Neighbouring rows mostly share a page: extend the last interval where possible.
      if (last !== undefined && start >= last[0] && start <= last[1]) {
        last[1] = Math.max(last[1], end);
      } else {
        last = [start, end];
        spans.push(last);
      }
    }
    return this.#copyRuns(mergeSpans(spans));
  }

  #copyRuns(spans: readonly (readonly [number, number])[]): Run[] {
    const runs: Run[] = [];
    let at = 0;
    for (const [start, end] of spans) {
      runs.push({ start, end, scratch: at });
      at += end - start;
    }
    if (at > this.#scratch.length) this.#scratch = new Uint8Array(at * 2);
    for (const { start, end, scratch } of runs) {
      const target = this.#scratch.subarray(scratch, scratch + end - start);
      this.#library.memcpy(target, start, target.length);
    }
    return runs;
  }

  #reserve(rows: number, lengths: Int32Array): void {
    let total = 0;
    for (const length of lengths) total += length;
    const needed = this.#textEnd + total;
    if (needed > TEXT_BYTES_MAX) throw textTooLong(this.#field.name);
    if (needed > this.#text.length) this.#text = grown(this.#text, needed);
    if (this.#rows + rows + 1 > this.#offsets.length) {
      const larger = new Int32Array(Math.max(this.#rows + rows + 1, this.#offsets.length * 2));
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
  }

  #gather(rows: number, lengths: Int32Array, runs: readonly Run[]): void {
    let end = this.#textEnd;
    let run = runs[0];
    for (let i = 0; i < rows; i++) {
      const length = lengths[i] as number;
      if (length <= INLINE_MAX) {
        const from = i * 16 + 4;
        for (let b = 0; b < length; b++) this.#text[end + b] = this.#strings[from + b] as number;
      } else {
        const pointer = this.#pointer(i);
        if (run === undefined || pointer < run.start || pointer >= run.end) {
          run = runs.find(({ start, end: stop }) => pointer >= start && pointer < stop);
        }
        if (run === undefined) throw lostText(this.#field.name);
        const from = run.scratch + pointer - run.start;
        this.#text.set(this.#scratch.subarray(from, from + length), end);
      }
      end += length;
      this.#offsets[this.#rows + i + 1] = end;
    }
    this.#textEnd = end;
  }

  finish(): Column {
    const values = this.#text.slice(0, this.#textEnd);
    const offsets = this.#offsets.subarray(0, this.#rows + 1);
    const validity = this.#validity.finish();
    return new Column(this.#field, this.#rows, { values, offsets, validity });
  }
}

function mergeSpans(spans: [number, number][]): [number, number][] {
  if (spans.length <= 1) return spans;
  spans.sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last !== undefined && span[0] <= last[1]) last[1] = Math.max(last[1], span[1]);
    else merged.push(span);
  }
  return merged;
}

function lostText(column: string): HeddleError {
  return new HeddleError(
    "InvariantViolated",
    `text of column "${column}" lies outside the pages copied. This is a bug in Heddle: please report it.`,
  );
}
