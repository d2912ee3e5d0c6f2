/**
 * @file Made-up frames for trying things out and for tests: `timeseries` and `withSpec`, after
 * `dask.datasets`. Each partition draws from a stream of its own, so any part of a frame can be
 * made alone, and the same seed gives the same rows on any number of workers. Frames have no index:
 * what Dask puts there is the first column.
 */
import { HeddleError } from "../core/errors.ts";
import { regularOffsets, type TaskRef } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import { Prng } from "../core/prng.ts";
import { tokenize } from "../core/token.ts";
import { parseTimedelta } from "../core/units.ts";
import { referToAll } from "../functions/index.ts";
import { columnOf } from "../table/build.ts";
import { Column } from "../table/column.ts";
import { type AnyRow, Table } from "../table/table.ts";
import type { Field, SqlType } from "../table/types.ts";
import * as self from "./datasets.ts";
import { DataFrame } from "./frame.ts";

/** What a made-up column holds. */
export type DatasetType = "int64" | "float64" | "string" | "category" | "bool";

/** Describes columns of one kind. */
export interface ColumnSpec {
  /** Name of the column; with `number` above 1, what their names begin with. Default: the type. */
  readonly prefix?: string;
  readonly dtype: DatasetType;
  /** How many such columns; default 1. */
  readonly number?: number;
  /** Values to choose from; default: first names for strings, and "0" to "9" for categories. */
  readonly choices?: readonly (string | number | boolean)[];
  /**
   * Numbers from `low` up to `high`; default -1 to 1 for floats, Poisson around 1000 for integers.
   */
  readonly low?: number;
  readonly high?: number;
}

/** A first column that counts rows. */
export interface RangeIndexSpec {
  readonly kind: "range";
  /** Default "index". */
  readonly name?: string;
  /** Default 1. */
  readonly step?: number;
}

/** A first column of times. */
export interface DatetimeIndexSpec {
  readonly kind: "datetime";
  /** Default "timestamp". */
  readonly name?: string;
  /** Default "2000-01-01". */
  readonly start?: string | Date;
  /** From row to row, such as "1s", or in milliseconds. Default "1s". */
  readonly freq?: string | number;
}

/** A whole frame. */
export interface DatasetSpec {
  /** Default 1. */
  readonly npartitions?: number;
  /** Rows of all partitions together; default 1000. */
  readonly nrecords?: number;
  /** Default a range. */
  readonly indexSpec?: RangeIndexSpec | DatetimeIndexSpec;
  readonly columnSpecs: readonly ColumnSpec[];
}

/** Options of {@link timeseries}. */
export interface TimeseriesOptions<D> {
  /** Default "2000-01-01". */
  readonly start?: string | Date;
  /** Not included; default "2000-01-31". */
  readonly end?: string | Date;
  /** From row to row; default "1s". */
  readonly freq?: string | number;
  /** Length of a partition; default "1d". */
  readonly partitionFreq?: string | number;
  /** Columns; default `{ name: "string", id: "int64", x: "float64", y: "float64" }`. */
  readonly dtypes?: D;
  /** The same seed gives the same rows; default: a new one. */
  readonly seed?: number;
}

type DefaultColumns = {
  readonly name: "string";
  readonly id: "int64";
  readonly x: "float64";
  readonly y: "float64";
};

type ValueOfType<T> = T extends "int64" | "float64" ? number : T extends "bool" ? boolean : string;

/** The rows of a time series. */
export type TimeseriesRow<D> = { timestamp: Date } & { [K in keyof D]: ValueOfType<D[K]> };

/**
 * A frame of random values at regular times: by default a month of seconds in 30 partitions.
 *
 * @example
 * import { timeseries } from "heddle/dataframe";
 * const df = timeseries({ end: "2000-01-03", freq: "1min", seed: 1 });
 * console.log(await df.len()); // 2880
 */
