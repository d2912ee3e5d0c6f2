/**
 * @file Writing partitions as text files. A file appears under its name only when it is whole, so
 * that a task that is run twice, or dies, leaves no half file behind.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { threadId } from "node:worker_threads";
import { makeFolder } from "../config/make-folder.ts";
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { type Compression, compress, compressionOf, requireCompression } from "./files.ts";
import { COMPUTE_OPTIONS } from "./options.ts";
import * as self from "./write.ts";

/** Names of encodings that Node writes. */
export type TextEncoding =
  | "utf8"
  | "utf-8"
  | "utf16le"
  | "utf-16le"
  | "ucs2"
  | "ucs-2"
  | "latin1"
  | "binary"
  | "ascii"
  | "base64"
  | "base64url"
  | "hex";

/** Options of `toTextfiles`. */
export interface TextfileOptions {
  /** What stands for `*`, by partition; default: its number, padded with zeros to the longest. */
  readonly nameFunction?: (partition: number) => string;
  /** Default "infer": by the extension (.gz, .br, .zst). */
  readonly compression?: Compression | "infer";
  /** Default "utf8". */
  readonly encoding?: TextEncoding;
  /** Whether the last line ends in a line end too; default true, as text files do. */
  readonly lastEndline?: boolean;
  /**
   * Whether to write now; default true. False gives a bag of the paths, which writes when computed.
   */
  readonly compute?: boolean;
}

/** Names of what `toTextfiles` takes. */
export const TEXTFILE_OPTIONS: readonly string[] = [
  "nameFunction",
  "compression",
  "encoding",
  "lastEndline",
  "compute",
  ...COMPUTE_OPTIONS,
];

/** How one file is written; plain values, because they travel to the tasks. */
export interface WriteFormat {
  readonly compression: Compression | "infer";
  readonly encoding: TextEncoding | undefined;
  readonly lastEndline: boolean | undefined;
}

/**
 * The path of each partition. Throws `InvalidArgument` when there are too few or two are the same.
 */
export function writePaths(
  path: string | readonly string[],
  npartitions: number,
  nameFunction?: (partition: number) => string,
): string[] {
  if (typeof path !== "string") {
    if (path.length === npartitions) return checkDistinct(path.map((one) => resolve(one)));
    throw new HeddleError(
      "InvalidArgument",
      `toTextfiles was given ${path.length} paths for ${npartitions} partitions; give one for each`,
    );
  }
  const width = String(npartitions - 1).length;
  const name = nameFunction ?? ((i: number) => String(i).padStart(width, "0"));
  const pattern = path.includes("*") ? path : join(path, "*.part");
  const stars = pattern.split("*").length - 1;
  if (stars > 1) {
    throw new HeddleError(
      "InvalidArgument",
      `toTextfiles was given ${JSON.stringify(path)}, which has ${stars} stars; it may have one`,
    );
  }
  const paths = Array.from({ length: npartitions }, (_, i) =>
    resolve(pattern.replace("*", () => name(i))),
  );
  return checkDistinct(paths);
}

function checkDistinct(paths: string[]): string[] {
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) {
      throw new HeddleError(
        "InvalidArgument",
        `toTextfiles would write two partitions to ${path}; nameFunction and paths must differ by partition`,
      );
    }
    seen.add(path);
  }
  return paths;
}

/** How much text is gathered before it is written. */
const PIECE_UNITS = 1 << 20;

/** Task: writes one partition and gives an array of its path. */
export function writeTextfile(
  items: Iterable<unknown>,
  path: string,
  format: WriteFormat,
): string[] {
  const compression = compressionOf(path, format.compression);
  requireCompression(compression);
  makeFolder(dirname(path));
  const unfinished = `${path}.${process.pid}-${threadId}.part`;
  try {
    const fd = openSync(unfinished, "w");
    try {
      if (compression === null) {
        for (const text of pieces(items, format)) writeSync(fd, text, null, format.encoding);
      } else {
        const text = Array.from(pieces(items, format)).join("");
        writeAll(fd, compress(Buffer.from(text, format.encoding), compression));
      }
    } finally {
      closeSync(fd);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  return [path];
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function* pieces(items: Iterable<unknown>, format: WriteFormat): Generator<string> {
  let text = "";
  let isFirst = true;
  for (const item of items) {
    if (typeof item !== "string") {
      throw new HeddleError(
        "InvalidArgument",
        `toTextfiles writes strings, but an item is ${item === null ? "null" : `a ${typeof item}`}; ` +
          "map(JSON.stringify) or map(String) first",
      );
    }
    text += isFirst ? item : `\n${item}`;
    isFirst = false;
    if (text.length < PIECE_UNITS) continue;
    yield text;
    text = "";
  }
  if (format.lastEndline !== false && !isFirst) text += "\n";
  if (text !== "") yield text;
}

referToAll(import.meta.url, self);
