/**
 * @file Tasks that read JSON: lines of values, or one array cut into byte ranges (`json-scan.ts`)
 * so that each partition parses its own part only.
 */
import { closeSync, openSync } from "node:fs";
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { reading } from "../table/paths.ts";
import { readCompressed } from "./files.ts";
import * as self from "./json.ts";
import { type BlockScan, BlockScanner, findCuts } from "./json-scan.ts";
import { type LineFormat, readAt, readLines, withoutMark } from "./lines.ts";

const PIECE_BYTES = 1 << 20;

/**
 * Task within another task: the values of the lines that start in [start, end); blank lines are
 * skipped.
 */
export function* streamJsonLines(
  path: string,
  start: number,
  end: number,
  format: LineFormat,
): Generator<unknown> {
  let count = 0;
  for (const line of readLines(path, start, end, format)) {
    count++;
    if (line.trim() === "") continue;
    try {
      yield JSON.parse(line);
    } catch (cause) {
      throw badLine(path, start, count, format, cause);
    }
  }
}

/** Task: the same as an array. */
export function readJsonLines(...args: Parameters<typeof streamJsonLines>): unknown[] {
  return Array.from(streamJsonLines(...args));
}

/** Counts the lines before this block only now that somebody wants to know. */
function badLine(
  path: string,
  start: number,
  count: number,
  format: LineFormat,
  cause: unknown,
): HeddleError<"FileInvalid"> {
  let line = count;
  if (start > 0) for (const _ of readLines(path, 0, start, format)) line++;
  return new HeddleError(
    "FileInvalid",
    `${path}: line ${line} is not a JSON value: ${(cause as Error).message}` +
      "; if the file is one array over several lines, say { lines: false }",
    { cause, fields: { path, line } },
  );
}

/** Task: scans one block of an array. */
export function scanJsonBlock(path: string, start: number, end: number): BlockScan {
  const fd = reading(path, () => openSync(path, "r"));
  try {
    const scanner = new BlockScanner(start, endsEscaped(fd, start));
    for (let offset = start; offset < end; ) {
      const bytes = readAt(fd, offset, Math.min(PIECE_BYTES, end - offset));
      if (bytes.length === 0) break;
      scanner.push(bytes);
      offset += bytes.length;
    }
    return scanner.finish();
  } finally {
    closeSync(fd);
  }
}

/** Whether the byte at `offset` is escaped: an odd number of backslashes stands before it. */
function endsEscaped(fd: number, offset: number): boolean {
  let count = 0;
  while (count < offset && readAt(fd, offset - count - 1, 1)[0] === 0x5c) count++;
  return count % 2 === 1;
}

/**
 * Task: where each partition's elements lie, from the scans of all blocks: [start, end) by
 * partition.
 */
export function cutJsonArray(scans: readonly BlockScan[], path: string, bytes: number): number[][] {
  const fd = reading(path, () => openSync(path, "r"));
  try {
    const open = firstByte(fd, bytes);
    if (open.byte === undefined) throw invalid(path, 0, "is empty; an empty array is written []");
    if (open.byte !== "[") throw invalid(path, open.offset, `starts with ${open.byte}, not with [`);
    const { commas, depth, inString } = findCuts(scans);
    const close = lastByte(fd, bytes);
    if (depth > 0 || inString) {
      const what = inString ? "inside a string" : `with ${depth} brackets open`;
      throw invalid(path, bytes, `ends ${what}: it is truncated`);
    }
    if (depth < 0 || close.byte !== "]") {
      throw invalid(path, close.offset, `ends with ${close.byte}, not with the ] of its array`);
    }
    return rangesBetween(commas, open.offset + 1, close.offset);
  } finally {
    closeSync(fd);
  }
}

/**
 * A partition holds the elements after its block's first comma up to the next partition's first.
 */
