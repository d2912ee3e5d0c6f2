/**
 * @file The table engine and local tables: what `dataframe/`, schedulers and tests use of this
 * folder.
 */
export { TABLE_KIND } from "./codec.ts";
export { Column, type IntervalValue, type ValueOptions } from "./column.ts";
export {
  closeTableEngine,
  configureTableEngine,
  tableEngine,
} from "./current.ts";
export { type EngineSettings, TableEngine, TableSession } from "./engine.ts";
export { InterruptCell } from "./interrupt.ts";
export { isLibraryLoaded } from "./library.ts";
export { type AnyRow, type BigIntRow, isTable, type SchemaInit, Table } from "./table.ts";
export type { Field, SqlType } from "./types.ts";
