/**
 * @file Tasks of the table thread that write a partition for an exchange: the rows of a query, as
 * they stream out of the engine, cut into pieces by destination. By hash of key columns; by range
 * of a sort key, between splitters that another task has found in samples; or all to one.
 */
import type { Piece } from "../../cluster/exchange-tasks.ts";
import { referToAll } from "../../functions/index.ts";
import { quoteName } from "../../table/sql-text.ts";
import type { Table } from "../../table/table.ts";
import { type Fragment, type FragmentTables, streamFragment } from "../tasks.ts";
import { rowHashes } from "./row-hash.ts";
import { scatter } from "./scatter.ts";
import * as self from "./split-tasks.ts";

/** How the rows of a source are cut. */
export interface Split {
  /** Of the hash. */
  readonly version: number;
  readonly destinations: number;
  /** Rows that are cut at a time. */
  readonly batchRows: number;
  /** Columns whose values say where a row goes. */
  readonly keys: readonly string[];
  /** Columns that do not travel. */
  readonly hidden: readonly string[];
}

/** Name of the column that says where a row goes, of queries that know it. */
const TO = "__to";
/** Name of a column of sort keys. */
export const SORT_KEY = "__key";

/** The pieces of a fragment's rows; rows of equal keys go to the same destination. */
export function* splitByHash(
  fragment: Fragment,
  sql: string,
  inputs: readonly FragmentTables[],
  split: Split,
): Generator<Piece<Table>> {
  for (const table of streamFragment(fragment, sql, inputs, split.batchRows)) {
    const travels = without(table, split.hidden);
    if (split.destinations === 1) yield [0, travels];
    else yield* scatter(travels, hashDestinations(table, split), split.destinations);
  }
}

function hashDestinations(table: Table, { keys, destinations }: Split): Int32Array {
  const columns = keys.map((name) => table.column(name));
  const hashes = rowHashes(columns, table.length);
  for (let i = 0; i < hashes.length; i++) {
    hashes[i] = ((hashes[i] as number) >>> 0) % destinations;
  }
  return hashes;
}

/**
 * The pieces of a fragment's rows by the range that their sort key is in; `splitters` are the first
 * keys of all ranges but the first, in order.
 */
export function* splitByRange(
  fragment: Fragment,
  sql: string,
  inputs: readonly FragmentTables[],
  split: Split,
  splitters: Table,
): Generator<Piece<Table>> {
  const bounds = splitters.column(SORT_KEY).toArray() as Uint8Array[];
  const key = quoteName(SORT_KEY);
  const ranged = `SELECT *, ${rangeSqlOf(bounds, key)} AS ${quoteName(TO)} FROM (${sql})`;
  for (const table of streamFragment(fragment, ranged, inputs, split.batchRows)) {
    const to = table.column(TO).values as Int32Array;
    yield* scatter(without(table, [...split.hidden, TO]), to, split.destinations);
  }
}

/** The number of bounds up to a key, by halving. */
function rangeSqlOf(bounds: readonly Uint8Array[], key: string): string {
  const within = (low: number, high: number): string => {
    if (low === high) return String(low);
    const middle = (low + high) >> 1;
    const bound = bounds[middle] as Uint8Array;
    const text = Array.from(bound, (b) => `\\x${b.toString(16).padStart(2, "0")}`).join("");
    return (
      `CASE WHEN ${key} < '${text}'::BLOB THEN ${within(low, middle)} ` +
      `ELSE ${within(middle + 1, high)} END`
    );
  };
  return `CAST(${within(0, bounds.length)} AS INTEGER)`;
}

function without(table: Table, names: readonly string[]): Table {
  if (names.length === 0) return table;
  return table.select(...table.columns.filter((name) => !names.includes(name)));
}

referToAll(import.meta.url, self);
