/**
 * @file The engine that answers questions about names and types on the calling thread: it reads
 * headers of files and binds queries, and never runs one over data. A small instance of its own, so
 * that building frames neither waits for the table thread nor shares its limits. Steps over inputs
 * without files are bound once for each text: programs build the same frames again and again.
 */
import { TableEngine, type TableSession } from "../table/engine.ts";
import type { Table } from "../table/table.ts";
import type { Field } from "../table/types.ts";

let open: { readonly engine: TableEngine; readonly session: TableSession } | undefined;

/** Answers kept; the oldest goes first. */
const KNOWN_MAX = 1000;
const known = new Map<string, readonly Field[]>();

/** The engine of this thread and its one connection, opened at the first use (0.1 s). */
function opened(): { readonly engine: TableEngine; readonly session: TableSession } {
  if (open === undefined) {
    const engine = TableEngine.open({ threads: 1, memoryLimitBytes: 512 * 2 ** 20 });
    open = { engine, session: engine.session() };
  }
  return open;
}

/** Names and types of a query's columns, which may read files: asked anew each time. */
export function describeQuery(sql: string): readonly Field[] {
  return opened().session.describe(sql);
}

/** Names and types of the columns of a query whose text says everything: no files. */
export function describeStep(sql: string): readonly Field[] {
  const answer = known.get(sql);
  if (answer !== undefined) return answer;
  const fields = describeQuery(sql);
  const [oldest] = known.keys();
  if (known.size >= KNOWN_MAX && oldest !== undefined) known.delete(oldest);
  known.set(sql, fields);
  return fields;
}

/** Runs a query about files, such as which there are. */
export function askBinder<S extends object>(sql: string): Table<S> {
  return opened().session.query<S>(sql);
}
