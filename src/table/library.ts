/**
 * @file The C functions of DuckDB that the table engine calls, bound to the `libduckdb` which ships
 * inside `@duckdb/node-bindings-<system>` by `koffi`. The Node package's own binding is not used:
 * its streams report errors as a normal end of data, fill libuv's pool and abort the process when a
 * thread is terminated. Pointers are plain numbers here (addresses of user space stay below 2^53).
 * Loaded at first use only: it costs about 0.1 s.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { HeddleError } from "../core/errors.ts";
import { deniedAdvice, isDenied } from "../core/permissions.ts";

/** An address; 0 is the null pointer. */
export type Pointer = number;

/** `duckdb_result`: 48 bytes, passed by value. */
export interface ResultStruct {
  readonly words: readonly (number | bigint)[];
}

/** A one-element array that a C function writes its result to. */
export type Out<T> = [T];

/** The bound functions, named as in `duckdb.h` without the prefix, in camelCase. */
export interface Library {
  memcpy(target: ArrayBufferView, source: Pointer, bytes: number): void;
  /** Copies out of JavaScript memory to an address. */
  memput(target: Pointer, source: ArrayBufferView, bytes: number): void;
  /** The address of a view's first byte; stable while the view's buffer is referenced. */
  addressOf(view: ArrayBufferView): Pointer;
  libraryVersion(): string;
  createConfig(out: Out<Pointer>): number;
  setConfig(config: Pointer, name: string, value: string): number;
  destroyConfig(config: Out<Pointer>): void;
  openExt(path: string, out: Out<Pointer>, config: Pointer, error: Out<string | null>): number;
  close(database: Out<Pointer>): void;
  connect(database: Pointer, out: Out<Pointer>): number;
  disconnect(connection: Out<Pointer>): void;
  interrupt(connection: Pointer): void;
  queryProgress(connection: Pointer): { percentage: number };
  prepare(connection: Pointer, sql: string, out: Out<Pointer>): number;
  prepareError(statement: Pointer): string | null;
  destroyPrepare(statement: Out<Pointer>): void;
  preparedColumnCount(statement: Pointer): number;
  preparedColumnType(statement: Pointer, column: number): Pointer;
  pendingStreaming(statement: Pointer, out: Out<Pointer>): number;
  pendingError(pending: Pointer): string | null;
  destroyPending(pending: Out<Pointer>): void;
  executePending(pending: Pointer, result: ArrayBufferView): number;
  fetchChunk(result: ResultStruct): Pointer;
  resultError(result: ArrayBufferView): string | null;
  destroyResult(result: ArrayBufferView): void;
  columnCount(result: ArrayBufferView): number;
  columnName(result: ArrayBufferView, column: number): string;
  columnLogicalType(result: ArrayBufferView, column: number): Pointer;
  getTypeId(type: Pointer): number;
  decimalWidth(type: Pointer): number;
  decimalScale(type: Pointer): number;
  /** Where a name lies that a type goes by, such as JSON for text, or 0; freed by the caller. */
  typeAlias(type: Pointer): Pointer;
  free(memory: Pointer): void;
  destroyLogicalType(type: Out<Pointer>): void;
  createDataChunk(types: BigUint64Array, columns: number): Pointer;
  destroyDataChunk(chunk: Out<Pointer>): void;
  chunkSize(chunk: Pointer): number;
  chunkSetSize(chunk: Pointer, rows: number): void;
  chunkReset(chunk: Pointer): void;
  chunkVector(chunk: Pointer, column: number): Pointer;
  vectorData(vector: Pointer): Pointer;
  vectorValidity(vector: Pointer): Pointer;
  ensureValidity(vector: Pointer): void;
  appenderCreate(
    connection: Pointer,
    schema: string | null,
    table: string,
    out: Out<Pointer>,
  ): number;
  appenderColumnType(appender: Pointer, column: number): Pointer;
  appendChunk(appender: Pointer, chunk: Pointer): number;
  appenderError(appender: Pointer): string | null;
  appenderClose(appender: Pointer): number;
  appenderDestroy(appender: Out<Pointer>): number;
}

