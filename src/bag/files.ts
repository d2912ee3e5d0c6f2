/**
 * @file What compression a file has, and reading and writing by it.
 */
import { readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { HeddleError } from "../core/errors.ts";
import { reading } from "../table/paths.ts";

/** How a file is compressed; `"infer"` goes by its extension (.gz, .br, .zst). */
export type Compression = "gzip" | "brotli" | "zstd" | null;

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
  const bytes = reading(path, () => readFileSync(path));
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
