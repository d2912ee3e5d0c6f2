/**
 * @file A local table: named, typed columns of equal length that own (or share) their memory. It is
 * what a frame computes to, what `mapPartitions` hands to a function, and the value of a table
 * task; its bytes at rest are the columns' own buffers.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { SIZEOF } from "../core/sizeof.ts";
import { TOKEN } from "../core/token.ts";
import { columnOf, columnOver } from "./build.ts";
import { Column, type ValueOptions } from "./column.ts";
import { htmlTable, textTable } from "./print.ts";
import { concatColumns } from "./stack.ts";
import { type Field, sqlTypeOf } from "./types.ts";

/** One row of a table whose columns are not known to the compiler. */
export type AnyRow = Record<string, unknown>;

/** A row whose 64-bit integers are asked for as bigint: any number may become one. */
export type BigIntRow<S> = { [K in keyof S]: number extends S[K] ? S[K] | bigint : S[K] };

/** Types of columns given by name, in NumPy's or SQL's words. */
export type SchemaInit = Readonly<Record<string, string>>;

/** Columns given as typed arrays, ordinary arrays or columns. */
export type ColumnsInit = Readonly<Record<string, ArrayLike<unknown> | Column>>;

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const JUPYTER = Symbol.for("Jupyter.display");
const BRAND = Symbol.for("heddle.table");

/**
 * A local, immutable table.
 *
 * @example
 * import { Table } from "heddle/dataframe";
 * const table = Table.fromRecords([
 *   { city: "Bern", people: 134_000 },
 *   { city: "Basel", people: null },
 * ]);
 * console.log(table.length, table.columns, table.column("people").toArray());
 */
export class Table<S extends object = AnyRow> implements Iterable<S> {
  readonly length: number;
  readonly #columns: readonly Column[];

  constructor(columns: readonly Column[], length: number = columns[0]?.length ?? 0) {
    const odd = columns.find((column) => column.length !== length);
    if (odd !== undefined) {
      throw new HeddleError(
        "InvalidShape",
        `all columns of a table have the same length, but "${columns[0]?.name}" has ${length} rows ` +
          `and "${odd.name}" has ${odd.length}`,
      );
    }
    this.#columns = columns;
    this.length = length;
  }

