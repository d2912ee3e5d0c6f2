/**
 * @file Bags as frames. Frames are loaded on demand: bags do not need them.
 */
import type { ComputeOptions } from "../cluster/compute.ts";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { DataFrame } from "../dataframe/frame.ts";
import { referToAll } from "../functions/index.ts";
import type { AnyRow, SchemaInit, Table } from "../table/table.ts";
import type { Field } from "../table/types.ts";
import type { Bag } from "./bag.ts";
import { COMPUTE_OPTIONS } from "./options.ts";
import { constant, dependency, eachPart } from "./parts.ts";
import { toArray } from "./steps.ts";
import * as self from "./to-frame.ts";

/** Options of `toDataFrame`. */
export interface FrameOptions extends ComputeOptions {
  /** Names of the columns of items that are arrays, by position. */
  readonly columns?: readonly string[];
  /**
   * Types by column, such as `{ delay: "int64" }`; default: those of the first items, which are
   * computed for it.
   */
  readonly schema?: SchemaInit;
}

/**
 * Found beside this module, not imported by name: frames become bags and bags become frames, each
 * on demand, and the check for import cycles counts imports on demand as well.
 */
const beside = (name: string): string =>
  import.meta.url.replace(/bag\/to-frame(\.\w+)$/, `dataframe/${name}$1`);
type FrameModule = typeof import("../dataframe/frame.ts");

/** How many items are looked at to find the types of columns. */
const SAMPLE_ITEMS = 1000;

/** A frame of the items' fields, one partition per partition. */
export async function bagToFrame<S extends object>(
  bag: Bag<unknown>,
  options: FrameOptions,
): Promise<DataFrame<S>> {
  checkOptionNames("toDataFrame", options, ["columns", "schema", ...COMPUTE_OPTIONS]);
  const { columns, schema, ...how } = options;
  const { DataFrame: Frame } = (await import(beside("frame"))) as FrameModule;
  const { Table: LocalTable } = await import("../table/table.ts");
  const sample = schema === undefined ? await sampleOf(bag, how) : [];
  const { fields } = LocalTable.fromRecords(
    rowsOf(sample, columns),
    schema === undefined ? {} : { schema },
  );
  if (fields.length === 0) {
    throw new HeddleError(
      "InvalidArgument",
      'toDataFrame found no item to take the columns from; name them by { schema: { delay: "int64" } }',
    );
  }
  const refs = eachPart(bag.node.lower(), {
    word: "bag-table",
    fn: itemsToTable,
    args: [
      dependency(0),
      constant(columns ?? null),
      constant(fields),
      constant(schema === undefined),
    ],
  });
  return new Frame<S>({ kind: "input", fields, refs });
}

async function sampleOf(bag: Bag<unknown>, how: ComputeOptions): Promise<unknown[]> {
  if (bag.npartitions === 0) return [];
  return await bag.take(SAMPLE_ITEMS, { ...how, npartitions: -1 });
}

/**
 * Task: a partition as a table of the promised columns, null where an item lacks a field. A field
 * that no item of the sample has (`guessed`) is an error; those that the user's schema leaves out
 * are meant to be left out.
 */
export async function itemsToTable(
  items: Iterable<unknown>,
  columns: readonly string[] | null,
  fields: readonly Field[],
  guessed: boolean,
): Promise<Table> {
  // With its codec, since the value leaves the task.
  const [{ Table: LocalTable }] = await Promise.all([
    import("../table/table.ts"),
    import("../table/codec.ts"),
  ]);
  const rows = rowsOf(toArray(items), columns ?? undefined);
  const known = new Set(fields.map(({ name }) => name));
  if (guessed) {
    const late = rows.flatMap(Object.keys).find((name) => !known.has(name));
    if (late !== undefined) throw lateField(late, `has a field ${JSON.stringify(late)}`);
  }
  const schema = Object.fromEntries(fields.map(({ name, type }) => [name, type]));
  try {
    const table: Table = LocalTable.fromRecords<AnyRow>(rows as AnyRow[], { schema });
    return table.select(...known);
  } catch (cause) {
    const column = isHeddleError(cause, "DTypeMismatch") ? cause.fields["column"] : undefined;
    if (!guessed || typeof column !== "string") throw cause;
    throw lateField(column, `does not fit: ${(cause as Error).message}`, cause);
  }
}

function lateField(name: string, what: string, cause?: unknown): HeddleError {
  return new HeddleError(
    "DTypeMismatch",
    `toDataFrame: an item ${what}, which the first ${SAMPLE_ITEMS} items do not tell: name all ` +
      `columns and their types, as in toDataFrame({ schema: { ${JSON.stringify(name)}: "string" } })`,
    { cause, fields: { column: name } },
  );
}

function rowsOf(items: readonly unknown[], columns?: readonly string[]): object[] {
  return items.map((item) => {
    if (columns !== undefined && Array.isArray(item)) {
      return Object.fromEntries(columns.map((name, i) => [name, item[i] as unknown]));
    }
    if (typeof item === "object" && item !== null && !Array.isArray(item)) return item;
    throw new HeddleError(
      "InvalidArgument",
      `toDataFrame makes columns of the fields of objects, but an item is ${Array.isArray(item) ? "an array" : typeof item}; ` +
        'map items to objects, or name the parts of arrays by { columns: ["word", "count"] }',
    );
  });
}

referToAll(import.meta.url, self);
