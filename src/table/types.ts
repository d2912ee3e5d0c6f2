/**
 * @file Logical column types. A type is the engine's own name for it, such as `BIGINT` or
 * `DECIMAL(18,2)`: text, so it travels in headers as it is. Users see NumPy's words (`int64`,
 * `datetime64[us]`). How the values of a type lie in memory is its storage; a type without a
 * storage of its own travels as text and is cast back on the way in.
 */
import { HeddleError, nearestName } from "../core/errors.ts";

/** A type in the engine's words. */
export type SqlType = string;

/** Name and type of a column. */
export interface Field {
  readonly name: string;
  readonly type: SqlType;
}

/**
 * The typed array that holds a fixed-width type's values; 16-byte values lie as pairs of 64-bit
 * words.
 */
export type Words = "u8" | "i8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64";

/** How values lie in memory: fixed-width words, or bytes (UTF-8 or raw) behind offsets. */
export type Storage =
  | { readonly kind: "fixed"; readonly words: Words; readonly bytes: 1 | 2 | 4 | 8 | 16 }
  | { readonly kind: "bytes" };

const BYTES: Storage = { kind: "bytes" };

function fixed(words: Words, bytes: 1 | 2 | 4 | 8 | 16): Storage {
  return { kind: "fixed", words, bytes };
}

interface Known {
  readonly dtype: string;
  readonly storage: Storage;
  /** `duckdb_type` in the C header. */
  readonly id: number;
}

/** Types whose values cross the border as they are. */
const KNOWN: Readonly<Record<string, Known>> = {
  BOOLEAN: { dtype: "bool", storage: fixed("u8", 1), id: 1 },
  TINYINT: { dtype: "int8", storage: fixed("i8", 1), id: 2 },
  SMALLINT: { dtype: "int16", storage: fixed("i16", 2), id: 3 },
  INTEGER: { dtype: "int32", storage: fixed("i32", 4), id: 4 },
  BIGINT: { dtype: "int64", storage: fixed("i64", 8), id: 5 },
  UTINYINT: { dtype: "uint8", storage: fixed("u8", 1), id: 6 },
  USMALLINT: { dtype: "uint16", storage: fixed("u16", 2), id: 7 },
  UINTEGER: { dtype: "uint32", storage: fixed("u32", 4), id: 8 },
  UBIGINT: { dtype: "uint64", storage: fixed("u64", 8), id: 9 },
  FLOAT: { dtype: "float32", storage: fixed("f32", 4), id: 10 },
  DOUBLE: { dtype: "float64", storage: fixed("f64", 8), id: 11 },
  TIMESTAMP: { dtype: "datetime64[us]", storage: fixed("i64", 8), id: 12 },
  DATE: { dtype: "date", storage: fixed("i32", 4), id: 13 },
  TIME: { dtype: "time", storage: fixed("i64", 8), id: 14 },
  INTERVAL: { dtype: "interval", storage: fixed("u64", 16), id: 15 },
  HUGEINT: { dtype: "int128", storage: fixed("u64", 16), id: 16 },
  VARCHAR: { dtype: "string", storage: BYTES, id: 17 },
  BLOB: { dtype: "bytes", storage: BYTES, id: 18 },
  TIMESTAMP_S: { dtype: "datetime64[s]", storage: fixed("i64", 8), id: 20 },
  TIMESTAMP_MS: { dtype: "datetime64[ms]", storage: fixed("i64", 8), id: 21 },
  TIMESTAMP_NS: { dtype: "datetime64[ns]", storage: fixed("i64", 8), id: 22 },
  "TIMESTAMP WITH TIME ZONE": {
    dtype: "datetime64[us, UTC]",
    storage: fixed("i64", 8),
    id: 31,
  },
};

/** The engine's id of decimal types. */
export const DECIMAL_ID = 19;

/** Other words for types that users may give. */
const ALIASES: Readonly<Record<string, SqlType>> = {
  ...Object.fromEntries(Object.entries(KNOWN).map(([type, known]) => [known.dtype, type])),
  boolean: "BOOLEAN",
  "?": "BOOLEAN",
  i1: "TINYINT",
  i2: "SMALLINT",
  i4: "INTEGER",
  i8: "BIGINT",
  u1: "UTINYINT",
  u2: "USMALLINT",
  u4: "UINTEGER",
  u8: "UBIGINT",
  f4: "FLOAT",
  f8: "DOUBLE",
  int: "BIGINT",
  float: "DOUBLE",
  str: "VARCHAR",
  text: "VARCHAR",
  category: "VARCHAR",
  object: "VARCHAR",
  datetime: "TIMESTAMP",
  timestamp: "TIMESTAMP",
  datetime64: "TIMESTAMP",
  uuid: "UUID",
  json: "JSON",
};