  /** A table of the given objects; columns in order of first appearance, missing values null. */
  static fromRecords<S extends object>(
    records: readonly S[],
    options: { schema?: SchemaInit } = {},
  ): Table<S> {
    checkOptionNames("fromRecords", options, ["schema"]);
    checkRecords(records);
    const given = new Map(Object.entries(options.schema ?? {}));
    const names = new Set<string>(given.keys());
    for (const record of records) for (const name of Object.keys(record)) names.add(name);
    const rows = records as readonly Record<string, unknown>[];
    const columns = Array.from(names, (name) => {
      const type = given.get(name);
      const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined));
      return columnOf(name, values, type === undefined ? undefined : sqlTypeOf(type));
    });
    return new Table<S>(columns, records.length);
  }

  /** A table of the given columns: typed arrays are used as they are, without a copy. */
  static fromColumns<S extends object = AnyRow>(
    columns: ColumnsInit,
    options: { schema?: SchemaInit } = {},
  ): Table<S> {
    checkOptionNames("fromColumns", options, ["schema"]);
    checkColumns(columns, options.schema ?? {});
    const given = new Map(Object.entries(options.schema ?? {}));
    return new Table<S>(
      Object.entries(columns).map(([name, values]) => {
        const type = given.get(name);
        const wanted = type === undefined ? undefined : sqlTypeOf(type);
        const ready = values instanceof Column ? values : columnOver(name, values);
        if (ready === undefined) return columnOf(name, values as ArrayLike<unknown>, wanted);
        if (wanted === undefined || wanted === ready.type) {
          return ready.as({ name, type: ready.type });
        }
        return columnOf(name, ready.toArray({ int64: "bigint" }), wanted);
      }),
    );
  }

  /** A table without rows. */
  static empty<S extends object = AnyRow>(fields: readonly Field[]): Table<S> {
    return new Table<S>(
      fields.map(({ name, type }) => columnOf(name, [], type)),
      0,
    );
  }

  /** One table of the rows of all, in order; columns are those of the first. */
  static concat<S extends object>(tables: readonly Table<S>[]): Table<S> {
    const [first] = tables;
    if (first === undefined) return new Table<S>([]);
    if (tables.length === 1) return first;
    const filled = tables.filter((table) => table.length > 0);
    if (filled.length <= 1) return filled[0] ?? first;
    const length = filled.reduce((sum, table) => sum + table.length, 0);
    return new Table<S>(
      first.fields.map((field) =>
        concatColumns(
          field,
          filled.map((table) => table.column(field.name as never) as Column),
        ),
      ),
      length,
    );
  }

  /** Names of the columns, in order. */
  get columns(): (keyof S & string)[] {
    return this.#columns.map((column) => column.name as keyof S & string);
  }

  /** Type of each column in NumPy's words. */
  get dtypes(): Record<keyof S & string, string> {
    const entries = this.#columns.map((column) => [column.name, column.dtype]);
    return Object.fromEntries(entries) as Record<keyof S & string, string>;
  }

  /** Name and engine type of each column. */
  get fields(): Field[] {
    return this.#columns.map(({ name, type }) => ({ name, type }));
  }

  /** Rows and columns. */
  get shape(): [rows: number, columns: number] {
    return [this.length, this.#columns.length];
  }

  /** Bytes that the rows occupy. */
  get nbytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.nbytes, 0);
  }

  /** Errors: `UnknownColumn` naming the nearest column. */
  column<K extends keyof S & string>(name: K): Column<S[K]> {
    const found = this.#columns.find((column) => column.name === name);
    if (found === undefined) throw unknownColumn(name, this.columns);
    return found as Column<S[K]>;
  }

  /** The given columns only. */
  select<K extends keyof S & string>(...names: K[]): Table<Pick<S, K>> {
    return new Table<Pick<S, K>>(
      names.map((name) => this.column(name)),
      this.length,
    );
  }

  /** Rows `start` to `end` (exclusive, negative from the end), sharing memory. */
  slice(start = 0, end: number = this.length): Table<S> {
    const at = (i: number): number =>
      Math.min(this.length, Math.max(0, i < 0 ? this.length + i : i));
    const [from, to] = [at(start), Math.max(at(start), at(end))];
    return new Table<S>(
      this.#columns.map((column) => column.slice(from, to)),
      to - from,
    );
  }

  /** The first `n` rows. */
  head(n = 5): Table<S> {
    return this.slice(0, n);
  }

  /** The last `n` rows. */
  tail(n = 5): Table<S> {
    return this.slice(Math.max(0, this.length - n));
  }

  /** Row `i` as an object; negative from the end. */
  at(i: number): S | undefined {
    const row = i < 0 ? this.length + i : i;
    return this.slice(row, row + 1).toRecords()[0];
  }

  /** The rows as plain objects. */
  toRecords(options?: { int64?: "number" }): S[];
  toRecords(options: { int64: "bigint" }): BigIntRow<S>[];
  toRecords(options?: ValueOptions): S[] | BigIntRow<S>[];
  toRecords(options: ValueOptions = {}): S[] | BigIntRow<S>[] {
    checkOptionNames("toRecords", options, ["int64"]);
    const values = this.#columns.map((column) => column.toArray(options));
    const names = this.#columns.map((column) => column.name);
    if (names.includes("__proto__")) {
      // Assigned, this name would change the prototype.
      return Array.from({ length: this.length }, (_, i) => {
        return Object.fromEntries(names.map((name, c) => [name, values[c]?.[i]])) as S;
      });
    }
    return Array.from({ length: this.length }, (_, i) => {
      const row: Record<string, unknown> = {};
      for (let c = 0; c < names.length; c++) row[names[c] as string] = values[c]?.[i];
      return row as S;
    });
  }

  /** Each column's values as an array, by name. */
  toColumns(options: ValueOptions = {}): { [K in keyof S]: S[K][] } {
    checkOptionNames("toColumns", options, ["int64"]);
    const entries = this.#columns.map((column) => [column.name, column.toArray(options)]);
    return Object.fromEntries(entries) as { [K in keyof S]: S[K][] };
  }

  /** `JSON.stringify` gives the rows; 64-bit integers too large for a number become text. */
  toJSON(): unknown[] {
    return this.toRecords({ int64: "bigint" }).map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonValue(value)])),
    );
  }

  *[Symbol.iterator](): IterableIterator<S> {
    for (let start = 0; start < this.length; start += 1024) {
      yield* this.slice(start, Math.min(this.length, start + 1024)).toRecords();
    }
  }

  /** The table as terminals show it: header, types, first and last rows. */
  toString(): string {
    return textTable(this as unknown as Table);
  }

  /** The table as notebooks show it. */
  toHtml(): string {
    return htmlTable(this as unknown as Table);
  }
}

