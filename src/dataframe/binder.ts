/**
 * @file The engine that answers questions about names and types on the calling thread: it reads
 * headers of files and binds queries, and never runs one over data. A small instance of its own, so
 * that building frames neither waits for the table thread nor shares its limits.
 */
import { TableEngine } from "../table/engine.ts";
import type { Table } from "../table/table.ts";
import type { Field } from "../table/types.ts";

let engine: TableEngine | undefined;

interface Binder {
  describe(sql: string): Field[];
  query<S extends object>(sql: string): Table<S>;
}

/** The binder of this thread, opened at its first use (0.1 s). */
export function binder(): Binder {
  engine ??= TableEngine.open({ threads: 1, memoryLimitBytes: 512 * 2 ** 20 });
  const open = engine;
  return {
    describe: (sql) => {
      using session = open.session();
      return session.describe(sql);
    },
    query: (sql) => open.query(sql),
  };
}
