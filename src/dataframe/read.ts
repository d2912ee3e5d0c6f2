/**
 * @file Where frames come from: files, records, tables and SQL. Readers only ask whether a file is
 * there: headers are read at the first need of columns, and a file that is broken rejects the
 * computation.
 */
import type { Future } from "../cluster/future.ts";
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskRef } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import { isSingleTask, type SingleTask, TASK } from "../core/single-task.ts";
import type { Paths } from "../table/paths.ts";
import { quoteText } from "../table/sql-text.ts";
import { type AnyRow, type ColumnsInit, isTable, type SchemaInit, Table } from "../table/table.ts";
import { sqlTypeOf } from "../table/types.ts";
import { checkRecord, wrongKind } from "./checks.ts";
import { DataFrame, type MergeOptions } from "./frame.ts";
import { tableParts } from "./lower.ts";
import type { JoinHow, Plan } from "./plan.ts";
import { type FileFormat, Source } from "./source.ts";
import type { Merged, Names } from "./types.ts";
import { checked } from "./verbs.ts";

/** Options of all readers. */
export interface ReadOptions {
  /** Only these columns are read. */
  readonly columns?: readonly string[];
  /**
   * Types of columns, in NumPy's or SQL's words; the others keep the type of the file or are found
   * by looking.
   */
  readonly schema?: SchemaInit;
}

const READ_OPTIONS: readonly string[] = ["columns", "schema"];

/** Options of `readCsv`. */
export interface ReadCsvOptions extends ReadOptions {
  /**
   * Separator; default: of comma, tab, semicolon and bar the one that the first line has most of.
   */
  readonly sep?: string;
  /** Whether the first line names the columns; default true, as in pandas. */
  readonly header?: boolean;
  /**
   * Text that means null, quoted or not. Default: nothing between two separators, while `""` is
   * empty text (in columns of numbers and dates, and in files where that would make text of
   * numbers, it is null too).
   */
  readonly naValues?: string | readonly string[];
  /** Lines to leave out at the start; default 0. */
  readonly skiprows?: number;
  /** Default `"utf-8"`. */
  readonly encoding?: "utf-8" | "utf-16" | "latin-1";
  /** Rows looked at to find types; default 20,480, -1 for all. */
  readonly sampleRows?: number;
}

/** Options of `readJson`. */
export interface ReadJsonOptions extends ReadOptions {
  /** One object per line, or one array; default: found by looking. */
  readonly lines?: boolean;
  /**
   * Objects looked at to find fields and types; default 20,480, -1 for all. Fields that come first
   * after them are left out.
   */
  readonly sampleRows?: number;
}

/**
 * A frame over Parquet files; `path` may be a list and may hold patterns. Row groups are its
 * partitions.
 *
 * @example
 * import { readParquet } from "heddle/dataframe";
 * const flights = readParquet("node_modules/vega-datasets/data/flights-3m.parquet");
 * console.log(flights.columns);
 */
export function readParquet<S extends object = AnyRow>(
  path: Paths,
  options: ReadOptions = {},
): DataFrame<S> {
  checkOptionNames("readParquet", options, READ_OPTIONS);
  return read("parquet", path, options, {});
}

/**
 * A frame over CSV files. Types are found by looking at the first rows unless `schema` names them;
 * dates are those that begin with the year, others stay text.
 */
export function readCsv<S extends object = AnyRow>(
  path: Paths,
  options: ReadCsvOptions = {},
): DataFrame<S> {
  const own = ["sep", "header", "naValues", "skiprows", "sampleRows", "encoding"];
  checkOptionNames("readCsv", options, [...READ_OPTIONS, ...own]);
  const { sep, header, naValues, skiprows, sampleRows, encoding } = options;
  const nulls = typeof naValues === "string" ? [naValues] : naValues;
  return read("csv", path, options, {
    ...(sep === undefined ? {} : { delim: quoteText(sep) }),
    header: String(header ?? true),
    ...(nulls === undefined ? {} : { nullstr: `[${nulls.map(quoteText).join(", ")}]` }),
    ...(skiprows === undefined ? {} : { skip: String(skiprows) }),
    ...(encoding === undefined ? {} : { encoding: quoteText(encoding) }),
    ...(sampleRows === undefined ? {} : { sample_size: String(sampleRows) }),
  });
}

/** A frame over JSON files: one object per line, or one array of objects. */
export function readJson<S extends object = AnyRow>(
  path: Paths,
  options: ReadJsonOptions = {},
): DataFrame<S> {
  checkOptionNames("readJson", options, [...READ_OPTIONS, "lines", "sampleRows"]);
  const { lines, sampleRows } = options;
  return read("json", path, options, {
    ...(sampleRows === undefined ? {} : { sample_size: String(sampleRows) }),
    ...(lines === undefined ? {} : { format: quoteText(lines ? "newline_delimited" : "array") }),
  });
}

function read<S extends object>(
  format: FileFormat,
  path: Paths,
  options: ReadOptions,
  reader: Readonly<Record<string, string>>,
): DataFrame<S> {
  const source = new Source({ format, paths: path, schema: options.schema, reader });
  const plan: Plan = { kind: "scan", source };
  const columns = options.columns;
  return new DataFrame<S>(columns === undefined ? plan : { ...plan, columns });
}

