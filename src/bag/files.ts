/**
 * @file Which files are meant: paths, lists of paths and glob patterns, resolved when a bag is
 * built so that a wrong name is an error at once. Also what compression a file has, and whether it
 * can be read in blocks.
 */
import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, parse, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import * as zlib from "node:zlib";
import { HeddleError, nearestName } from "../core/errors.ts";

/** How a file is compressed; `"infer"` goes by its extension (.gz, .br, .zst). */
export type Compression = "gzip" | "brotli" | "zstd" | null;

/** One file, as it was when the bag was built. */
export interface FileInfo {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const GLOB = /[*?[{]/;

/**
 * The files that `paths` means, each pattern's in natural order (part-2 before part-10). Throws
 * `FileNotFound`.
 */
export function findFiles(paths: string | URL | readonly (string | URL)[]): FileInfo[] {
  const given = Array.isArray(paths) ? (paths as (string | URL)[]) : [paths as string | URL];
  if (given.length === 0) {
    throw new HeddleError("FileNotFound", "no path was given; give at least one path or pattern");
  }
  return given.flatMap((path) => {
    const name = path instanceof URL || path.startsWith("file:") ? fileURLToPath(path) : path;
    return GLOB.test(name) ? matchFiles(name) : [fileInfo(resolve(name))];
  });
}

function matchFiles(pattern: string): FileInfo[] {
  const full = resolve(pattern);
  const { root } = parse(full);
  const steps = full.slice(root.length).split(sep);
  const fixed = steps.findIndex((step) => GLOB.test(step));
  const base = join(root, ...steps.slice(0, fixed));
  const found = walk(base, steps.slice(fixed)).sort(naturalOrder);
  if (found.length > 0) return found.map(fileInfo);
  throw new HeddleError(
    "FileNotFound",
    `no file matches ${JSON.stringify(pattern)} (looked below ${base}${hint(base, basename(full))})`,
    { fields: { pattern } },
  );
}

/** Paths of the files below `folder` that match the remaining steps of a pattern. */
function walk(folder: string, steps: readonly string[]): string[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [];
  const here = list(folder);
  if (step === "**") {
    const below = here.filter((entry) => entry.isDirectory());
    return [...walk(folder, rest), ...below.flatMap((dir) => walk(join(folder, dir.name), steps))];
  }
  const matches = globExpression(step);
  const fits = here.filter(({ name }) => matches.test(name));
  if (rest.length > 0) {
    return fits.filter((e) => !e.isFile()).flatMap(({ name }) => walk(join(folder, name), rest));
  }
  return fits.map(({ name }) => join(folder, name)).filter((path) => statSync(path).isFile());
}

function list(folder: string): { name: string; isFile(): boolean; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** One step of a pattern as a regular expression; a leading dot is matched only by a dot. */
function globExpression(step: string): RegExp {
  const body = step.replace(/[.+^$()|\\]|\*+|\?|\[!|[{},]/g, (part) => {
    if (part.startsWith("*")) return ".*";
    if (part === "?") return ".";
    if (part === "[!") return "[^";
    if (part === "{") return "(?:";
    if (part === "}") return ")";
    if (part === ",") return step.includes("{") ? "|" : ",";
    return `\\${part}`;
  });
  return new RegExp(`^${/^[*?[]/.test(step) ? "(?!\\.)" : ""}${body}$`);
}

function naturalOrder(a: string, b: string): number {
  const left = a.split(/(\d+)/);
  const right = b.split(/(\d+)/);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const x = left[i] as string;
    const y = right[i] as string;
    if (x === y) continue;
    const order = i % 2 === 1 ? Number(x) - Number(y) : 0;
    return order !== 0 ? order : x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function fileInfo(path: string): FileInfo {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw missing(path, cause);
  }
  if (stats.isDirectory()) {
    throw new HeddleError(
      "FileInvalid",
      `${path} is a folder; for its files write ${join(path, "*")}`,
      {
        fields: { path },
      },
    );
  }
  return { path, bytes: stats.size, modifiedMs: stats.mtimeMs };
}

function missing(path: string, cause: unknown): HeddleError<"FileNotFound"> {
  let folder = dirname(path);
  let name = basename(path);
  while (list(folder).length === 0 && dirname(folder) !== folder) {
    name = basename(folder);
    folder = dirname(folder);
  }
  return new HeddleError("FileNotFound", `there is no file ${path}${hint(folder, name)}`, {
    cause,
    fields: { path },
  });
}

function hint(folder: string, name: string): string {
  const near = nearestName(
    name,
    list(folder).map((entry) => entry.name),
  );
  return near === undefined ? "" : `; the nearest name there is ${join(folder, near)}`;
}

/** The compression of `path`: as given, or by its extension. */
export function compressionOf(path: string, given: Compression | "infer" = "infer"): Compression {
  if (given === null || given === "gzip" || given === "brotli" || given === "zstd") return given;
  if (given !== "infer") {
    throw new HeddleError(
      "InvalidArgument",
      `compression is ${JSON.stringify(given)}; it may be "infer", "gzip", "brotli", "zstd" or null`,
    );
  }
  if (/\.gz$/i.test(path)) return "gzip";
  if (/\.br$/i.test(path)) return "brotli";
  return /\.zst$/i.test(path) ? "zstd" : null;
}

interface Zstd {
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array;
}

/** Throws `NotSupported` for what this Node cannot do: zstd came with Node 22.15. */
export function requireCompression(compression: Compression): void {
  if (compression !== "zstd" || (zlib as Zstd).zstdDecompressSync !== undefined) return;
  throw new HeddleError(
    "NotSupported",
    `zstd needs Node 22.15 or newer, and this is ${process.version}; use gzip or brotli`,
  );
}

/** The whole content of a compressed file. */
export function readCompressed(path: string, compression: Compression): Uint8Array {
  const bytes = readFileSync(path);
  if (compression === null) return bytes;
  requireCompression(compression);
  try {
    if (compression === "gzip") return zlib.gunzipSync(bytes);
    if (compression === "brotli") return zlib.brotliDecompressSync(bytes);
    return ((zlib as Zstd).zstdDecompressSync as (bytes: Uint8Array) => Uint8Array)(bytes);
  } catch (cause) {
    throw new HeddleError(
      "FileInvalid",
      `${path} is not a whole ${compression} file: ${(cause as Error).message}; it may be truncated`,
      { cause, fields: { path } },
    );
  }
}

/** `bytes` compressed. */
export function compress(bytes: Uint8Array, compression: Compression): Uint8Array {
  if (compression === null) return bytes;
  requireCompression(compression);
  if (compression === "gzip") return zlib.gzipSync(bytes);
  if (compression === "brotli") return zlib.brotliCompressSync(bytes);
  return ((zlib as Zstd).zstdCompressSync as (bytes: Uint8Array) => Uint8Array)(bytes);
}
