/**
 * @file Files that frames read. A source has a fixed list of files with sizes and times (which name
 * the work, so that a changed file is new work). Its columns are found once, when they are first
 * needed; types found by looking at the data are pinned, so that a value which does not fit them
 * later is an error and not another schema.
 */
import { HeddleError } from "../core/errors.ts";
import { type FileInfo, findFiles, type Paths } from "../table/paths.ts";
import { quoteName, quoteText } from "../table/sql-text.ts";
import { type Field, type SqlType, sqlTypeOf } from "../table/types.ts";
import { askBinder, describeQuery } from "./binder.ts";
import { checkColumnNames } from "./checks.ts";
import { checkSameColumns, isCompressed, isGuarded, separatorOf } from "./csv.ts";
import { isTime } from "./expression-type.ts";

/** The kinds of files. */
export type FileFormat = "parquet" | "csv" | "json";

/** What a reader was called with. */
export interface SourceOptions {
  readonly format: FileFormat;
  readonly paths: Paths;
  /** Types of columns, in NumPy's or SQL's words; for Parquet, columns are cast. */
  readonly schema?: Readonly<Record<string, string>> | undefined;
  /** Options of the engine's reader by its names, already as SQL. */
  readonly reader: Readonly<Record<string, string>>;
}

/** A source whose files and columns are known. */
export interface ResolvedSource {
  readonly files: readonly FileInfo[];
  readonly fields: readonly Field[];
  /** Of CSV: whether quoted empty text is no null. */
  readonly keepsEmptyText?: boolean;
  /** Of CSV: options of the reader with which it need not look at the file again. */
  readonly dialect?: Readonly<Record<string, string>> | undefined;
}

/** Rows of one file that make a partition; absent limits mean the whole file. */
export interface PartitionRange {
  readonly file: number;
  readonly firstRow?: number;
  readonly lastRow?: number;
}

/** Files of one format, resolved when first needed. */
export class Source {
  readonly options: SourceOptions;
  readonly files: readonly FileInfo[];
  #resolved: ResolvedSource | undefined;
  #partitions: readonly PartitionRange[] | undefined;

  /**
   * Looks for the files. Errors: `FileNotFound` for a path that leads nowhere, and for a pattern
   * that nothing matches.
   */
  constructor(options: SourceOptions) {
    this.options = options;
    this.files = findFiles(options.paths, WITHIN[options.format]);
  }

  /** Reads the headers. Errors: `FileInvalid`; `NotSupported` without the engine. */
  resolve(): ResolvedSource {
    this.#resolved ??= this.#read();
    return this.#resolved;
  }

  /** Row groups of Parquet files, whole files of other formats. */
  partitions(): readonly PartitionRange[] {
    this.#partitions ??= this.#readPartitions();
    return this.#partitions;
  }

  /** The engine's reader call for these files (default all). */
  readerSql(files: readonly FileInfo[] = this.resolve().files): string {
    const { format } = this.options;
    const list = files.map((file) => quoteText(file.path)).join(", ");
    const options = { ...this.#reader(), ...(format === "parquet" ? {} : this.#pinned()) };
    const rest = Object.entries(options).map(([name, value]) => `, ${name} = ${value}`);
    return `read_${format}([${list}]${rest.join("")})`;
  }

  /** Column types as given or found, as options of the reader. */
  #pinned(): Record<string, string> {
    const { fields, keepsEmptyText, dialect } = this.resolve();
    const isJson = this.options.format === "json";
    const types = fields.map(({ name, type }) => {
      const read = isGuarded(this.options.format, type) ? "VARCHAR" : type;
      return `${quoteText(name)}: ${quoteText(read)}`;
    });
    if (isJson) return { columns: `{${types.join(", ")}}` };
    const quoted = keepsEmptyText === true ? { allow_quoted_nulls: "false" } : {};
    if (dialect !== undefined) return { columns: `{${types.join(", ")}}`, ...quoted, ...dialect };
    // The sniffer still finds separator, quotes and header; only the types are fixed.
    return { types: `{${types.join(", ")}}`, ...quoted };
  }

