/**
 * @file The table engine: one DuckDB instance, called synchronously on whichever thread opened it,
 * so that it never occupies libuv's pool. A `TableSession` is one connection: it runs one query at
 * a time, streams its chunks into columns, and checks the result's error after the last chunk,
 * without which an error would look like an early end.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { engineError } from "./engine-error.ts";
import { InterruptCell } from "./interrupt.ts";
import { type Library, loadLibrary, type Out, type Pointer } from "./library.ts";
import { columnReader, VECTOR_ROWS } from "./read-vectors.ts";
import { quoteName, quoteText } from "./sql-text.ts";
import { Table } from "./table.ts";
import {
  carrierOf,
  carrySql,
  DECIMAL_ID,
  type Field,
  isCarried,
  typeOfId,
  uncarrySql,
} from "./types.ts";
import { columnWriter } from "./write-vectors.ts";

/** Settings of an engine; each has the engine's own default when absent. */
export interface EngineSettings {
  /** Threads of one query; 1 makes float sums repeatable. */
  readonly threads?: number;
  readonly memoryLimitBytes?: number;
  /** Where queries larger than memory spill; created on demand. */
  readonly tempDirectory?: string;
  readonly maxTempBytes?: number;
}

/**
 * Fixed settings: nothing is downloaded, dates are UTC, progress is measured but not printed. The
 * footers of Parquet files are kept while the files stay as they are: reading one of a hundred row
 * groups takes 3 ms.
 */
const FIXED: readonly string[] = [
  "SET GLOBAL TimeZone = 'UTC'",
  "SET enable_progress_bar = true",
  "SET enable_progress_bar_print = false",
  "SET progress_bar_time = 0",
  "SET GLOBAL preserve_insertion_order = true",
  "SET GLOBAL parquet_metadata_cache = true",
];

/**
 * One DuckDB instance.
 *
 * @example
 * import { TableEngine } from "heddle/dataframe";
 * const engine = TableEngine.open({ threads: 1 });
 * console.log(engine.query("select 6 * 7 as answer").toRecords()); // [ { answer: 42 } ]
 * engine.close();
 */
export class TableEngine implements Disposable {
  readonly #library: Library;
  #database: Out<Pointer>;
  readonly #sessions = new Set<TableSession>();
  /** Through this, other threads stop the query under way. */
  readonly cell: InterruptCell;

  readonly #limitBytes: number | undefined;

  private constructor(
    library: Library,
    database: Out<Pointer>,
    cell: InterruptCell,
    limitBytes: number | undefined,
  ) {
    this.#library = library;
    this.#database = database;
    this.cell = cell;
    this.#limitBytes = limitBytes;
  }

  /**
   * Opens an engine in memory. Errors: `NotSupported` naming the missing package; `InvalidArgument`
   * for a setting that DuckDB refuses.
   */
  static open(
    settings: EngineSettings = {},
    cell: InterruptCell = new InterruptCell(),
  ): TableEngine {
    const known = ["threads", "memoryLimitBytes", "tempDirectory", "maxTempBytes"];
    checkOptionNames("TableEngine.open", settings, known);
    const library = loadLibrary();
    const config: Out<Pointer> = [0];
    library.createConfig(config);
    for (const [name, value] of settingsOf(settings)) {
      if (library.setConfig(config[0], name, value) !== 0) {
        library.destroyConfig(config);
        throw new HeddleError("InvalidArgument", `the table engine refuses ${name} = "${value}"`, {
          fields: { setting: name, value },
        });
      }
    }
    const database: Out<Pointer> = [0];
    const error: Out<string | null> = [null];
    const state = library.openExt(":memory:", database, config[0], error);
    library.destroyConfig(config);
    if (state !== 0) throw engineError(error[0] ?? "the engine did not open");
    const engine = new TableEngine(library, database, cell, settings.memoryLimitBytes);
    using session = engine.session();
    for (const sql of FIXED) session.execute(sql);
    return engine;
  }

