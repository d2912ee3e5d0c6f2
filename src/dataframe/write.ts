/**
 * @file Writing frames to files: the engine copies a query's rows straight to disk, larger than
 * memory included. One file, or one for each partition of the frame.
 */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { type ComputeOptions, computeAll } from "../cluster/compute.ts";
import { makeFolder } from "../config/make-folder.ts";
import { COLLECTION, type Collection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { quoteName, quoteText } from "../table/sql-text.ts";
import { splitOptions } from "./checks.ts";
import { lowerWrite, lowerWriteParts } from "./lower.ts";
import { inputsOf, type Plan } from "./plan.ts";

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

const PARQUET_OPTIONS = ["partitionBy", "overwrite", "compression", "rowGroupSize"];
const CSV_OPTIONS = ["partitionBy", "overwrite", "compression", "sep", "header"];
const JSON_OPTIONS = ["partitionBy", "overwrite", "compression", "array"];

/** Writes Parquet; gives the number of rows. */
export async function writeParquet(
  plan: Plan,
  path: string,
  options: WriteOptions & ComputeOptions,
): Promise<number> {
  const { how } = splitOptions("toParquet", options, PARQUET_OPTIONS);
  const isFolder = checkPath("toParquet", path) && !path.includes("*") && meansFolder(path);
  const whole = (options.partitionBy ?? []).length > 0;
  const target = isFolder && !whole ? join(path, PARTS) : path;
  return await write(plan, target, options, how, "to-parquet", {
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
  const { how } = splitOptions("toCsv", options, CSV_OPTIONS);
  checkPath("toCsv", path);
  return await write(plan, path, options, how, "to-csv", {
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
  const { how } = splitOptions("toJson", options, JSON_OPTIONS);
  checkPath("toJson", path);
  return await write(plan, path, options, how, "to-json", {
    FORMAT: "json",
    ARRAY: String(options.array ?? false),
    ...compressionOf(options),
  });
}

function compressionOf(options: WriteOptions): Record<string, string> {
  return options.compression === undefined ? {} : { COMPRESSION: quoteText(options.compression) };
}

/** What files of a folder are called, as Dask calls them; `*` stands for the partition. */
const PARTS = "part.*.parquet";

function checkPath(what: string, path: unknown): boolean {
  if (typeof path === "string" && path !== "" && path.split("*").length <= 2) return true;
  throw new HeddleError(
    "InvalidArgument",
    `${what} takes the path of a file, with at most one "*" for the number of the partition, ` +
      `not ${typeof path === "string" ? JSON.stringify(path) : typeof path}`,
  );
}

/** Whether a path means a folder: one that is there, or a name without an extension. */
function meansFolder(path: string): boolean {
  if (/[/\\]$/.test(path)) return true;
  return existsSync(path) ? statSync(path).isDirectory() : extname(path) === "";
}

async function write(
  plan: Plan,
  path: string,
  options: WriteOptions,
  how: ComputeOptions,
  word: string,
  settings: Readonly<Record<string, string>>,
): Promise<number> {
  const isParts = path.includes("*");
  const exists = isParts ? partFiles(path).length > 0 : existsSync(path);
  if (options.overwrite === false && exists) {
    throw new HeddleError("InvalidArgument", `"${path}" exists: choose another path or overwrite`);
  }
  if (isParts) checkNotRead(plan, path);
  makeFolder(dirname(path));
  const by = options.partitionBy ?? [];
  const all = {
    ...settings,
    ...(by.length === 0
      ? {}
      : { PARTITION_BY: `(${by.map(quoteName).join(", ")})`, OVERWRITE_OR_IGNORE: "true" }),
  };
  const list = Object.entries(all).map(([name, value]) => `${name} ${value}`);
  const copyTo =
    (target: string) =>
    (sql: string): string =>
      `COPY (${sql}) TO ${quoteText(target)} (${list.join(", ")})`;
  const task: Collection<number[]> = {
    [COLLECTION]: true,
    lower: () => ({
      outputs: isParts
        ? lowerWriteParts(plan, word, (sql, i) => copyTo(partPath(path, i))(sql))
        : [lowerWrite(plan, word, copyTo(path))],
      finish: (rows) => rows as number[],
      rebuild: () => task,
    }),
  };
  const [rows] = (await computeAll([task], how)) as [number[]];
  if (isParts) removeOlder(path, rows.length);
  return rows.reduce((sum, count) => sum + count, 0);
}

function partPath(path: string, partition: number): string {
  return path.replace("*", String(partition));
}

/** Files that an earlier run has left under the names of partitions, and their numbers. */
function partFiles(path: string): { readonly file: string; readonly partition: number }[] {
  const folder = dirname(path);
  if (folder.includes("*") || !existsSync(folder)) return [];
  const [before = "", after = ""] = path.slice(folder === "." ? 0 : folder.length + 1).split("*");
  return readdirSync(folder).flatMap((name) => {
    if (!name.startsWith(before) || !name.endsWith(after)) return [];
    const digits = name.slice(before.length, name.length - after.length);
    return /^\d+$/.test(digits) ? [{ file: join(folder, name), partition: Number(digits) }] : [];
  });
}

/** Removes what an earlier run with more partitions has left: it would be read as well. */
function removeOlder(path: string, count: number): void {
  for (const { file, partition } of partFiles(path)) if (partition >= count) rmSync(file);
}

/** Partitions are read while others are written: those files may not be the same. */
function checkNotRead(plan: Plan, path: string): void {
  const written = new Set(partFiles(path).map(({ file }) => resolve(file)));
  if (written.size === 0) return;
  const read = filesOf(plan).find((file) => written.has(resolve(file)));
  if (read === undefined) return;
  throw new HeddleError(
    "InvalidArgument",
    `"${path}" would replace "${read}", which this frame reads: write to another folder`,
    { fields: { path: read } },
  );
}

function filesOf(plan: Plan): string[] {
  if (plan.kind === "scan") return plan.source.resolve().files.map((file) => file.path);
  return inputsOf(plan).flatMap(filesOf);
}