export function timeseries<const D extends Readonly<Record<string, DatasetType>> = DefaultColumns>(
  options: TimeseriesOptions<D> = {},
): DataFrame<TimeseriesRow<D>> {
  const known = ["start", "end", "freq", "partitionFreq", "dtypes", "seed"];
  checkOptionNames("timeseries", options, known);
  const start = timeOf("start", options.start ?? "2000-01-01");
  const end = timeOf("end", options.end ?? "2000-01-31");
  const freqMs = positiveMs("freq", options.freq ?? "1s");
  const partitionMs = positiveMs("partitionFreq", options.partitionFreq ?? "1d");
  if (end <= start) {
    throw new HeddleError(
      "InvalidArgument",
      `end ${new Date(end).toISOString()} is not after start ${new Date(start).toISOString()}`,
    );
  }
  const dtypes = options.dtypes ?? DEFAULT_COLUMNS;
  const rows = Math.ceil((end - start) / freqMs);
  const perPartition = Math.max(1, Math.round(partitionMs / freqMs));
  const bounds = Array.from({ length: Math.ceil(rows / perPartition) + 1 }, (_, i) =>
    Math.min(i * perPartition, rows),
  );
  const columns = Object.entries(dtypes).map(([name, dtype]) => ({ prefix: name, dtype }));
  const index: DatetimeIndexSpec = { kind: "datetime", start: new Date(start), freq: freqMs };
  return makeFrame("timeseries", bounds, index, columns, options.seed);
}

const DEFAULT_COLUMNS: DefaultColumns = { name: "string", id: "int64", x: "float64", y: "float64" };

/**
 * A frame of random values as described. Errors: `InvalidArgument` for what cannot be made.
 *
 * @example
 * import { withSpec } from "heddle/dataframe";
 * const columnSpecs = [{ prefix: "i", dtype: "int64", low: 0, high: 9 }] as const;
 * const df = withSpec({ npartitions: 2, nrecords: 10, columnSpecs }, { seed: 42 });
 * console.log(df.columns); // [ 'index', 'i' ]
 */
export function withSpec(
  spec: DatasetSpec,
  options: { readonly seed?: number } = {},
): DataFrame<AnyRow> {
  checkOptionNames("withSpec", options, ["seed"]);
  const { npartitions = 1, nrecords = 1000, indexSpec = { kind: "range" } } = spec;
  if (!Number.isSafeInteger(npartitions) || npartitions < 1 || !(nrecords >= 0)) {
    throw new HeddleError(
      "InvalidArgument",
      `a dataset of ${nrecords} records in ${npartitions} partitions cannot be made: ` +
        "give whole numbers, at least one partition",
    );
  }
  const columns = spec.columnSpecs.flatMap((column) => {
    const { prefix = column.dtype, number = 1 } = column;
    return Array.from({ length: number }, (_, i) => ({
      ...column,
      prefix: number === 1 ? prefix : `${prefix}${i + 1}`,
    }));
  });
  const bounds = Array.from({ length: npartitions + 1 }, (_, i) =>
    Math.floor((nrecords * i) / npartitions),
  );
  return makeFrame("dataset", bounds, indexSpec, columns, options.seed);
}

type Index = RangeIndexSpec | DatetimeIndexSpec;

function makeFrame<S extends object>(
  word: string,
  bounds: readonly number[],
  index: Index,
  columns: readonly ColumnSpec[],
  seed: number = Math.floor(Math.random() * 2 ** 32),
): DataFrame<S> {
  const count = bounds.length - 1;
  const prng = new Prng(seed);
  const seeds = Float64Array.from({ length: count }, () => prng.uint32());
  const fields = makeRows(0, 0, 0, index, columns).fields;
  const name = `${word}-${tokenize(bounds, index, columns, seed)}`;
  const refs: TaskRef[] = [];
  const layer = {
    name,
    kind: "source" as const,
    count,
    templates: [
      {
        name: word,
        fn: makeRows,
        args: [
          ...[0, 1, 2].map((column) => ({ kind: "column" as const, column })),
          { kind: "const" as const, value: index },
          { kind: "const" as const, value: columns },
        ],
      },
    ],
    inputs: [],
    depOffsets: regularOffsets(count, 0),
    deps: new Int32Array(0),
    columns: [
      { kind: "number" as const, data: seeds },
      { kind: "number" as const, data: Float64Array.from(bounds.slice(0, -1)) },
      { kind: "number" as const, data: Float64Array.from(bounds.slice(1)) },
    ],
  };
  for (let i = 0; i < count; i++) refs.push({ layer, index: i });
  return new DataFrame<S>({ kind: "input", fields, refs });
}

