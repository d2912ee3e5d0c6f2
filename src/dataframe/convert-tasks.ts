/** @file Tasks that turn the tables of partitions into records and numbers. */

import { referToAll } from "../functions/index.ts";
import { readerOf } from "../table/column.ts";
import type { Table } from "../table/table.ts";
import * as self from "./convert-tasks.ts";

/** The rows as plain objects. */
export function tableRecords(table: Table): unknown[] {
  return table.toRecords();
}

/** The numeric columns of a table row by row; nulls are NaN. */
export function tableValues(table: Table): { data: Float64Array; shape: [number, number] } {
  const names = table.columns;
  const width = names.length;
  const data = new Float64Array(table.length * width);
  names.forEach((name, c) => {
    const column = table.column(name);
    const read = readerOf(column, {}) as (i: number) => number;
    for (let i = 0; i < table.length; i++) {
      data[i * width + c] = column.isNull(i) ? Number.NaN : read(i);
    }
  });
  return { data, shape: [table.length, width] };
}

referToAll(import.meta.url, self);
