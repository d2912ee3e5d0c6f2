/**
 * @file Frames and tables as arrays, bags and Arrow tables. Loaded on demand: frames do not need
 * these packages. Values move partition by partition; nothing is gathered for the lazy kinds.
 */

import type { DistArray } from "../array/dist-array.ts";
import type { Bag } from "../bag/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskRef } from "../core/graph.ts";
import { referToAll } from "../functions/index.ts";
import type { NDArray } from "../ndarray/index.ts";
import type { Column } from "../table/column.ts";
import { isTable, type Table } from "../table/table.ts";
import { isNumeric, type SqlType } from "../table/types.ts";
import * as self from "./convert.ts";
import { tableRecords, tableValues } from "./convert-tasks.ts";
import { lowerPartitions, mapRefs } from "./lower.ts";
import { optimizePlan } from "./optimize-plan.ts";
import { namedColumns, type Plan, rowwiseScan } from "./plan.ts";
import { numericNames } from "./verbs.ts";

/** A local array of rows by columns. */
export type FloatMatrix = NDArray<"float64">;

/**
 * What Heddle says of an Arrow table; cast it to the package's own `Table`, an optional dependency.
 */
export interface ArrowTable {
  readonly numRows: number;
  readonly numCols: number;
  get(index: number): { toJSON(): Record<string, unknown> } | null;
  getChild(name: string): { toArray(): ArrayLike<unknown> } | null;
}

/** A lazy array of rows by columns. */
export type FloatDistArray = DistArray<"float64">;

/** The numeric columns of a table as one array of rows by columns; nulls are NaN. */
export async function tableToArray(table: Table): Promise<FloatMatrix> {
  const { NDArray: LocalArray } = await import("../ndarray/index.ts");
  const names = table.fields.filter(({ type }) => isNumeric(type)).map(({ name }) => name);
  if (names.length === 0) throw noNumbers();
  const { data, shape } = tableValues(table.select(...names));
  return new LocalArray(data, { shape });
}

/** The numeric columns of a plan as a lazy array, one chunk of rows per partition. */
export async function frameToDistArray(plan: Plan): Promise<FloatDistArray> {
  const names = numericNames(plan);
  if (names.length === 0) throw noNumbers();
  const numbers: Plan = { kind: "project", input: plan, items: namedColumns(names) };
  const refs = mapRefs(lowerPartitions(numbers), "frame-values", tableToBlock);
  const rows = partitionRows(optimizePlan(numbers)) ?? refs.map(() => Number.NaN);
  const chunks = [rows, [names.length]];
  const [{ fromBlocks }, { blocksOfRefs }, { DistArray: Lazy }] = await Promise.all([
    import("../array/build/create.ts"),
    import("../array/assemble.ts"),
    import("../array/dist-array.ts"),
  ]);
  const token = refs.map(({ layer, index }) => `${layer.name}/${index}`);
  return new Lazy<"float64">(fromBlocks(blocksOfRefs(refs, chunks), "float64", token));
}

/** The task of one chunk. */
export async function tableToBlock(table: Table): Promise<FloatMatrix> {
  return await tableToArray(table);
}

/** Rows of each partition, where nothing filters them. */
function partitionRows(plan: Plan): number[] | undefined {
  if (plan.kind === "filter" || rowwiseScan(plan) === undefined) return undefined;
  if (plan.kind === "project") return partitionRows(plan.input);
  if (plan.kind !== "scan" || plan.source.options.format !== "parquet") return undefined;
  const ranges = plan.source.partitions();
  if (ranges.some(({ lastRow }) => lastRow === undefined)) return undefined;
  return ranges.map(({ firstRow = 0, lastRow = -1 }) => lastRow - firstRow + 1);
}

/** The rows of partitions as a bag of plain objects. */
export async function frameToBag<S extends object>(parts: readonly TaskRef[]): Promise<Bag<S>> {
  const [{ Bag: LazyBag }, { Node }] = await Promise.all([
    import("../bag/index.ts"),
    import("../bag/parts.ts"),
  ]);
  const refs = mapRefs(parts, "frame-records", tableRecords);
  return new LazyBag<S>(new Node(refs.length, () => refs));
}

function noNumbers(): HeddleError {
  return new HeddleError(
    "DTypeMismatch",
    "the frame has no numeric column to make an array of: convert columns with astype, " +
      "or take records with toRecords()",
  );
}

/** A local table as an Apache Arrow table over the same memory, where the types are the same. */
export async function tableToArrow(table: Table): Promise<ArrowTable> {
  if (!isTable(table)) throw new HeddleError("InvalidArgument", "toArrow takes a table");
  const arrow = await loadArrow();
  const columns = table.fields.map(({ name }) => {
    const column = table.column(name) as Column;
    return [name, arrowVector(arrow, column)] as const;
  });
  return new arrow.Table(Object.fromEntries(columns) as never) as unknown as ArrowTable;
}

type Arrow = typeof import("apache-arrow");

async function loadArrow(): Promise<Arrow> {
  try {
    return await import("apache-arrow");
  } catch (cause) {
    throw new HeddleError(
      "NotSupported",
      'toArrow needs the package apache-arrow, which is not installed: run "npm install apache-arrow"',
      { cause, fields: { package: "apache-arrow" } },
    );
  }
}

function arrowVector(arrow: Arrow, column: Column): unknown {
  const type = arrowType(arrow, column.type);
  const direct = type !== undefined && column.bitOffset === 0 && column.offsets === undefined;
  if (!direct) {
    const values = column.toArray({ int64: "bigint" });
    return arrow.vectorFromArray(values as never[], arrowFallback(arrow, column.type));
  }
  const nullCount = column.nullCount;
  const data = arrow.makeData({
    type,
    length: column.length,
    nullCount,
    nullBitmap: column.validity ?? null,
    data: column.values,
  } as never);
  return arrow.makeVector(data as never);
}

/** Types whose values lie in memory as Arrow has them. */
function arrowType(arrow: Arrow, type: SqlType): unknown {
  const types: Readonly<Record<string, () => unknown>> = {
    TINYINT: () => new arrow.Int8(),
    SMALLINT: () => new arrow.Int16(),
    INTEGER: () => new arrow.Int32(),
    BIGINT: () => new arrow.Int64(),
    UTINYINT: () => new arrow.Uint8(),
    USMALLINT: () => new arrow.Uint16(),
    UINTEGER: () => new arrow.Uint32(),
    UBIGINT: () => new arrow.Uint64(),
    FLOAT: () => new arrow.Float32(),
    DOUBLE: () => new arrow.Float64(),
    DATE: () => new arrow.DateDay(),
    TIMESTAMP: () => new arrow.TimestampMicrosecond(),
    "TIMESTAMP WITH TIME ZONE": () => new arrow.TimestampMicrosecond("UTC"),
    TIMESTAMP_S: () => new arrow.TimestampSecond(),
    TIMESTAMP_MS: () => new arrow.TimestampMillisecond(),
    TIMESTAMP_NS: () => new arrow.TimestampNanosecond(),
    TIME: () => new arrow.TimeMicrosecond(),
  };
  return types[type]?.();
}

/** Types made value by value. */
function arrowFallback(arrow: Arrow, type: SqlType): never | undefined {
  if (type === "VARCHAR" || type === "UUID") return new arrow.Utf8() as never;
  if (type === "BOOLEAN") return new arrow.Bool() as never;
  if (type === "BLOB") return new arrow.Binary() as never;
  if (/^DECIMAL/.test(type)) return new arrow.Float64() as never;
  return arrowType(arrow, type) as never;
}

referToAll(import.meta.url, self);