/** Width and scale of `DECIMAL(w,s)`, or undefined for other types. */
export function decimalOf(type: SqlType): { width: number; scale: number } | undefined {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  if (match === null) return undefined;
  return { width: Number(match[1]), scale: Number(match[2]) };
}

/** How values of `type` lie in a column; types that travel as text have the storage of text. */
export function storageOf(type: SqlType): Storage {
  const known = KNOWN[type];
  if (known !== undefined) return known.storage;
  const decimal = decimalOf(type);
  if (decimal === undefined) return BYTES;
  if (decimal.width <= 4) return fixed("i16", 2);
  if (decimal.width <= 9) return fixed("i32", 4);
  return decimal.width <= 18 ? fixed("i64", 8) : fixed("u64", 16);
}

/** Whether values of the type cross the border as they are; the others go as text. */
export function isCarried(type: SqlType): boolean {
  return KNOWN[type] !== undefined || decimalOf(type) !== undefined;
}

/** Whether the type nests others: its text is JSON. */
export function isNested(type: SqlType): boolean {
  return /^(STRUCT|MAP)\(/.test(type) || /\[\d*\]$/.test(type) || type === "JSON";
}

/** SQL that turns a column of any type into one that crosses the border. */
export function carrySql(type: SqlType, sql: string): string {
  if (isCarried(type)) return sql;
  return type !== "JSON" && isNested(type)
    ? `CAST(to_json(${sql}) AS VARCHAR)`
    : `CAST(${sql} AS VARCHAR)`;
}

/** The opposite of {@link carrySql}. */
export function uncarrySql(type: SqlType, sql: string): string {
  if (isCarried(type)) return sql;
  if (type === "JSON") return `CAST(${sql} AS JSON)`;
  return isNested(type) ? `CAST(CAST(${sql} AS JSON) AS ${type})` : `CAST(${sql} AS ${type})`;
}

/** The type in which values of `type` cross the border. */
export function carrierOf(type: SqlType): SqlType {
  return isCarried(type) ? type : "VARCHAR";
}

/** The type with this id in the C interface, for types that cross the border. */
export function typeOfId(id: number): SqlType | undefined {
  return Object.keys(KNOWN).find((type) => KNOWN[type]?.id === id);
}

/** What users see for a type: `BIGINT` is `"int64"`, `DECIMAL(18,2)` is `"decimal(18,2)"`. */
export function dtypeOf(type: SqlType): string {
  return KNOWN[type]?.dtype ?? type.toLowerCase();
}

/** Whether sums and means of the type make sense. */
export function isNumeric(type: SqlType): boolean {
  return isInteger(type) || type === "FLOAT" || type === "DOUBLE" || decimalOf(type) !== undefined;
}

/** Whether the type holds whole numbers. */
export function isInteger(type: SqlType): boolean {
  return /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type);
}

/**
 * The engine's name of a type that a user gave as a NumPy name (`"int64"`, `"f8"`), a SQL name or
 * `"decimal(18,2)"`.
 *
 * Errors: `DTypeMismatch` naming the nearest known type.
 */
export function sqlTypeOf(dtype: string): SqlType {
  const lower = dtype.trim().toLowerCase();
  if (Object.hasOwn(ALIASES, lower)) return ALIASES[lower] as SqlType;
  const upper = dtype.trim().toUpperCase().replace(/\s+/g, " ");
  if (KNOWN[upper] !== undefined) return upper;
  if (/^DECIMAL\(\d+, ?\d+\)$/.test(upper)) return upper.replace(" ", "");
  if (isNested(upper) || upper.startsWith("ENUM(")) return dtype.trim();
  const near = nearestName(lower, Object.keys(ALIASES));
  throw new HeddleError(
    "DTypeMismatch",
    `"${dtype}" is not a column type${near === undefined ? "" : `; did you mean "${near}"?`} ` +
      `Known types: ${Object.values(KNOWN)
        .map((known) => known.dtype)
        .join(", ")}, ` +
      "decimal(width,scale), uuid, json",
    { fields: { dtype, nearest: near ?? null } },
  );
}
