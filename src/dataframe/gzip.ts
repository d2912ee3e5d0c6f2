/**
 * @file Compressed text that ends too early. The engine takes the end of a cut gzip file for the
 * end of its rows, so each such file is decompressed once beside the query, which waits for the
 * answer.
 */
import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { HeddleError } from "../core/errors.ts";
import { type Layer, regularOffsets, type TaskRef } from "../core/graph.ts";
import { tokenize } from "../core/token.ts";
import { referToAll } from "../functions/index.ts";
import { type FileInfo, reading } from "../table/paths.ts";
import * as self from "./gzip.ts";

/** The tasks that check these files; none for files that are not gzip's. */
export function gzipChecks(files: readonly FileInfo[]): TaskRef[] {
  const zipped = files.filter(({ path }) => path.endsWith(".gz"));
  if (zipped.length === 0) return [];
  const layer: Layer = {
    name: `check-gzip-${tokenize(zipped)}`,
    kind: "source",
    count: zipped.length,
    templates: [{ name: "check-gzip", fn: checkGzip, args: [{ kind: "column", column: 0 }] }],
    inputs: [],
    depOffsets: regularOffsets(zipped.length, 0),
    deps: new Int32Array(0),
    columns: [{ kind: "value", data: zipped }],
    pure: true,
  };
  return zipped.map((_, index) => ({ layer, index }));
}

/** Files found whole by this thread, as they were then. */
const whole = new Set<string>();

/** Task: reads a gzip file to its end; gives its bytes. Errors: `FileInvalid`. */
export async function checkGzip({ path, bytes, modifiedMs }: FileInfo): Promise<number> {
  const state = `${path}|${bytes}|${modifiedMs}`;
  if (whole.has(state)) return bytes;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), createGunzip(), nowhere);
  } catch (cause) {
    reading(path, () => {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw cause;
    });
    throw new HeddleError(
      "FileInvalid",
      `${path} is not a whole gzip file: ${(cause as Error).message}; it may be truncated`,
      { cause, fields: { path } },
    );
  }
  whole.add(state);
  return bytes;
}

referToAll(import.meta.url, self);