/** Name in the C header and signature of every function; `%` stands for the name. */
const SIGNATURES: Readonly<Record<string, readonly [name: string, signature: string]>> = {
  libraryVersion: ["duckdb_library_version", "const char *%()"],
  createConfig: ["duckdb_create_config", "int %(_Out_ uintptr_t *out)"],
  setConfig: ["duckdb_set_config", "int %(uintptr_t config, const char *name, const char *value)"],
  destroyConfig: ["duckdb_destroy_config", "void %(_Inout_ uintptr_t *config)"],
  openExt: [
    "duckdb_open_ext",
    "int %(const char *path, _Out_ uintptr_t *out, uintptr_t config, _Out_ const char **error)",
  ],
  close: ["duckdb_close", "void %(_Inout_ uintptr_t *database)"],
  connect: ["duckdb_connect", "int %(uintptr_t database, _Out_ uintptr_t *out)"],
  disconnect: ["duckdb_disconnect", "void %(_Inout_ uintptr_t *connection)"],
  interrupt: ["duckdb_interrupt", "void %(uintptr_t connection)"],
  prepare: ["duckdb_prepare", "int %(uintptr_t connection, const char *sql, _Out_ uintptr_t *out)"],
  prepareError: ["duckdb_prepare_error", "const char *%(uintptr_t statement)"],
  destroyPrepare: ["duckdb_destroy_prepare", "void %(_Inout_ uintptr_t *statement)"],
  preparedColumnCount: [
    "duckdb_prepared_statement_column_count",
    "uint64_t %(uintptr_t statement)",
  ],
  preparedColumnType: [
    "duckdb_prepared_statement_column_logical_type",
    "uintptr_t %(uintptr_t statement, uint64_t column)",
  ],
  pendingStreaming: [
    "duckdb_pending_prepared_streaming",
    "int %(uintptr_t statement, _Out_ uintptr_t *out)",
  ],
  pendingError: ["duckdb_pending_error", "const char *%(uintptr_t pending)"],
  destroyPending: ["duckdb_destroy_pending", "void %(_Inout_ uintptr_t *pending)"],
  executePending: ["duckdb_execute_pending", "int %(uintptr_t pending, void *result)"],
  resultError: ["duckdb_result_error", "const char *%(void *result)"],
  destroyResult: ["duckdb_destroy_result", "void %(void *result)"],
  columnCount: ["duckdb_column_count", "uint64_t %(void *result)"],
  columnName: ["duckdb_column_name", "const char *%(void *result, uint64_t column)"],
  columnLogicalType: ["duckdb_column_logical_type", "uintptr_t %(void *result, uint64_t column)"],
  getTypeId: ["duckdb_get_type_id", "int %(uintptr_t type)"],
  decimalWidth: ["duckdb_decimal_width", "uint8_t %(uintptr_t type)"],
  decimalScale: ["duckdb_decimal_scale", "uint8_t %(uintptr_t type)"],
  typeAlias: ["duckdb_logical_type_get_alias", "uintptr_t %(uintptr_t type)"],
  free: ["duckdb_free", "void %(uintptr_t memory)"],
  destroyLogicalType: ["duckdb_destroy_logical_type", "void %(_Inout_ uintptr_t *type)"],
  createDataChunk: ["duckdb_create_data_chunk", "uintptr_t %(void *types, uint64_t columns)"],
  destroyDataChunk: ["duckdb_destroy_data_chunk", "void %(_Inout_ uintptr_t *chunk)"],
  chunkSize: ["duckdb_data_chunk_get_size", "uint64_t %(uintptr_t chunk)"],
  chunkSetSize: ["duckdb_data_chunk_set_size", "void %(uintptr_t chunk, uint64_t rows)"],
  chunkReset: ["duckdb_data_chunk_reset", "void %(uintptr_t chunk)"],
  chunkVector: ["duckdb_data_chunk_get_vector", "uintptr_t %(uintptr_t chunk, uint64_t column)"],
  vectorData: ["duckdb_vector_get_data", "uintptr_t %(uintptr_t vector)"],
  vectorValidity: ["duckdb_vector_get_validity", "uintptr_t %(uintptr_t vector)"],
  ensureValidity: ["duckdb_vector_ensure_validity_writable", "void %(uintptr_t vector)"],
  appenderCreate: [
    "duckdb_appender_create",
    "int %(uintptr_t connection, const char *schema, const char *table, _Out_ uintptr_t *out)",
  ],
  appenderColumnType: [
    "duckdb_appender_column_type",
    "uintptr_t %(uintptr_t appender, uint64_t column)",
  ],
  appendChunk: ["duckdb_append_data_chunk", "int %(uintptr_t appender, uintptr_t chunk)"],
  appenderError: ["duckdb_appender_error", "const char *%(uintptr_t appender)"],
  appenderClose: ["duckdb_appender_close", "int %(uintptr_t appender)"],
  appenderDestroy: ["duckdb_appender_destroy", "int %(_Inout_ uintptr_t *appender)"],
};

