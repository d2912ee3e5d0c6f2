/**
 * @file `heddle/dataframe`: lazy tables, their expressions, and the local tables that they compute
 * to.
 */
import { referToAll } from "../functions/index.ts";
import * as self from "./index.ts";

export { Column, type IntervalValue, type ValueOptions } from "../table/column.ts";
export { type EngineSettings, TableEngine } from "../table/engine.ts";
export { type AnyRow, type BigIntRow, isTable, type SchemaInit, Table } from "../table/table.ts";
export {
  type ColumnSpec,
  type DatasetSpec,
  type DatasetType,
  type DatetimeIndexSpec,
  type RangeIndexSpec,
  type TimeseriesOptions,
  type TimeseriesRow,
  timeseries,
  withSpec,
} from "./datasets.ts";
export { Expr, type Row } from "./expr.ts";
export { coalesce, col, lit, size, when } from "./expr-make.ts";
export { DataFrame, type MapPartitionsOptions, type MergeOptions } from "./frame.ts";
export { GroupBy, type GroupByOptions, SeriesGroupBy } from "./groupby.ts";
export {
  concat,
  fromColumns,
  fromDelayed,
  fromRecords,
  fromTable,
  merge,
  type ReadCsvOptions,
  type ReadJsonOptions,
  type ReadOptions,
  readCsv,
  readJson,
  readParquet,
  sql,
} from "./read.ts";
export { Scalar } from "./scalar.ts";
export { type AnySeries, Series } from "./series.ts";
export type { AggregateName, AggregateSpec } from "./types.ts";
export type { WriteOptions } from "./write.ts";

referToAll(import.meta.url, self);
