/**
 * @file Bags from files: `readText` and `readJson`. Files are found when the bag is built, and read
 * by the tasks.
 */
import { closeSync, openSync } from "node:fs";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { parseBytes } from "../core/units.ts";
import { referToAll } from "../functions/index.ts";
import { type FileInfo, findFiles, type Paths, reading } from "../table/paths.ts";
import { Bag } from "./bag.ts";
import { type Compression, compressionOf, requireCompression } from "./files.ts";
import {
  cutJsonArray,
  firstByte,
  readJsonFile,
  readJsonLines,
  readJsonRange,
  scanJsonBlock,
  streamJsonLines,
} from "./json.ts";
import { canSplit, type LineFormat, readLines } from "./lines.ts";
import {
  columnEntry,
  constant,
  dependency,
  makeParts,
  Node,
  type Parts,
  sourceParts,
} from "./parts.ts";
import * as self from "./read.ts";

export type { Paths } from "../table/paths.ts";

/** How files are cut and decoded. */
export interface ReadOptions {
  /**
   * Size of a partition, such as "64MiB", or null for one partition per file. Default "16MiB";
   * compressed files are never cut.
   */
  readonly blocksize?: string | number | null;
  /** Default "infer": by the extension (.gz, .br, .zst). */
  readonly compression?: Compression | "infer";
  /** A label of the Encoding standard, such as "windows-1252"; default "utf-8". */
  readonly encoding?: string;
}

/** Options of {@link readText}. */
export interface ReadTextOptions extends ReadOptions {
  /** Whether items are pairs of line and path; default false. */
  readonly includePath?: boolean;
  /** What ends a line; default "\n" or "\r\n". */
  readonly linedelimiter?: string;
}

/** Options of {@link readJson}. */
export interface ReadJsonOptions extends ReadOptions {
  /**
   * True: a value per line; false: one array per file. Default: by the extension (.jsonl, .ndjson)
   * and the first byte.
   */
  readonly lines?: boolean;
}

const READ_OPTIONS = ["blocksize", "compression", "encoding"] as const;

const DEFAULT_BLOCK_BYTES = 16 * 1024 * 1024;

/**
 * A bag of the lines of text files, without what ends them. Large files are cut into blocks that
 * keep lines whole. Errors: `FileNotFound` (with the nearest name) when built; `FileInvalid` when
 * computed, for text that does not decode.
 *
 * @example
 * import { readText } from "heddle/bag";
 * const lines = readText("node_modules/vega-datasets/data/*.csv", { blocksize: "8MiB" });
 * console.log(await lines.filter((line) => line.includes("Chicago")).count().compute());
 */
export function readText(
  paths: Paths,
  options: ReadTextOptions & { readonly includePath: true },
): Bag<[line: string, path: string]>;
export function readText(paths: Paths, options?: ReadTextOptions): Bag<string>;
export function readText(paths: Paths, options: ReadTextOptions = {}): Bag<unknown> {
  checkOptionNames("readText", options, [...READ_OPTIONS, "includePath", "linedelimiter"]);
  const delimiter = options.linedelimiter ?? null;
  if (delimiter === "") {
    throw new HeddleError("InvalidArgument", "linedelimiter is empty; leave it out for line ends");
  }
  const includePath = options.includePath === true;
  return new Bag(
    blocksNode(cutFiles(paths, options, delimiter), {
      word: "read-text",
      fn: readTextBlock,
      fused: streamTextBlock,
      extra: [includePath],
    }),
  );
}

/** Task within another task: the lines of a block, with the path when asked for. */
export function* streamTextBlock(
  path: string,
  start: number,
  end: number,
  format: LineFormat,
  includePath: boolean,
): Generator<unknown> {
  if (!includePath) return yield* readLines(path, start, end, format);
  for (const line of readLines(path, start, end, format)) yield [line, path];
}

/** Task: the same as an array. */
export function readTextBlock(...args: Parameters<typeof streamTextBlock>): unknown[] {
  return Array.from(streamTextBlock(...args));
}

/**
 * A bag of the values of JSON files: a value per line, or the elements of one array per file, which
 * is cut into blocks as well. `T` says what the values are; it is not checked.
 * Errors: `FileNotFound` when built; `FileInvalid` with line or byte offset when computed.
 *
 * @example
 * import { readJson } from "heddle/bag";
 * const flights = readJson<{ delay: number }>("node_modules/vega-datasets/data/flights-2k.json");
 * console.log(await flights.pluck("delay").max().compute());
 */
export function readJson<T = unknown>(paths: Paths, options: ReadJsonOptions = {}): Bag<T> {
  checkOptionNames("readJson", options, [...READ_OPTIONS, "lines"]);
  const files = cutFiles(paths, options, null);
  const isLines = files.map((file) => options.lines ?? looksLikeLines(file));
  if (isLines.every(Boolean)) return new Bag<T>(jsonLinesNode(files));
  const nodes = files.map((file, i) => {
    if (isLines[i] === true) return jsonLinesNode([file]);
    return file.format.compression === null && isUtf8(file)
      ? arrayNode(file)
      : wholeArrayNode(file);
  });
  const count = nodes.reduce((sum, node) => sum + node.npartitions, 0);
  return new Bag<T>(new Node(count, (partsOf) => nodes.flatMap((node) => [...partsOf(node)])));
}