Object.defineProperties(Table.prototype, {
  [BRAND]: { value: true },
  [TOKEN]: { value: contentOf },
  [SIZEOF]: {
    value(this: Table): number {
      return this.nbytes;
    },
  },
  [INSPECT]: {
    value(this: Table): string {
      return this.toString();
    },
  },
  [JUPYTER]: {
    value(this: Table): Record<string, string> {
      return { "text/plain": this.toString(), "text/html": this.toHtml() };
    },
  },
});

/** Whether `value` is a local table, of this copy of the package or another. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** The error for a column that is not there, with the nearest one that is. */
export function unknownColumn(name: unknown, columns: readonly string[]): HeddleError {
  if (typeof name !== "string") {
    return new HeddleError("InvalidArgument", `a column is named by text, not ${typeof name}`);
  }
  const near = nearestName(name, columns);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return new HeddleError(
    "UnknownColumn",
    `there is no column "${name}"${hint} Columns: ${columns.join(", ") || "none"}`,
    { fields: { column: name, nearest: near ?? null, columns: [...columns] } },
  );
}

/** What names a table by its content. */
function contentOf(this: Table): unknown {
  return this.fields.map(({ name, type }) => {
    const { length, values, offsets, validity, bitOffset } = this.column(name);
    return [name, type, length, values, offsets, validity, bitOffset];
  });
}

/** Refuses what is no array of plain objects. */
function checkRecords(records: unknown): void {
  const example = '[{ city: "Bern", people: 134_000 }]';
  if (!Array.isArray(records)) {
    const isObject = typeof records === "object" && records !== null;
    const given = isObject ? "an object" : (JSON.stringify(records) ?? String(records));
    throw new HeddleError(
      "InvalidArgument",
      `fromRecords takes an array of objects, as in ${example}, not ${given}`,
    );
  }
  const at = records.findIndex((r) => typeof r !== "object" || r === null || Array.isArray(r));
  if (at < 0) return;
  const odd: unknown = records[at];
  const given = Array.isArray(odd) ? "an array" : String(odd);
  throw new HeddleError(
    "InvalidArgument",
    `fromRecords: record ${at} is ${given}; each record is an object of values by column, as in ${example}`,
    { fields: { index: at } },
  );
}

/** Refuses what is no object of arrays, and types of columns that are not there. */
function checkColumns(columns: unknown, schema: SchemaInit): void {
  const example = "{ city: ['Bern'], people: Int32Array.of(134_000) }";
  if (typeof columns !== "object" || columns === null || Array.isArray(columns)) {
    throw new HeddleError(
      "InvalidArgument",
      `fromColumns takes an object of arrays by column, as in ${example}; for rows use fromRecords`,
    );
  }
  for (const [name, values] of Object.entries(columns)) {
    if (values instanceof Column || Array.isArray(values) || ArrayBuffer.isView(values)) continue;
    if (typeof values === "object" && values !== null && "length" in values) continue;
    throw new HeddleError(
      "InvalidArgument",
      `fromColumns: column "${name}" is ${values === null ? "null" : typeof values}; ` +
        `each column is an array of its values, as in ${example}`,
      { fields: { column: name } },
    );
  }
  const missing = Object.keys(schema).find((name) => !Object.hasOwn(columns, name));
  if (missing !== undefined) throw unknownColumn(missing, Object.keys(columns));
}

function jsonValue(value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