  /** A new connection: its temporary tables live as long as it does. */
  session(): TableSession {
    if (this.#database[0] === 0) throw new HeddleError("Cancelled", "the table engine is closed");
    const session = new TableSession(this.#library, this.#database[0], this.cell, () => {
      this.#sessions.delete(session);
    });
    this.#sessions.add(session);
    return session;
  }

  /** Runs one query on a connection of its own. */
  query<S extends object = Record<string, unknown>>(sql: string): Table<S> {
    using session = this.session();
    return session.query<S>(sql);
  }

  /** DuckDB's version. */
  get version(): string {
    return this.#library.libraryVersion();
  }

  /**
   * Asks the query under way to stop; it then throws `Cancelled`. From other threads use the cell.
   */
  interrupt(): boolean {
    return this.cell.interrupt();
  }

  /** How far the query under way is, 0 to 1; -1 when unknown. */
  progress(): number {
    return this.cell.progress();
  }

  /**
   * Gives memory that queries have freed back to the system: the engine's allocator keeps it for a
   * while otherwise. Setting the limit once more does so.
   */
  trim(): void {
    if (this.#limitBytes === undefined) return;
    using session = this.session();
    session.execute(`SET memory_limit = '${bytesText(this.#limitBytes)}'`);
  }

  close(): void {
    for (const session of [...this.#sessions]) session.close();
    if (this.#database[0] !== 0) this.#library.close(this.#database);
    this.#database = [0];
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function settingsOf(settings: EngineSettings): [name: string, value: string][] {
  const pairs: [string, string | number | undefined][] = [
    ["autoinstall_known_extensions", "false"],
    ["autoload_known_extensions", "false"],
    ["threads", settings.threads],
    ["memory_limit", bytesText(settings.memoryLimitBytes)],
    ["temp_directory", settings.tempDirectory],
    ["max_temp_directory_size", bytesText(settings.maxTempBytes)],
    ["allocator_flush_threshold", bytesText(flushBytes(settings.memoryLimitBytes))],
    [
      "allocator_bulk_deallocation_flush_threshold",
      bytesText(flushBytes(settings.memoryLimitBytes)),
    ],
  ];
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
}

/** DuckDB's own value; below it, freed memory may stay with its allocator. */
const FLUSH_BYTES_MAX = 128 * 2 ** 20;

/** So much of a small limit may be freed memory that the process still has. */
function flushBytes(limitBytes: number | undefined): number | undefined {
  return limitBytes === undefined ? undefined : Math.min(FLUSH_BYTES_MAX, limitBytes / 8);
}

function bytesText(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : `${Math.floor(bytes)}B`;
}

/** One connection. Made by {@link TableEngine.session}; not for use by two queries at once. */
export class TableSession implements Disposable {
  readonly #library: Library;
  readonly #connection: Out<Pointer> = [0];
  readonly #cell: InterruptCell;
  readonly #closed: () => void;
  #streaming = false;

  constructor(library: Library, database: Pointer, cell: InterruptCell, closed: () => void) {
    this.#library = library;
    this.#cell = cell;
    this.#closed = closed;
    if (library.connect(database, this.#connection) !== 0) {
      throw new HeddleError("MemoryLimit", "the table engine gave no connection");
    }
  }

  /**
   * Names and logical types of a query's columns. Nothing is run: names and types are only bound.
   */
  describe(sql: string): Field[] {
    return fieldsOf(this.#collect<Description>(`DESCRIBE ${sql}`));
  }

  /** Runs a query to its end; values of types without a storage of their own travel as text. */
  query<S extends object = Record<string, unknown>>(sql: string): Table<S> {
    return this.#collect<S>(sql, true);
  }

  /** Runs a query and hands over its rows as tables of about `rows` rows each, in order. */
  *stream<S extends object = Record<string, unknown>>(
    sql: string,
    options: { rows: number },
  ): Generator<Table<S>> {
    // The last chunk of a table may go beyond its rows.
    const room = options.rows + VECTOR_ROWS;
    let builder = new TableBuilder(this.#library, room);
    for (const chunk of this.#chunks(sql, true)) {
      builder.add(chunk);
      if (builder.rows < options.rows) continue;
      yield builder.finish<S>();
      builder = new TableBuilder(this.#library, room);
    }
    if (builder.rows > 0) yield builder.finish<S>();
  }

  /** Runs a statement and gives what it reports, such as the count of rows that `COPY` wrote. */
  execute<S extends object = Record<string, unknown>>(sql: string): Table<S> {
    return this.#collect<S>(sql);
  }

  /**
   * Makes a temporary table of the rows of `tables`, in order, under `name`. Tables are taken one
   * after the other, so that those behind an iterator need not be there together; where there may
   * be none, `columns` says what they would have.
   */
  load(name: string, tables: Iterable<Table>, columns?: readonly Field[]): void {
    const each = tables[Symbol.iterator]();
    const start = each.next();
    const fields = start.done === true ? columns : start.value.fields;
    if (fields === undefined) throw new HeddleError("InvalidArgument", `"${name}" has no tables`);
    const rows = function* (): Generator<Table> {
      for (let at = start; at.done !== true; at = each.next()) yield at.value;
    };
    this.#create(name, fields, (raw) => this.#append(raw, fields.length, rows()));
  }

  #create(name: string, fields: readonly Field[], fill: (raw: string) => void): void {
    const columns = fields.map((f) => `${quoteName(f.name)} ${carrierOf(f.type)}`);
    const carried = fields.every((field) => isCarried(field.type));
    const raw = carried ? name : `${name} carried`;
    this.execute(`CREATE TEMPORARY TABLE ${quoteName(raw)} (${columns.join(", ")})`);
    fill(raw);
    if (carried) return;
    const list = fields.map(
      (f) => `${uncarrySql(f.type, quoteName(f.name))} AS ${quoteName(f.name)}`,
    );
    this.execute(
      `CREATE TEMPORARY VIEW ${quoteName(name)} AS ` +
        `SELECT ${list.join(", ")}, rowid FROM ${quoteName(raw)}`,
    );
  }

  /** Closes the connection and drops its temporary tables. */
  close(): void {
    if (this.#connection[0] === 0) return;
    this.#library.disconnect(this.#connection);
    this.#connection[0] = 0;
    this.#closed();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #collect<S extends object>(sql: string, carry = false): Table<S> {
    const builder = new TableBuilder(this.#library);
    for (const chunk of this.#chunks(sql, carry)) builder.add(chunk);
    return builder.finish<S>();
  }

  /**
   * The chunks of a query, with the error that ended it. When one of several threads fails, DuckDB
   * interrupts the others and may report that interrupt instead of the failure: then the query runs
   * again on one thread for the reason.
   */
  *#chunks(sql: string, carry: boolean): Generator<Chunk> {
    try {
      yield* this.#fetch(sql, carry);
    } catch (error) {
      if (!isHeddleError(error, "Cancelled") || this.#cell.interrupted) throw error;
      throw this.#reasonOf(sql, error);
    }
  }

  #reasonOf(sql: string, masked: HeddleError): unknown {
    const [{ threads } = { threads: 1 }] = this.#collect<{ threads: number }>(
      "SELECT current_setting('threads') AS threads",
    ).toRecords();
    if (threads === 1) return masked;
    this.execute("SET threads = 1");
    try {
      for (const _ of this.#fetch(sql, true)) {
        // Only the error at the end counts.
      }
    } catch (error) {
      return error;
    } finally {
      this.execute(`SET threads = ${threads}`);
    }
    return masked;
  }

  /** One query of this session, under the cell that stops it. */
  *#fetch(sql: string, carry: boolean): Generator<Chunk> {
    if (this.#streaming) {
      // A second query would silently end the first.
      throw new HeddleError("InvalidArgument", "a table session runs one query at a time");
    }
    this.#streaming = true;
    this.#cell.begin(this.#connection[0]);
    try {
      yield* carry ? this.#runCarried(sql) : this.#run(this.#prepare(sql), sql);
    } finally {
      this.#cell.end();
      this.#streaming = false;
    }
  }

  /**
   * A query whose columns may be of any type. Mostly all of them cross the border as they are, as
   * the prepared statement tells; else the query is bound once more with the others as text.
   */
  *#runCarried(sql: string): Generator<Chunk> {
    const statement = this.#prepare(sql);
    if (crossesBorder(this.#library, statement)) {
      yield* this.#run(statement, sql);
      return;
    }
    this.#library.destroyPrepare([statement]);
    const description = `DESCRIBE ${sql}`;
    const builder = new TableBuilder(this.#library);
    for (const chunk of this.#run(this.#prepare(description), description)) builder.add(chunk);
    const fields = fieldsOf(builder.finish<Description>());
    const text = carriedSql(sql, fields);
    for (const chunk of this.#run(this.#prepare(text), text)) yield { ...chunk, fields };
  }

  #prepare(sql: string): Pointer {
    const library = this.#library;
    const statement: Out<Pointer> = [0];
    if (library.prepare(this.#connection[0], sql, statement) === 0) return statement[0];
    const said = library.prepareError(statement[0]) ?? "the query cannot be prepared";
    library.destroyPrepare(statement);
    throw engineError(said, sql);
  }

  /**
   * Runs a statement, destroys it, and fetches chunk by chunk; the first chunk has no rows and is
   * there for its columns.
   */
  *#run(statement: Pointer, sql: string): Generator<Chunk> {
    const library = this.#library;
    const result = new BigUint64Array(6);
    try {
      this.#start(statement, sql, result);
      const carried = resultFields(library, result, sql);
      const struct = { words: Array.from(result) };
      yield { chunk: 0, size: 0, carried, fields: carried };
      for (;;) {
        const chunk = library.fetchChunk(struct);
        if (chunk === 0) break;
        try {
          const size = Number(library.chunkSize(chunk));
          yield { chunk, size, carried, fields: carried };
        } finally {
          library.destroyDataChunk([chunk]);
        }
      }
      const error = library.resultError(result);
      if (error !== null && error !== "") throw engineError(error, sql);
    } finally {
      library.destroyResult(result);
    }
  }

  /** Executes into `result`; the statement is destroyed in any case. */
  #start(statement: Pointer, sql: string, result: BigUint64Array): void {
    const library = this.#library;
    const pending: Out<Pointer> = [0];
    try {
      if (library.pendingStreaming(statement, pending) !== 0) {
        throw engineError(library.pendingError(pending[0]) ?? "the query cannot be started", sql);
      }
      if (library.executePending(pending[0], result) !== 0) {
        throw engineError(library.resultError(result) ?? "the query failed", sql);
      }
    } finally {
      if (pending[0] !== 0) library.destroyPending(pending);
      library.destroyPrepare([statement]);
    }
  }

  /** Appends tables one after the other; they become rows together. */
  #append(name: string, width: number, tables: Iterable<Table>): void {
    const library = this.#library;
    const appender: Out<Pointer> = [0];
    const fail = (): never => {
      throw engineError(library.appenderError(appender[0]) ?? "rows cannot be appended");
    };
    if (library.appenderCreate(this.#connection[0], null, name, appender) !== 0) fail();
    const types = Array.from({ length: width }, (_, c) =>
      library.appenderColumnType(appender[0], c),
    );
    const chunk = library.createDataChunk(BigUint64Array.from(types, BigInt), width);
    try {
      for (const table of tables) {
        const writers = table.fields.map((f) => columnWriter(library, table.column(f.name)));
        for (let start = 0; start < table.length; start += VECTOR_ROWS) {
          const end = Math.min(table.length, start + VECTOR_ROWS);
          library.chunkReset(chunk);
          writers.forEach((write, c) => {
            write(library.chunkVector(chunk, c), start, end);
          });
          library.chunkSetSize(chunk, end - start);
          if (library.appendChunk(appender[0], chunk) !== 0) fail();
        }
      }
      if (library.appenderClose(appender[0]) !== 0) fail();
    } finally {
      library.destroyDataChunk([chunk]);
      for (const type of types) library.destroyLogicalType([type]);
      library.appenderDestroy(appender);
    }
  }
}

/** Part of a result: an address of vectors, valid until the next part is asked for. */
interface Chunk {
  readonly chunk: Pointer;
  readonly size: number;
  /** The columns as they lie in the vectors. */
  readonly carried: readonly Field[];
  /** The columns as the query means them. */
  readonly fields: readonly Field[];
}

/** What `DESCRIBE` gives, as far as it is read. */
interface Description {
  readonly column_name: string;
  readonly column_type: string;
}

function fieldsOf(description: Table<Description>): Field[] {
  const rows = description.toRecords();
  return rows.map(({ column_name, column_type }) => ({ name: column_name, type: column_type }));
}

/** Collects chunks into a table. */
class TableBuilder {
  readonly #library: Library;
  #readers: readonly ReturnType<typeof columnReader>[] | undefined;
  readonly #room: number;
  #fields: readonly Field[] = [];
  rows = 0;

  /** `room` is for how many rows there should be room from the start. */
  constructor(library: Library, room = 0) {
    this.#library = library;
    this.#room = room;
  }

  add({ chunk, size, carried, fields }: Chunk): void {
    if (this.#readers === undefined) {
      this.#fields = fields;
      this.#readers = carried.map((field) => columnReader(this.#library, field, this.#room));
    }
    if (size === 0) return;
    this.#readers.forEach((reader, c) => {
      reader.read(this.#library.chunkVector(chunk, c), size);
    });
    this.rows += size;
  }

  finish<S extends object>(): Table<S> {
    const columns = (this.#readers ?? []).map((reader, c) =>
      reader.finish().as(this.#fields[c] as Field),
    );
    return new Table<S>(columns, this.rows);
  }
}

/** Whether every column of a prepared statement is of a type with a storage of its own. */
function crossesBorder(library: Library, statement: Pointer): boolean {
  const count = Number(library.preparedColumnCount(statement));
  for (let c = 0; c < count; c++) {
    const type = library.preparedColumnType(statement, c);
    const id = library.getTypeId(type);
    // JSON is text by another name.
    const alias = library.typeAlias(type);
    if (alias !== 0) library.free(alias);
    library.destroyLogicalType([type]);
    if (alias !== 0 || (id !== DECIMAL_ID && typeOfId(id) === undefined)) return false;
  }
  return true;
}

/** The query with columns of other types cast to text. */
function carriedSql(sql: string, fields: readonly Field[]): string {
  if (fields.every((field) => isCarried(field.type))) return sql;
  const list = fields.map(
    (field) => `${carrySql(field.type, quoteName(field.name))} AS ${quoteName(field.name)}`,
  );
  return `SELECT ${list.join(", ")} FROM (${sql})`;
}

function resultFields(library: Library, result: BigUint64Array, sql: string): Field[] {
  const count = Number(library.columnCount(result));
  return Array.from({ length: count }, (_, c) => {
    const type = library.columnLogicalType(result, c);
    const id = library.getTypeId(type);
    const name = library.columnName(result, c);
    const text =
      id === DECIMAL_ID
        ? `DECIMAL(${library.decimalWidth(type)},${library.decimalScale(type)})`
        : typeOfId(id);
    library.destroyLogicalType([type]);
    if (text !== undefined) return { name, type: text };
    throw new HeddleError(
      "NotSupported",
      `column ${quoteText(name)} has a type that cannot leave the table engine: cast it in the query`,
      { fields: { column: name, typeId: id, sql } },
    );
  });
}
