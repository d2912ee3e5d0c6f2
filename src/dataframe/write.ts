/**
 * @file Writing frames to files: the engine copies a query's rows straight to disk, larger than
 * memory included.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type ComputeOptions, computeAll } from "../cluster/compute.ts";
import { COLLECTION, type Collection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { quoteName, quoteText } from "../table/sql-text.ts";
import { lowerWrite } from "./lower.ts";
import type { Plan } from "./plan.ts";

/** Options of writers. */
export interface WriteOptions {
  /** Columns whose values become folders, as in `year=2001/`. */
  readonly partitionBy?: readonly string[];
  /** Whether an existing file is replaced; default true. */
  readonly overwrite?: boolean;
  /**
   * Parquet: `"lz4_raw"` (default), `"zstd"`, `"snappy"` or `"uncompressed"`. CSV and JSON:
   * `"gzip"` or `"zstd"`.
   */
  readonly compression?: string;
  /** Parquet: rows of a row group; default 122,880. */
  readonly rowGroupSize?: number;
  /** CSV: the separator, default a comma. */
  readonly sep?: string;
  /** CSV: whether the first line names the columns; default true. */
  readonly header?: boolean;
  /** JSON: one array instead of one object per line; default false. */
  readonly array?: boolean;
}

/** Writes Parquet; gives the number of rows. */
export async function writeParquet(
  plan: Plan,
  path: string,
  options: WriteOptions & ComputeOptions,
): Promise<number> {
  return await write(plan, path, options, "to-parquet", {
    FORMAT: "parquet",
    COMPRESSION: quoteText(options.compression ?? "lz4_raw"),
    PARQUET_VERSION: "v2",
    ROW_GROUP_SIZE: String(options.rowGroupSize ?? 122_880),
  });
}

/** Writes CSV; gives the number of rows. */
export async function writeCsv(
  plan: Plan,
  path: string,
  options: WriteOptions & ComputeOptions,
): Promise<number> {
  return await write(plan, path, options, "to-csv", {
    FORMAT: "csv",
    HEADER: String(options.header ?? true),
    DELIMITER: quoteText(options.sep ?? ","),
    ...compressionOf(options),
  });
}

/** Writes JSON; gives the number of rows. */
export async function writeJson(
  plan: Plan,
  path: string,
  options: WriteOptions & ComputeOptions,
): Promise<number> {
  return await write(plan, path, options, "to-json", {
    FORMAT: "json",
    ARRAY: String(options.array ?? false),
    ...compressionOf(options),
  });
}

function compressionOf(options: WriteOptions): Record<string, string> {
  return options.compression === undefined ? {} : { COMPRESSION: quoteText(options.compression) };
}

async function write(
  plan: Plan,
  path: string,
  options: WriteOptions & ComputeOptions,
  word: string,
  settings: Readonly<Record<string, string>>,
): Promise<number> {
  if (options.overwrite === false && existsSync(path)) {
    throw new HeddleError("InvalidArgument", `"${path}" exists: choose another path or overwrite`);
  }
  mkdirSync(dirname(path), { recursive: true });
  const by = options.partitionBy ?? [];
  const all = {
    ...settings,
    ...(by.length === 0
      ? {}
      : { PARTITION_BY: `(${by.map(quoteName).join(", ")})`, OVERWRITE_OR_IGNORE: "true" }),
  };
  const list = Object.entries(all).map(([name, value]) => `${name} ${value}`);
  const wrap = (sql: string): string => `COPY (${sql}) TO ${quoteText(path)} (${list.join(", ")})`;
  const task: Collection<number> = {
    [COLLECTION]: true,
    lower: () => ({
      outputs: [lowerWrite(plan, word, wrap)],
      finish: ([rows]) => rows as number,
      rebuild: () => task,
    }),
  };
  const { scheduler, signal, fuse } = options;
  const given = Object.entries({ scheduler, signal, fuse }).filter(
    ([, value]) => value !== undefined,
  );
  const [rows] = await computeAll([task], Object.fromEntries(given));
  return rows as number;
}