/** What this file uses of koffi, loaded by `require` so that importing Heddle does not load it. */
interface Koffi {
  load(path: string | null): {
    func(signature: string): (...args: never[]) => unknown;
    func(name: string, result: unknown, parameters: unknown[]): (...args: never[]) => unknown;
  };
  struct(fields: Record<string, unknown>): unknown;
  array(type: string, length: number): unknown;
  address(view: ArrayBufferView): bigint;
}

const require = createRequire(import.meta.url);

let loaded: Library | undefined;

/**
 * The bound library, loaded at the first call on this thread.
 *
 * Errors: `NotSupported` naming the package to install when DuckDB or koffi is missing on this
 * system.
 */
export function loadLibrary(): Library {
  if (loaded === undefined) {
    const path = findLibrary();
    loaded = bind(requireKoffi(), path);
  }
  return loaded;
}

/** Whether DuckDB has been loaded on this thread. */
export function isLibraryLoaded(): boolean {
  return loaded !== undefined;
}

function requireKoffi(): Koffi {
  try {
    return require("koffi") as Koffi;
  } catch (cause) {
    if (!isDenied(cause)) throw missing("koffi", cause);
    const advice = deniedAdvice(
      "koffi, through which the table engine is called",
      "--allow-addons",
    );
    throw new HeddleError("NotSupported", advice, { cause });
  }
}

/** The shared library's path: its package holds exactly one, whose name differs per system. */
function findLibrary(): string {
  // npm installs only the package that fits the system's C library.
  const folder = packageFolder(enginePackage()) ?? packageFolder(`${enginePackage()}-musl`);
  const files = folder === undefined ? [] : readdirSync(folder);
  const file = files.find((entry) => /^(lib)?duckdb\.(so|dylib|dll)$/.test(entry));
  if (folder === undefined || file === undefined) throw missing(enginePackage(), undefined);
  return join(folder, file);
}

/** The folder of a binary package; npm may nest it under the package that lists it. */
function packageFolder(name: string): string | undefined {
  for (const from of [import.meta.url, resolved("@duckdb/node-bindings/package.json")]) {
    if (from === undefined) continue;
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`));
    } catch {
      // Not there: try the next place.
    }
  }
  return undefined;
}

function resolved(specifier: string): string | undefined {
  try {
    return require.resolve(specifier);
  } catch {
    return undefined;
  }
}

/** The npm package that holds the engine for this system. */
export function enginePackage(): string {
  return `@duckdb/node-bindings-${process.platform}-${process.arch}`;
}

function missing(name: string, cause: unknown): HeddleError {
  return new HeddleError(
    "NotSupported",
    `the table engine needs the package ${name}, which is not installed: run "npm install ${name}" ` +
      "(npm skips it silently when a download fails or optional dependencies are omitted)",
    { cause, fields: { package: name } },
  );
}

/** Where the C library's own memcpy is found. */
const C_LIBRARY: Readonly<Record<string, string | null>> = {
  win32: "ucrtbase.dll",
  darwin: "/usr/lib/libSystem.B.dylib",
};

function bind(koffi: Koffi, path: string): Library {
  const duckdb = koffi.load(path);
  const system = koffi.load(C_LIBRARY[process.platform] ?? null);
  const library: Record<string, unknown> = {
    memcpy: system.func("void *memcpy(void *target, uintptr_t source, size_t bytes)"),
    memput: system.func("void *memcpy(uintptr_t target, const void *source, size_t bytes)"),
    addressOf: (view: ArrayBufferView) => Number(koffi.address(view)),
  };
  try {
    for (const [name, [symbol, signature]] of Object.entries(SIGNATURES)) {
      library[name] = duckdb.func(signature.replace("%", symbol));
    }
    // Anonymous structs, so that two copies of this module can share one koffi.
    const result = koffi.struct({ words: koffi.array("uint64_t", 6) });
    const progress = koffi.struct({ percentage: "double", rows: "uint64_t", total: "uint64_t" });
    library["fetchChunk"] = duckdb.func("duckdb_fetch_chunk", "uintptr_t", [result]);
    library["queryProgress"] = duckdb.func("duckdb_query_progress", progress, ["uintptr_t"]);
  } catch (cause) {
    throw new HeddleError(
      "NotSupported",
      `${path} lacks a function that Heddle calls: this version of DuckDB does not fit. ` +
        `Install the version of ${enginePackage()} that Heddle's package.json names`,
      { cause, fields: { package: enginePackage() } },
    );
  }
  return library as unknown as Library;
}