function rangesBetween(commas: readonly number[], start: number, end: number): number[][] {
  const starts = commas.map((comma, i) => (i === 0 ? start : comma < 0 ? -1 : comma + 1));
  let next = end;
  const ranges: number[][] = [];
  for (const from of starts.toReversed()) {
    ranges.unshift(from < 0 ? [] : [from, next]);
    if (from >= 0) next = from - 1;
  }
  return ranges;
}

/** Task: the elements of one partition. */
export function readJsonRange(ranges: number[][], index: number, path: string): unknown[] {
  const [start, end] = ranges[index] as number[];
  if (start === undefined || end === undefined) return [];
  const fd = reading(path, () => openSync(path, "r"));
  try {
    const bytes = readAt(fd, start, end - start);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
    // A blank part means an empty array when it is all there is, and two commas in a row otherwise.
    const isAlone = ranges.every((range, i) => i === index || range.length === 0);
    if (text.trim() === "" && !isAlone)
      throw invalid(path, start, "has no value between two commas");
    return parseElements(text, path, start);
  } finally {
    closeSync(fd);
  }
}

function parseElements(text: string, path: string, offset: number): unknown[] {
  try {
    return JSON.parse(`[${text}]`) as unknown[];
  } catch (cause) {
    const { at, error } = firstBadElement(text) ?? { at: 0, error: cause as Error };
    const place = offset + Buffer.byteLength(text.slice(0, at));
    throw invalid(path, place, `has an element that is not JSON: ${error.message}`, cause);
  }
}

/**
 * Parses the elements one by one to find the first that fails: only once it is known that there is
 * one.
 */
function firstBadElement(text: string): { at: number; error: Error } | undefined {
  let depth = 0;
  let inString = false;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (inString && c === "\\") i++;
    else if (c === '"') inString = !inString;
    else if (!inString && (c === "[" || c === "{")) depth++;
    else if (!inString && (c === "]" || c === "}")) depth--;
    const ends = c === undefined || (c === "," && depth === 0 && !inString);
    if (!ends) continue;
    try {
      JSON.parse(text.slice(start, i));
    } catch (error) {
      return { at: start, error: error as Error };
    }
    start = i + 1;
  }
  return undefined;
}

/** Task: the elements of a compressed file that is one array. */
export function readJsonFile(path: string, format: LineFormat): unknown[] {
  const bytes = withoutMark(readCompressed(path, format.compression));
  const text = new TextDecoder(format.encoding).decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, 0, `is not JSON: ${(cause as Error).message}`, cause);
  }
  if (Array.isArray(value)) return value;
  throw invalid(path, 0, "is not an array");
}

interface Found {
  readonly offset: number;
  /** The character, or undefined in a blank file. */
  readonly byte: string | undefined;
}

/** The first byte that is neither blank nor part of a byte order mark. */
export function firstByte(fd: number, bytes: number): Found {
  for (let offset = 0; offset < bytes; offset += 4096) {
    const piece = readAt(fd, offset, Math.min(4096, bytes - offset));
    const skip = offset === 0 ? piece.length - withoutMark(piece).length : 0;
    const at = piece.subarray(skip).findIndex(notBlank);
    if (at >= 0) return found(offset + skip + at, piece[skip + at]);
  }
  return { offset: 0, byte: undefined };
}

function lastByte(fd: number, bytes: number): Found {
  for (let end = bytes; end > 0; end -= 4096) {
    const start = Math.max(0, end - 4096);
    const piece = readAt(fd, start, end - start);
    const at = piece.findLastIndex(notBlank);
    if (at >= 0) return found(start + at, piece[at]);
  }
  return { offset: 0, byte: undefined };
}

function found(offset: number, byte: number | undefined): Found {
  return { offset, byte: byte === undefined ? undefined : String.fromCharCode(byte) };
}

function notBlank(byte: number): boolean {
  return byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09;
}

function invalid(
  path: string,
  offset: number,
  what: string,
  cause?: unknown,
): HeddleError<"FileInvalid"> {
  return new HeddleError("FileInvalid", `${path}, byte ${offset}: the file ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    fields: { path, offset },
  });
}

referToAll(import.meta.url, self);
