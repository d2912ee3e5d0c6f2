/**
 * @file Reading the lines of a part of a file. A line belongs to the block in which its first byte
 * lies, so blocks cut anywhere share no line and lose none. Lines are cut as bytes and decoded
 * afterwards: a character of several bytes is never cut.
 */
import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { HeddleError } from "../core/errors.ts";
import { reading } from "../table/paths.ts";
import { type Compression, readCompressed } from "./files.ts";

/** How to cut and decode a file; plain values, because it travels to the tasks. */
export interface LineFormat {
  /** A label of the WHATWG Encoding standard, such as "utf-8" or "windows-1252". */
  readonly encoding: string;
  /** What ends a line; null means "\n", and "\r\n" as well. */
  readonly delimiter: string | null;
  readonly compression: Compression;
}

/** How many bytes are read and decoded at a time. */
const PIECE_BYTES = 1 << 20;

/** The lines whose first byte lies in [start, end), without what ends them. */
export function* readLines(
  path: string,
  start: number,
  end: number,
  format: LineFormat,
): Generator<string> {
  for (const piece of readPieces(path, start, end, format)) {
    yield* splitLines(decode(piece, path, format), format);
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Pieces of whole lines. */
function* readPieces(
  path: string,
  start: number,
  end: number,
  format: LineFormat,
): Generator<Piece> {
  if (!canSplit(format)) {
    yield { bytes: withoutMark(readCompressed(path, format.compression)), offset: 0 };
    return;
  }
  const delimiter = delimiterBytes(format);
  const fd = reading(path, () => openSync(path, "r"));
  try {
    let offset = firstLineFrom(fd, start, delimiter);
    const stop = firstLineFrom(fd, end, delimiter);
    let size = PIECE_BYTES;
    while (offset < stop) {
      const whole = asBuffer(readAt(fd, offset, Math.min(size, stop - offset)));
      const isLast = whole.length === 0 || offset + whole.length >= stop;
      const cut = isLast ? whole.length : whole.lastIndexOf(delimiter) + delimiter.length;
      if (whole.length === 0) return;
      if (!isLast && cut < delimiter.length) {
        size *= 2;
        continue;
      }
      const bytes = whole.subarray(0, cut);
      yield { bytes: offset === 0 ? withoutMark(bytes) : bytes, offset };
      offset += cut;
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Offset of the first line that starts at `offset` or after it; the end of the file when there is
 * none.
 */
function firstLineFrom(fd: number, offset: number, delimiter: Buffer): number {
  if (offset === 0) return 0;
  // A line starts at `offset` itself when the delimiter ends there, so the search begins that much
  // earlier.
  let from = Math.max(0, offset - delimiter.length);
  for (;;) {
    const bytes = asBuffer(readAt(fd, from, 1 << 16));
    const at = bytes.indexOf(delimiter);
    if (at >= 0) return from + at + delimiter.length;
    if (bytes.length < 1 << 16) return from + bytes.length;
    from += bytes.length - delimiter.length + 1;
  }
}

/** Up to `length` bytes at `offset`; fewer only at the end of the file. */
export function readAt(fd: number, offset: number, length: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, buffer, filled, length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

function decode(piece: Piece, path: string, format: LineFormat): string {
  if (format.encoding === "utf-8") {
    if (isUtf8(piece.bytes)) return asBuffer(piece.bytes).toString("utf8");
    const at = piece.offset + firstInvalid(piece.bytes);
    throw new HeddleError(
      "FileInvalid",
      `${path} is not UTF-8: the line at byte ${at} cannot be decoded; ` +
        'name its encoding, for example { encoding: "windows-1252" }',
      { fields: { path, offset: at } },
    );
  }
  return new TextDecoder(format.encoding).decode(piece.bytes);
}

/** Offset of the first line that is not UTF-8. */
function firstInvalid(bytes: Uint8Array): number {
  let start = 0;
  while (start < bytes.length) {
    const next = bytes.indexOf(10, start);
    const end = next < 0 ? bytes.length : next + 1;
    if (!isUtf8(bytes.subarray(start, end))) return start;
    start = end;
  }
  return 0;
}

function splitLines(text: string, { delimiter }: LineFormat): string[] {
  const lines =
    delimiter !== null ? text.split(delimiter) : text.split(text.includes("\r") ? /\r?\n/ : "\n");
  // What follows the last delimiter is a line only if there is something.
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The bytes without a byte order mark. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function delimiterBytes(format: LineFormat): Buffer {
  return Buffer.from(format.delimiter ?? "\n", "utf8");
}

/**
 * Whether a file can be read in blocks: it is not compressed, its lines end in bytes that mean
 * nothing else (not so in UTF-16), and its delimiter does not overlap itself ("--" in "---" depends
 * on where one starts to look).
 */
export function canSplit(format: LineFormat): boolean {
  if (format.compression !== null || /utf-16/i.test(format.encoding)) return false;
  const delimiter = delimiterBytes(format);
  for (let i = 1; i < delimiter.length; i++) {
    if (delimiter.subarray(i).equals(delimiter.subarray(0, delimiter.length - i))) return false;
  }
  const isAscii = delimiter.every((byte) => byte < 128);
  return isAscii || format.encoding === "utf-8";
}
