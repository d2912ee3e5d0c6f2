/**
 * @file Functions that run as tasks of frames. Those that query run on the table thread; slicing,
 * the user's functions and conversions run on task threads. Module exports, so that they travel by
 * name.
 */
import { HeddleError } from "../core/errors.ts";
import "../table/codec.ts";
import { referToAll } from "../functions/index.ts";
import { columnOf } from "../table/build.ts";
import type { Column } from "../table/column.ts";
import { tableEngine } from "../table/current.ts";
import type { TableSession } from "../table/engine.ts";
import { isTable, Table } from "../table/table.ts";
import { dtypeOf, type Field } from "../table/types.ts";
import { locateCsvError } from "./csv.ts";
import * as self from "./tasks.ts";

/** The name under which a query reads tables, and the columns of them that it reads (null: all). */
export interface FragmentInput {
  readonly name: string;
  readonly columns: readonly string[] | null;
}

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
  inputs: readonly (readonly Table[])[],
): Table {
  return withInputs(fragment, inputs, (session) => session.query(sql));
}

/** Runs a fragment whose query writes files; gives the number of rows written. */
export function writeFragment(
  fragment: Fragment,
  sql: string,
  inputs: readonly (readonly Table[])[],
): number {
  return withInputs(fragment, inputs, (session) => {
    const [reported] = session.execute<{ Count: number }>(sql).toRecords();
    return reported?.Count ?? 0;
  });
}

function withInputs<R>(
  fragment: Fragment,
  inputs: readonly (readonly Table[])[],
  use: (session: TableSession) => R,
): R {
  try {
    return withSession(fragment, inputs, use);
  } catch (error) {
    throw locateCsvError(error, fragment.csvFiles);
  }
}

function withSession<R>(
  fragment: Fragment,
  inputs: readonly (readonly Table[])[],
  use: (session: TableSession) => R,
): R {
  using session = tableEngine().session();
  fragment.inputs.forEach(({ name, columns }, k) => {
    const tables = inputs[k] ?? [];
    session.load(name, columns === null ? tables : tables.map((t) => t.select(...columns)));
  });
  if (!fragment.deterministic) return use(session);
  const threads = session.query<{ n: number }>("SELECT current_setting('threads') AS n");
  session.execute("SET threads = 1");
  try {
    return use(session);
  } finally {
    session.execute(`SET threads = ${threads.toRecords()[0]?.n ?? 1}`);
  }
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