function isUtf8(file: CutFile): boolean {
  return file.format.encoding === "utf-8";
}

function looksLikeLines({ info, format }: CutFile): boolean {
  if (/\.(jsonl|ndjson)(\.\w+)?$/i.test(info.path)) return true;
  if (format.compression !== null) return false;
  const fd = reading(info.path, () => openSync(info.path, "r"));
  try {
    return firstByte(fd, info.bytes).byte !== "[";
  } finally {
    closeSync(fd);
  }
}

function jsonLinesNode(files: readonly CutFile[]): Node {
  return blocksNode(files, {
    word: "read-json",
    fn: readJsonLines,
    fused: streamJsonLines,
    extra: [],
  });
}

function wholeArrayNode({ info, format }: CutFile): Node {
  return new Node(1, () =>
    sourceParts(1, {
      word: "read-json",
      fn: readJsonFile,
      args: [constant(info.path), constant(format)],
      token: info,
    }),
  );
}

/** Scan all blocks, cut the array once, parse each part. */
function arrayNode({ info, starts, ends }: CutFile): Node {
  const count = starts.length;
  const block = [constant(info.path), columnEntry(0), columnEntry(1)];
  const bounds = [starts, ends].map((list) => numbers(list));
  return new Node(count, () => {
    const scans = sourceParts(count, {
      word: "scan-json",
      fn: scanJsonBlock,
      args: block,
      columns: bounds,
      token: info,
    });
    const cuts = makeParts({
      word: "cut-json",
      kind: "reduction",
      fn: cutJsonArray,
      args: [{ kind: "deps", start: 0 }, constant(info.path), constant(info.bytes)],
      deps: [scans],
    });
    return makeParts({
      word: "read-json",
      kind: "source",
      fn: readJsonRange,
      args: [dependency(0), columnEntry(0), constant(info.path)],
      columns: [numbers(starts.map((_, i) => i))],
      deps: starts.map(() => cuts),
    });
  });
}

function numbers(list: readonly number[]): { kind: "number"; data: Float64Array } {
  return { kind: "number", data: Float64Array.from(list) };
}

/** A file and the blocks into which it is cut. */
interface CutFile {
  readonly info: FileInfo;
  readonly format: LineFormat;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function cutFiles(paths: Paths, options: ReadOptions, delimiter: string | null): CutFile[] {
  const encoding = encodingName(options.encoding ?? "utf-8");
  const blockBytes = blockBytesOf(options.blocksize);
  return findFiles(paths).map((info) => {
    const compression = compressionOf(info.path, options.compression);
    requireCompression(compression);
    if (compression !== null && typeof (options.blocksize ?? null) !== "object") {
      throw new HeddleError(
        "InvalidArgument",
        `${info.path} is compressed and cannot be cut into blocks; leave blocksize out, or give null`,
      );
    }
    const format = { encoding, delimiter, compression };
    const size = canSplit(format) ? blockBytes : Number.POSITIVE_INFINITY;
    const count = Math.max(1, Math.ceil(info.bytes / size));
    // Nearly equal blocks: a last block of a few bytes would be a task for nothing.
    const starts = Array.from({ length: count }, (_, i) => Math.floor((info.bytes * i) / count));
    return { info, format, starts, ends: [...starts.slice(1), info.bytes] };
  });
}

function blockBytesOf(given: string | number | null | undefined): number {
  if (given === null) return Number.POSITIVE_INFINITY;
  const bytes = given === undefined ? DEFAULT_BLOCK_BYTES : parseBytes(given);
  if (bytes >= 1) return bytes;
  throw new HeddleError(
    "InvalidArgument",
    `blocksize is ${String(given)}; it may be 1 byte or more`,
  );
}

function encodingName(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (cause) {
    throw new HeddleError(
      "InvalidArgument",
      `encoding ${JSON.stringify(label)} is not known; use a label such as "utf-8", "windows-1252" or "utf-16le"`,
      { cause },
    );
  }
}

interface BlockTasks {
  readonly word: string;
  readonly fn: (
    path: string,
    start: number,
    end: number,
    format: LineFormat,
    ...extra: never[]
  ) => unknown;
  readonly fused: (
    path: string,
    start: number,
    end: number,
    format: LineFormat,
    ...extra: never[]
  ) => unknown;
  readonly extra: readonly unknown[];
}

/** One layer that reads all blocks of all files. */
function blocksNode(files: readonly CutFile[], tasks: BlockTasks): Node {
  const paths = files.flatMap((file) => file.starts.map(() => file.info.path));
  const formats = files.flatMap((file) => file.starts.map(() => file.format));
  return new Node(
    paths.length,
    (): Parts =>
      sourceParts(paths.length, {
        word: tasks.word,
        fn: tasks.fn,
        fused: tasks.fused,
        args: [0, 1, 2, 3].map(columnEntry).concat(tasks.extra.map(constant)),
        columns: [
          { kind: "value", data: paths },
          numbers(files.flatMap((file) => file.starts)),
          numbers(files.flatMap((file) => file.ends)),
          { kind: "value", data: formats },
        ],
        token: files.map((file) => file.info),
      }),
  );
}

referToAll(import.meta.url, self);
