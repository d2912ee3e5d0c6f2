/**
 * @file Functions that run as tasks of frames. Those that query run on the table thread; slicing,
 * the user's functions and conversions run on task threads. Module exports, so that they travel by
 * name.
 */
import type { Arrival } from "../cluster/exchange-tasks.ts";
import { HeddleError } from "../core/errors.ts";
import "../table/codec.ts";
import { referToAll } from "../functions/index.ts";
import { columnOf } from "../table/build.ts";
import type { Column } from "../table/column.ts";
import { tableEngine, trimTableEngine } from "../table/current.ts";
import type { TableSession } from "../table/engine.ts";
import { isTable, Table } from "../table/table.ts";
import { dtypeOf, type Field } from "../table/types.ts";
import { locateCsvError } from "./csv.ts";
import * as self from "./tasks.ts";

/** The name under which a query reads tables, and the columns of them that it reads (null: all). */
export interface FragmentInput {
  readonly name: string;
  readonly columns: readonly string[] | null;
  /** All columns, for where there is no table to tell. */
  readonly fields: readonly Field[];
}

/** Tables that a task reads under one name: values of tasks, or what an exchange brings. */
export type FragmentTables = readonly Table[] | Iterable<Arrival<Table>>;

/** One query and the names under which it reads the task's inputs. */
export interface Fragment {
  readonly inputs: readonly FragmentInput[];
  /** Whether float aggregates must be the same in every run: one thread. */
  readonly deterministic: boolean;
  /** CSV files that the query reads, for errors that say where. */
  readonly csvFiles: readonly string[];
}

/** Runs a fragment; `inputs[k]` are the tables read under the name `fragment.inputs[k].name`. */
export function runFragment(
  fragment: Fragment,
  sql: string,
  inputs: readonly FragmentTables[],
): Table {
  return withInputs(fragment, inputs, (session) => session.query(sql));
}

/** Runs a fragment whose query writes files; gives the number of rows written. */
export function writeFragment(
  fragment: Fragment,
  sql: string,
  inputs: readonly FragmentTables[],
): number {
  return withInputs(fragment, inputs, (session) => {
    const [reported] = session.execute<{ Count: number }>(sql).toRecords();
    return reported?.Count ?? 0;
  });
}

/** The rows of a fragment as they come, in tables of about `rows` rows each. */
export function* streamFragment(
  fragment: Fragment,
  sql: string,
  inputs: readonly FragmentTables[],
  rows: number,
): Generator<Table> {
  try {
    yield* withSession(fragment, inputs, (session) => session.stream(sql, { rows }));
  } catch (error) {
    throw locateCsvError(error, fragment.csvFiles);
  }
}

function withInputs<R>(
  fragment: Fragment,
  inputs: readonly FragmentTables[],
  use: (session: TableSession) => R,
): R {
  try {
    const [result] = withSession(fragment, inputs, (session) => [use(session)]);
    return result as R;
  } catch (error) {
    throw locateCsvError(error, fragment.csvFiles);
  }
}

/** A session with the fragment's tables, for as long as what it gives is gone through. */
function* withSession<R>(
  fragment: Fragment,
  inputs: readonly FragmentTables[],
  use: (session: TableSession) => Iterable<R>,
): Generator<R> {
  try {
    using session = tableEngine().session();
    loadInputs(session, fragment, inputs);
    yield* inThreads(session, fragment, use);
  } finally {
    trimTableEngine();
  }
}

/** On one thread where results must be repeatable. */
function* inThreads<R>(
  session: TableSession,
  fragment: Fragment,
  use: (session: TableSession) => Iterable<R>,
): Generator<R> {
  if (!fragment.deterministic) {
    yield* use(session);
    return;
  }
  const threads = session.query<{ n: number }>("SELECT current_setting('threads') AS n");
  session.execute("SET threads = 1");
  try {
    yield* use(session);
  } finally {
    session.execute(`SET threads = ${threads.toRecords()[0]?.n ?? 1}`);
  }
}

/** Makes the tables that a fragment reads. */
function loadInputs(
  session: TableSession,
  fragment: Fragment,
  inputs: readonly FragmentTables[],
): void {
  fragment.inputs.forEach(({ name, columns, fields }, k) => {
    const kept = columns === null ? fields : fields.filter((f) => columns.includes(f.name));
    session.load(name, tablesOf(inputs[k] ?? [], kept), kept);
  });
}

/** The tables with the wanted columns, one after the other. */
function* tablesOf(input: FragmentTables, fields: readonly Field[]): Generator<Table> {
  const names = fields.map(({ name }) => name);
  for (const item of input) {
    const table = isTable(item) ? item : item.value;
    yield table.columns.length === names.length ? table : table.select(...names);
  }
}

/** The task of a table that exists. */
export function sameTable(table: Table): Table {
  return table;
}

/** Partition `index` of `count` about equal ones, sharing memory. */
export function slicePartition(table: Table, index: number, count: number): Table {
  const at = (i: number): number => Math.floor((table.length * i) / count);
  return table.slice(at(index), at(index + 1));
}

/** Tables end to end. */
export function concatTables(tables: readonly Table[]): Table {
  return Table.concat(tables);
}

/** What a user's function gave, as a table of the promised columns. */
export function asTable(value: unknown, fields: readonly Field[] | null): Table {
  const table = tableOf(value);
  if (fields === null) return table;
  // Records of no rows have no columns: they are those promised.
  if (table.length === 0 && table.columns.length === 0) return Table.empty(fields);
  return new Table(
    fields.map((field) => conform(table, field)),
    table.length,
  );
}

function tableOf(value: unknown): Table {
  if (isTable(value)) return value;
  if (Array.isArray(value)) return Table.fromRecords(value as Record<string, unknown>[]);
  if (typeof value === "object" && value !== null) return Table.fromColumns(value as never);
  throw new HeddleError(
    "DTypeMismatch",
    `a partition is ${value === null ? "null" : typeof value}; it may be a table, ` +
      "an object of columns or an array of rows",
  );
}

function conform(table: Table, field: Field): Column {
  const column = table.column(field.name);
  if (column.type === field.type) return column;
  try {
    return columnOf(field.name, column.toArray({ int64: "bigint" }), field.type);
  } catch (cause) {
    throw new HeddleError(
      "DTypeMismatch",
      `a partition has column "${field.name}" as ${column.dtype}, ` +
        `but the schema says ${dtypeOf(field.type)}`,
      { cause, fields: { column: field.name } },
    );
  }
}

referToAll(import.meta.url, self);