  /**
   * Options of the reader. Left to itself the engine looks for the lines that fit together best and
   * drops the others: a row of another length would take the header with it.
   */
  #reader(files: readonly FileInfo[] = this.resolve().files): Readonly<Record<string, string>> {
    const { format, reader } = this.options;
    const [first] = files;
    if (format !== "csv" || first === undefined) return reader;
    // Nor are lines left out that look like comments: "#N/A" begins a row.
    // A quote that is not closed is an error, not a letter: quotes are what pandas takes for them.
    const plain = { comment: "''", quote: "'\"'", ...reader };
    if (isCompressed(first)) return plain;
    const delim = reader["delim"] ?? quoteText(separatorOf(first.path));
    return { skip: "0", ...plain, delim };
  }

  #read(): ResolvedSource {
    const { format } = this.options;
    const { files } = this;
    const describe = (some: readonly FileInfo[], more: Readonly<Record<string, string>> = {}) => {
      const list = some.map((file) => quoteText(file.path)).join(", ");
      const options = Object.entries({ ...this.#reader(some), ...more });
      const rest = options.map(([name, value]) => `, ${name} = ${value}`);
      return describeQuery(`FROM read_${format}([${list}]${rest.join("")})`);
    };
    if (format === "csv") checkSameColumns(files, (file) => describe([file]));
    const sniffed = once(() => this.#sniff());
    const described = describe(files);
    const found = format === "csv" ? withoutGuesses(described, sniffed) : described;
    if (format === "json") checkFieldNames(found.map((field) => field.name));
    const given = new Map(Object.entries(this.options.schema ?? {}));
    const unknown = [...given.keys()].find((name) => !found.some((f) => f.name === name));
    if (unknown !== undefined) {
      throw new HeddleError(
        "UnknownColumn",
        `the schema names a column "${unknown}" that ${files[0]?.path} does not have. ` +
          `Columns: ${found.map((f) => f.name).join(", ")}`,
        { fields: { column: unknown } },
      );
    }
    const fields = found.map(({ name, type }) => {
      const wanted = given.get(name);
      return { name, type: wanted === undefined ? logicalType(type) : sqlTypeOf(wanted) };
    });
    const keepsEmptyText = this.#keepsEmptyText(found, describe);
    return { files, fields, keepsEmptyText, dialect: this.#dialect(sniffed) };
  }

  /** What the engine finds in the first of the files of CSV. */
  #sniff(): Sniffed | undefined {
    const [first] = this.files;
    if (first === undefined) return undefined;
    const options = Object.entries(this.#reader(this.files)).map(([k, v]) => `, ${k} = ${v}`);
    const [said] = askBinder<Sniffed>(
      "SELECT Escape AS escapedBy, NewLineDelimiter AS line, CAST(DateFormat AS VARCHAR) AS date, " +
        `CAST(TimestampFormat AS VARCHAR) AS time FROM sniff_csv(${quoteText(first.path)}` +
        `${options.join("")})`,
    ).toRecords();
    return said;
  }

  /**
   * The form of a single plain file of CSV, found once: else each query looks at its first 20,480
   * rows before it reads them. Undefined where the engine has more to find than escape and line
   * end.
   */
  #dialect(sniffed: () => Sniffed | undefined): Readonly<Record<string, string>> | undefined {
    const { format, reader } = this.options;
    const [first, second] = this.files;
    if (format !== "csv" || first === undefined || second !== undefined) return undefined;
    const isPlain = reader["header"] === "true" && reader["encoding"] === undefined;
    if (!isPlain || reader["skip"] !== undefined || isCompressed(first)) return undefined;
    const { escapedBy, line } = sniffed() ?? {};
    if (line === undefined || !LINE_ENDS.has(line)) return undefined;
    const own = escapedBy === "\\" ? { escape: quoteText(escapedBy) } : {};
    return { auto_detect: "false", new_line: quoteText(line), ...own };
  }

  /**
   * Whether `""` is read as empty text, and only nothing at all as null: unless that makes text of
   * a column of numbers, as in files that quote every value, or the caller says what means null.
   */
  #keepsEmptyText(
    found: readonly Field[],
    describe: (
      files: readonly FileInfo[],
      more: Readonly<Record<string, string>>,
    ) => readonly Field[],
  ): boolean {
    const { format, reader } = this.options;
    if (format !== "csv" || reader["nullstr"] !== undefined) return false;
    if (!found.some(({ type }) => type === "VARCHAR")) return false;
    const strict = describe(this.files, { allow_quoted_nulls: "false" });
    return found.every(({ type }, i) => isGuarded(format, type) || strict[i]?.type === type);
  }

  #readPartitions(): readonly PartitionRange[] {
    const { files } = this.resolve();
    if (this.options.format !== "parquet") return files.map((_, file) => ({ file }));
    const ranges: PartitionRange[] = [];
    files.forEach(({ path }, file) => {
      let row = 0;
      for (const count of rowGroups(path)) {
        if (count > 0) ranges.push({ file, firstRow: row, lastRow: row + count - 1 });
        row += count;
      }
    });
    return ranges.length === 0 ? [{ file: 0 }] : ranges;
  }
}