/** Task: rows `first` up to `end`. */
export function makeRows(
  seed: number,
  first: number,
  end: number,
  index: Index,
  columns: readonly ColumnSpec[],
): Table {
  const prng = new Prng(seed);
  const made = columns.map((column) => makeColumn(column, end - first, prng.fork()));
  return new Table([indexColumn(index, first, end), ...made], end - first);
}

function indexColumn(index: Index, first: number, end: number): Column {
  const values = new BigInt64Array(end - first);
  if (index.kind === "range") {
    const step = index.step ?? 1;
    for (let i = first; i < end; i++) values[i - first] = BigInt(i * step);
    return wordsColumn(index.name ?? "index", "BIGINT", values);
  }
  const start = timeOf("start", index.start ?? "2000-01-01") * 1000;
  const step = positiveMs("freq", index.freq ?? "1s") * 1000;
  for (let i = first; i < end; i++) values[i - first] = BigInt(Math.round(start + i * step));
  return wordsColumn(index.name ?? "timestamp", "TIMESTAMP", values);
}

function wordsColumn(name: string, type: SqlType, values: BigInt64Array | Float64Array): Column {
  const field: Field = { name, type };
  return new Column(field, values.length, { values });
}

function makeColumn(spec: ColumnSpec, length: number, prng: Prng): Column {
  const { prefix: name = spec.dtype, dtype, choices } = spec;
  const draw = choices === undefined ? drawerOf(spec, prng) : () => prng.pick(choices);
  if (dtype === "float64") {
    return wordsColumn(
      name,
      "DOUBLE",
      Float64Array.from({ length }, () => Number(draw())),
    );
  }
  if (dtype === "int64") {
    const values = BigInt64Array.from({ length }, () => BigInt(Math.trunc(Number(draw()))));
    return wordsColumn(name, "BIGINT", values);
  }
  const values = Array.from({ length }, draw);
  return columnOf(name, values, dtype === "bool" ? "BOOLEAN" : "VARCHAR");
}

function drawerOf({ dtype, low, high }: ColumnSpec, prng: Prng): () => unknown {
  switch (dtype) {
    case "float64":
      return () => (low ?? -1) + prng.random() * ((high ?? 1) - (low ?? -1));
    case "int64":
      if (low === undefined && high === undefined) return () => poisson(1000, prng);
      return () => (low ?? 0) + prng.integer((high ?? 1000) - (low ?? 0));
    case "bool":
      return () => prng.chance(0.5);
    case "category":
      return () => String(prng.integer(10));
    case "string":
      return () => prng.pick(NAMES);
  }
}

/** A Poisson number of a large mean, by the transformed rejection PTRS (Hörmann 1993). */
function poisson(mean: number, prng: Prng): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const vr = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = prng.random() - 0.5;
    const v = prng.random();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const accepted = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (accepted <= -mean + k * Math.log(mean) - logFactorial(k)) return k;
  }
}

/** By Stirling's series; exact enough from 10 on, where all numbers of a mean of 1000 lie. */
function logFactorial(n: number): number {
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x);
}

function timeOf(name: string, given: string | Date): number {
  const time = given instanceof Date ? given.getTime() : Date.parse(inUtc(given));
  if (!Number.isNaN(time)) return time;
  throw new HeddleError("InvalidArgument", `${name} is ${String(given)}, which is no date`);
}

/** Times without a zone are in UTC, as all times of frames are; JavaScript takes them as local. */
function inUtc(text: string): string {
  return /:/.test(text) && !/(z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text}Z` : text;
}

function positiveMs(name: string, given: string | number): number {
  const ms = parseTimedelta(given, "ms");
  if (ms > 0) return ms;
  throw new HeddleError("InvalidArgument", `${name} is ${String(given)}; it must be above 0`);
}

const NAMES: readonly string[] =
  `Alice Bob Charlie Dan Edith Frank George Hannah Ingrid Jerry Kevin Laura Michael Norbert Oliver
Patricia Quinn Ray Sarah Tim Ursula Victor Wendy Xavier Yvonne Zelda`.split(/\s/);

referToAll(import.meta.url, self);
