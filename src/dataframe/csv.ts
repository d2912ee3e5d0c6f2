/**
 * @file What files of text need beyond the engine's readers: the separator of CSV is found in the
 * first line, files of one pattern must have the same columns, and text becomes whole numbers and
 * dates only where nothing is lost. The readers themselves would round 1.5 to an integer, cut the
 * time off a date, and leave out columns that the first file lacks.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { HeddleError } from "../core/errors.ts";
import { type FileInfo, reading } from "../table/paths.ts";
import { quoteName, quoteText } from "../table/sql-text.ts";
import { dtypeOf, type Field, isInteger, type SqlType } from "../table/types.ts";

const COMPRESSED = /\.(gz|zst)$/;

/** Whether the file's bytes are not its text. */
export function isCompressed({ path }: FileInfo): boolean {
  return COMPRESSED.test(path);
}

const SEPARATORS = [",", "\t", ";", "|"] as const;

/** The separator that the first line has most of; a comma when it has none. */
export function separatorOf(path: string): string {
  const plain = firstLine(path).replace(/"[^"]*"/g, "");
  const counts = SEPARATORS.map((separator) => plain.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))] as string;
}

function firstLine(path: string): string {
  const bytes = Buffer.alloc(65536);
  const file = reading(path, () => openSync(path, "r"));
  const length = readSync(file, bytes);
  closeSync(file);
  const [line = ""] = bytes.toString("utf8", 0, length).trimStart().split(/\r?\n/, 1);
  return line;
}

/**
 * Refuses files whose columns are not those of the first, in any order. `describe` gives the
 * columns of a file; it is asked only about files that begin with another line.
 */
export function checkSameColumns(
  files: readonly FileInfo[],
  describe: (file: FileInfo) => readonly Field[],
): void {
  const [first, ...others] = files;
  if (first === undefined || others.length === 0 || files.some(isCompressed)) return;
  const header = firstLine(first.path);
  const names = describe(first).map(({ name }) => name);
  // Without a header every first line is another.
  if (!names.every((name) => header.includes(name))) return;
  for (const file of others) {
    if (firstLine(file.path) === header) continue;
    const own = describe(file).map(({ name }) => name);
    const lacks = names.filter((name) => !own.includes(name));
    const adds = own.filter((name) => !names.includes(name));
    if (lacks.length + adds.length > 0) throw otherColumns(first, file, lacks, adds);
  }
}

function otherColumns(
  first: FileInfo,
  file: FileInfo,
  lacks: readonly string[],
  adds: readonly string[],
): HeddleError {
  const list = (names: readonly string[]): string => names.map((n) => JSON.stringify(n)).join(", ");
  const parts = [
    ...(lacks.length === 0 ? [] : [`lacks ${list(lacks)}`]),
    ...(adds.length === 0 ? [] : [`adds ${list(adds)}`]),
  ];
  return new HeddleError(
    "FileInvalid",
    `${file.path} has other columns than ${first.path}: it ${parts.join(" and ")}. ` +
      "Read them apart and put them together with concat([a, b]), which fills what is missing " +
      "with null",
    { fields: { path: file.path, first: first.path, missing: [...lacks], added: [...adds] } },
  );
}

/** Whether the column is read as text and converted by {@link guardedSql}. */
export function isGuarded(format: string, type: SqlType): boolean {
  if (format === "parquet") return false;
  return isInteger(type) || (format === "csv" && (type === "DATE" || type === "TIMESTAMP"));
}

/**
 * SQL that makes a value of text where nothing is lost, and else fails by {@link LOST}. Empty text
 * is null.
 */
export function guardedSql({ name, type }: Field): string {
  const text = quoteName(name);
  const value = `CASE WHEN ${lossy(type, text)} THEN NULL ELSE TRY_CAST(${text} AS ${type}) END`;
  const parts = [`Heddle column ${name}`, "|", text, "|", dtypeOf(type)];
  const said = parts.map((part) => (part === text ? part : quoteText(part))).join(" || ");
  return `coalesce(${value}, CASE WHEN ${text} <> '' THEN error(${said}) END)`;
}

function lossy(type: SqlType, text: string): string {
  if (isInteger(type)) return `contains(${text}, '.') OR contains(lower(${text}), 'e-')`;
  // A date of a time, and a time without its offset.
  return type === "DATE" ? `length(trim(${text})) > 12` : `contains(${text}, '+')`;
}

/** How the engine reports what {@link guardedSql} refuses: column, value, type. */
const LOST = /Heddle column ([^|]*)\|(.*)\|([^|\n]+)/s;

/** The error of a guarded conversion with the line it is about; other errors as they are. */
export function locateCsvError(error: unknown, files: readonly string[]): unknown {
  if (!(error instanceof HeddleError)) return error;
  const engine = (error.fields as { readonly engine?: unknown }).engine;
  const match = LOST.exec(String(engine));
  if (match === null) return error;
  const [, column = "", value = "", dtype = ""] = match;
  const found = files.length === 0 ? undefined : lineOf(files, value);
  const where = found === undefined ? "" : `${found.path}, Line: ${found.line}: `;
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return new HeddleError(
    "FileInvalid",
    `${where}column "${column}" holds "${shown}", which is no ${dtype} (types are found by ` +
      "looking at the first rows). Name the column's type for the reader, as in " +
      `{ schema: { ${column}: "${isNumber(value) ? "float64" : "string"}" } }`,
    { fields: { column, value: shown, dtype, ...found } },
  );
}

function isNumber(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

const BLOCK_BYTES = 1 << 20;

/** The first line that has the value as a cell. */
function lineOf(
  files: readonly string[],
  value: string,
): { readonly path: string; readonly line: number } | undefined {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  for (const path of files.filter((one) => !COMPRESSED.test(one))) {
    const file = reading(path, () => openSync(path, "r"));
    try {
      let [line, rest] = [0, ""];
      for (;;) {
        const length = readSync(file, bytes);
        // Latin letters suffice to compare: every byte is one.
        const lines = (rest + bytes.toString("latin1", 0, length)).split("\n");
        rest = length === 0 ? "" : (lines.pop() ?? "");
        const wanted = Buffer.from(value, "utf8").toString("latin1");
        const at = lines.findIndex((text) => hasCell(text, wanted));
        if (at >= 0) return { path, line: line + at + 1 };
        line += lines.length;
        if (length === 0) break;
      }
    } finally {
      closeSync(file);
    }
  }
  return undefined;
}

function hasCell(line: string, value: string): boolean {
  if (!line.includes(value)) return false;
  return line.split(/[,\t;|]/).some((cell) => cell.trim().replace(/^"|"$/g, "") === value);
}