/** What the engine says of a file of CSV. */
interface Sniffed {
  readonly escapedBy: string;
  readonly line: string;
  readonly date: string | null;
  readonly time: string | null;
}

/** Line ends as the engine names them. */
const LINE_ENDS: ReadonlySet<string> = new Set(["\\n", "\\r\\n"]);

/**
 * Dates and times that the engine guesses from another order than year, month, day stay text, as
 * in pandas: which of 01/02/2024 is the month cannot be known.
 */
function withoutGuesses(
  found: readonly Field[],
  sniffed: () => Sniffed | undefined,
): readonly Field[] {
  if (!found.some(({ type }) => isTime(type))) return found;
  const said = sniffed();
  const isGuess = (format: string | null | undefined): boolean =>
    typeof format === "string" && format !== "" && !format.startsWith("%Y-%m-%d");
  return found.map(({ name, type }) => {
    const guess = type === "DATE" ? isGuess(said?.date) : isTime(type) && isGuess(said?.time);
    return { name, type: guess ? "VARCHAR" : type };
  });
}

/** The same answer at each call, found at the first. */
function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/**
 * The type that frames give a column of this type: integer sums come as HUGEINT and are kept as
 * int64.
 */
export function logicalType(type: SqlType): SqlType {
  return type === "HUGEINT" || type === "UHUGEINT" ? "BIGINT" : type;
}

/** Fields that differ only in case: the engine gives one of them another name, and no values. */
function checkFieldNames(names: readonly string[]): void {
  for (const name of names) {
    const [, base] = /^(.*)_\d+$/s.exec(name) ?? [];
    const other = names.find((one) => one.toLowerCase() === base?.toLowerCase() && one !== base);
    if (base !== undefined && other !== undefined) checkColumnNames([other, base]);
  }
}

function rowGroups(path: string): number[] {
  const table = askBinder<{ rows: number }>(
    "SELECT any_value(row_group_num_rows) AS rows FROM " +
      `parquet_metadata(${quoteText(path)}) GROUP BY row_group_id ORDER BY row_group_id`,
  );
  return table.toRecords().map(({ rows }) => rows);
}

/** What files of a format are called within a folder that is read as a whole. */
const WITHIN: Readonly<Record<FileFormat, RegExp>> = {
  parquet: /\.(parquet|parq|pq)$/,
  csv: /\.(csv|tsv)(\.gz|\.zst)?$/,
  json: /\.(json|jsonl|ndjson)(\.gz|\.zst)?$/,
};

/** The files that ranges of a source lie in. */
export function filesOfRanges(source: Source, ranges: readonly PartitionRange[]): FileInfo[] {
  const wanted = new Set(ranges.map(({ file }) => file));
  return source.files.filter((_, file) => wanted.has(file));
}

/**
 * The rows of neighbouring partitions of one file as a condition on the reader's virtual columns,
 * or undefined for whole files.
 */
export function rangeSql(first: PartitionRange, last: PartitionRange = first): string | undefined {
  if (first.firstRow === undefined || last.lastRow === undefined) return undefined;
  if (first.file !== last.file) return undefined;
  const row = quoteName("file_row_number");
  return `${row} BETWEEN ${first.firstRow} AND ${last.lastRow}`;
}