/** A frame of plain objects; columns in order of first appearance, missing values null. */
export function fromRecords<S extends object>(
  records: readonly S[],
  options: { schema?: SchemaInit } = {},
): DataFrame<S> {
  return fromTable(Table.fromRecords<S>(records, options));
}

/** A frame of columns: typed arrays are used without a copy. */
export function fromColumns<S extends object = AnyRow>(
  columns: ColumnsInit,
  options: { schema?: SchemaInit } = {},
): DataFrame<S> {
  return fromTable(Table.fromColumns<S>(columns, options));
}

/** A frame over a local table. */
export function fromTable<S extends object>(table: Table<S>): DataFrame<S> {
  if (!isTable(table)) throw wrongKind("fromTable", "a local table", table);
  if (table.columns.length === 0) {
    throw new HeddleError(
      "InvalidArgument",
      "a frame has at least one column: for no rows, name the columns by { schema }",
    );
  }
  const local = table as unknown as Table;
  return new DataFrame<S>({ kind: "input", fields: local.fields, table: local });
}

/**
 * A frame whose partitions are lazy values or futures: tables, columns by name, or rows, all of the
 * columns that `schema` names.
 *
 * @example
 * import { delayed } from "heddle";
 * import { fromDelayed } from "heddle/dataframe";
 * const load = delayed((year: number) => [{ year, n: year % 7 }]);
 * const df = fromDelayed([load(2024), load(2025)], { schema: { year: "int64", n: "int64" } });
 * console.log(await df.col("n").sum().compute()); // 3
 */
export function fromDelayed<S extends object = AnyRow>(
  values: LazyPart | readonly LazyPart[],
  options: { readonly schema: SchemaInit },
): DataFrame<S> {
  checkOptionNames("fromDelayed", options, ["schema"]);
  checkRecord("fromDelayed: schema", options?.schema, '{ schema: { n: "int64" } }');
  const list = Array.isArray(values) ? (values as readonly LazyPart[]) : [values as LazyPart];
  const parts = list.map(taskOf);
  const fields = Object.entries(options.schema).map(([name, type]) => ({
    name,
    type: sqlTypeOf(type),
  }));
  if (parts.length === 0) return fromTable(Table.empty(fields) as unknown as Table<S>);
  return new DataFrame<S>({ kind: "input", fields, refs: tableParts(parts, fields) });
}

type LazyPart = Collection | SingleTask | Future;

function taskOf(value: LazyPart): TaskRef {
  if (isSingleTask(value)) return value[TASK]();
  const outputs = isCollection(value) ? value.lower().outputs : [];
  const [output] = outputs;
  if (output !== undefined && outputs.length === 1) return output;
  throw new HeddleError(
    "InvalidArgument",
    `fromDelayed takes delayed values or futures, one for each partition, not ${typeof value}`,
  );
}

/**
 * A query in SQL over named frames; the type argument says what its rows are.
 *
 * @example
 * import { fromRecords, sql } from "heddle/dataframe";
 * const cities = fromRecords([{ name: "Bern" }, { name: "Basel" }]);
 * const counted = sql<{ n: number }>("select count(*) as n from cities", { cities });
 * console.log(await counted.toRecords()); // [ { n: 2 } ]
 */
export function sql<R extends object = AnyRow>(
  query: string,
  frames: Readonly<Record<string, { readonly plan: Plan }>> = {},
): DataFrame<R> {
  if (typeof query !== "string") throw wrongKind("sql", "a query as text", query);
  const other = Object.entries(frames).find(([, frame]) => !(frame instanceof DataFrame));
  if (other !== undefined) throw wrongKind(`sql: "${other[0]}"`, "a frame", other[1]);
  const names = Object.keys(frames);
  const inputs = Object.values(frames).map((frame) => frame.plan);
  return new DataFrame<R>(checked({ kind: "query", sql: query, names, inputs }));
}

/** The rows of all frames, one after the other; a column that one lacks is null there. */
export function concat<S extends object>(frames: readonly DataFrame<S>[]): DataFrame<S> {
  const odd = Array.isArray(frames) ? frames.find((f) => !(f instanceof DataFrame)) : frames;
  if (!Array.isArray(frames) || odd !== undefined) {
    throw wrongKind("concat", "an array of frames", odd);
  }
  const [first] = frames as readonly DataFrame<S>[];
  if (first === undefined) throw new HeddleError("InvalidArgument", "concat takes frames");
  if (frames.length === 1) return first;
  return new DataFrame<S>(checked({ kind: "concat", inputs: frames.map((frame) => frame.plan) }));
}

/** The join of two frames: `left.merge(right, options)`. */
export function merge<
  L extends object,
  R extends object,
  H extends JoinHow = "inner",
  On extends Names<L> & Names<R> = Names<L> & Names<R>,
  X extends string = "_x",
  Y extends string = "_y",
>(
  left: DataFrame<L>,
  right: DataFrame<R>,
  options: MergeOptions<L, R, On, H, X, Y> = {},
): DataFrame<Merged<L, R, On, H, X, Y>> {
  if (!(left instanceof DataFrame)) throw wrongKind("merge", "two frames", left);
  return left.merge(right, options);
}
