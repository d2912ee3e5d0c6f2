/**
 * @file `DataFrame`: a lazy table. Verbs add to a logical plan and check it at once where its
 * columns can be known; nothing runs before `compute`, `toRecords`, a writer, or `persist`.
 * Conversions and summaries of many lines are in `convert.ts` and `summary.ts`.
 */

import type { Bag } from "../bag/bag.ts";
import { type ComputeOptions, computeAll, persistAll } from "../cluster/compute.ts";
import { type PackedCollection, packOutputs, registerCollection } from "../codec/collections.ts";
import { type Collection, CollectionBase, type Lowered } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskRef } from "../core/graph.ts";
import { checkFunction, checkOptionNames } from "../core/options.ts";
import { Delayed } from "../delayed/delayed-value.ts";
import { type Drawing, type VisualizeOptions, visualize } from "../delayed/visualize.ts";
import { GraphView } from "../diagnostics/graph-view.ts";
import { referToAll } from "../functions/index.ts";
import type { ValueOptions } from "../table/column.ts";
import {
  type AnyRow,
  type BigIntRow,
  type SchemaInit,
  type Table,
  unknownColumn,
} from "../table/table.ts";
import { dtypeOf, type Field, sqlTypeOf } from "../table/types.ts";
import { checkColumnNames, checkRecord, splitOptions, wrongKind } from "./checks.ts";
import type { ArrowTable, FloatDistArray, FloatMatrix } from "./convert.ts";
import { explainPlan } from "./explain.ts";
import { type Expr, type ExprLike, nodeOf, type Operand, quantileOf } from "./expr.ts";
import { call, column, conjunction, type ExprNode, literal } from "./expression.ts";
import * as self from "./frame.ts";
import { GroupBy, type GroupByOptions } from "./groupby.ts";
import { countPartitions, lowerPartitions, lowerPlan } from "./lower.ts";
import { optimizePlan } from "./optimize-plan.ts";
import { measureInputs } from "./partitioned/held-sizes.ts";
import { sizeOf } from "./partitioned/sizes.ts";
import { type JoinHow, type NamedExpr, namedColumns, type Plan } from "./plan.ts";
import { columnNames, schemaOf } from "./schema.ts";
import { Series } from "./series.ts";
import * as summary from "./summary.ts";
import { concatTables } from "./tasks.ts";
import type {
  AggregateSpec,
  AggregateValue,
  Assigned,
  Countable,
  Flat,
  Merged,
  Names,
  Numeric,
  Renamed,
  Values,
} from "./types.ts";
import type { Callback } from "./verbs.ts";
import * as verbs from "./verbs.ts";
import { type WriteOptions, writeCsv, writeJson, writeParquet } from "./write.ts";

/** Options of `compute` and of everything that computes. */
export type FrameComputeOptions = ComputeOptions & ValueOptions;

/** What a function of `mapPartitions` may give: a table, columns by name, or rows. */
export type PartitionResult<R extends object> =
  | Table<R>
  | { readonly [K in keyof R]: ArrayLike<R[K] | null> }
  | readonly R[];

/** Options of `mapPartitions`. */
export interface MapPartitionsOptions {
  /**
   * Types of the result's columns; when absent they are found by calling the function with an empty
   * table.
   */
  readonly schema?: SchemaInit;
  /** Further arguments of the function. */
  readonly args?: readonly unknown[];
  /** How many partitions to make where the plan does not say; default: the files' own, else 1. */
  readonly npartitions?: number;
}

/** Options of `merge`. */
export interface MergeOptions<S, R, On, H, X, Y> {
  /** Default `"inner"`. */
  readonly how?: H;
  /** Columns of both frames; default: all that they have in common. */
  readonly on?: On | readonly On[];
  readonly leftOn?: Names<S> | readonly Names<S>[];
  readonly rightOn?: Names<R> | readonly Names<R>[];
  /** What is added to names that both have; default `["_x", "_y"]`. */
  readonly suffixes?: readonly [X, Y];
}

/**
 * A lazy table of typed columns.
 *
 * @example
 * import { fromRecords } from "heddle/dataframe";
 * const df = fromRecords([{ city: "Bern", people: 134_000 }, { city: "Basel", people: 178_000 }]);
 * console.log(await df.filter((r) => r.people.gt(150_000)).toRecords());
 */
export class DataFrame<S extends object = AnyRow>
  extends CollectionBase
  implements Collection<Table<S>>
{
  /** What the frame is made of; for Heddle's own folders. */
  readonly plan: Plan;

  constructor(plan: Plan) {
    super();
    if ((plan.kind === "input" || plan.kind === "map") && plan.fields !== undefined) {
      checkColumnNames(plan.fields.map(({ name }) => name));
    }
    this.plan = plan;
  }

  /** Names of the columns. Reads the headers of files at first use. */
  get columns(): Names<S>[] {
    return columnNames(this.plan) as Names<S>[];
  }

  /** Type of each column, in NumPy's words. */
  get dtypes(): Record<Names<S>, string> {
    const entries = schemaOf(this.plan).map(({ name, type }) => [name, dtypeOf(type)]);
    return Object.fromEntries(entries) as Record<Names<S>, string>;
  }

  /**
   * Parts in which `mapPartitions` sees the frame: row groups or files where it works row by row,
   * else 1.
   */
  get npartitions(): number {
    return countPartitions(this.plan);
  }

  /**
   * The given columns, or new ones by a callback: `select((r) => ({ hours: r.delay.div(60) }))`.
   */
  select<K extends Names<S>>(...names: K[]): DataFrame<Flat<Pick<S, K>>>;
  select<R extends Readonly<Record<string, ExprLike>>>(
    callback: Callback<S, R>,
  ): DataFrame<Values<R>>;
  select(...what: (string | Callback<S, Readonly<Record<string, ExprLike>>>)[]): DataFrame<AnyRow> {
    const [first] = what;
    const items =
      typeof first === "function"
        ? verbs.namedExprs(verbs.withRow(this.plan, first))
        : namedColumns(what as string[]);
    for (const { name, expr: formula } of items) verbs.perRow(`column "${name}"`, formula);
    return this.#project(items);
  }

  /** The rows for which the condition holds; rows where it is null are left out. */
  filter(condition: Callback<S, Expr<boolean | null>> | Expr<boolean | null>): DataFrame<S> {
    const expr = typeof condition === "function" ? verbs.withRow(this.plan, condition) : condition;
    verbs.noPlainBoolean(expr);
    const predicate = nodeOf(expr);
    verbs.perRow("the condition", predicate);
    return this.#make({ kind: "filter", input: this.plan, predicate });
  }

  /** Columns added or replaced: `assign((r) => ({ late: r.delay.gt(15) }))`. */
  assign<R extends Readonly<Record<string, ExprLike>>>(
    columns: Callback<S, R> | R,
  ): DataFrame<Assigned<S, R>> {
    const given = typeof columns === "function" ? verbs.withRow(this.plan, columns) : columns;
    checkRecord("assign", given, "assign((r) => ({ late: r.delay.gt(15) }))");
    return this.#make(verbs.assignPlan(this.plan, verbs.namedExprs(given)));
  }

  /** Columns under new names: `rename({ iata: "code" })`. */
  rename<const M extends { readonly [K in Names<S>]?: string }>(
    names: M,
  ): DataFrame<Flat<Renamed<S, M>>> {
    checkRecord("rename", names, 'rename({ iata: "code" })');
    const known = columnNames(this.plan);
    const missing = Object.keys(names).find((name) => !known.includes(name));
    if (missing !== undefined) throw unknownColumn(missing, known);
    const map = new Map(Object.entries(names as Readonly<Record<string, string>>));
    return this.#project(
      known.map((name) => ({ name: map.get(name) ?? name, expr: column(name) })),
    );
  }

  /** Without the given columns. */
  drop<K extends Names<S>>(...names: K[]): DataFrame<Flat<Omit<S, K>>> {
    const known = columnNames(this.plan);
    for (const name of names) if (!known.includes(name)) throw unknownColumn(name, known);
    const kept = known.filter((name) => !(names as readonly string[]).includes(name));
    return this.#project(namedColumns(kept));
  }

  /** The first `n` rows, as a frame. */
  head(n = 5): DataFrame<S> {
    const count = verbs.rowCount("head", n);
    return this.#make({ kind: "limit", input: this.plan, count, from: "head" });
  }

  /** The last `n` rows, as a frame. */
  tail(n = 5): DataFrame<S> {
    const count = verbs.rowCount("tail", n);
    return this.#make({ kind: "limit", input: this.plan, count, from: "tail" });
  }

  /** Groups by columns: `groupby("origin").agg({ n: ["delay", "count"] })`. */
  groupby<K extends Names<S>>(by: K | readonly K[], options: GroupByOptions = {}): GroupBy<S, K> {
    const keys = verbs.nameList("groupby", by) as readonly K[];
    checkOptionNames("groupby", options, ["sort", "dropna"]);
    const known = verbs.knownFields(this.plan)?.map((field) => field.name);
    const missing = keys.find((key) => known !== undefined && !known.includes(key));
    if (missing !== undefined) throw unknownColumn(missing, known ?? []);
    return new GroupBy(this.plan, keys, options, (plan) => new DataFrame(plan));
  }

  /** One row of aggregates of all rows. */
  agg<const A extends Readonly<Record<string, AggregateSpec<S>>>>(
    spec: A | Callback<S, A>,
  ): DataFrame<{ -readonly [N in keyof A]: AggregateValue<S, A[N]> }> {
    const given = typeof spec === "function" ? verbs.withRow(this.plan, spec) : spec;
    checkRecord("agg", given, 'agg({ n: ["delay", "count"] })');
    return this.#make(summary.aggregatePlan(this.plan, verbs.aggregateItems(given, this.plan)));
  }

  /** One column, with its reductions. */
  col<K extends Names<S>>(name: K): Series<S[K], K> {
    const known = verbs.knownFields(this.plan)?.map((field) => field.name);
    if (known !== undefined && !known.includes(name)) throw unknownColumn(name, known);
    return new Series<S[K], K>(this.plan, name, (plan) => new DataFrame(plan));
  }

  /** Rows of both frames whose keys are equal; null keys match nothing. */
  merge<
    R extends object,
    H extends JoinHow = "inner",
    On extends Names<S> & Names<R> = Names<S> & Names<R>,
    X extends string = "_x",
    Y extends string = "_y",
  >(
    right: DataFrame<R>,
    options: MergeOptions<S, R, On, H, X, Y> = {},
  ): DataFrame<Merged<S, R, On, H, X, Y>> {
    if (!(right instanceof DataFrame)) throw wrongKind("merge", "another frame", right);
    return this.#make(verbs.joinPlan(this.plan, right.plan, options as verbs.JoinInit));
  }

  /**
   * Rows in the order of columns; equal rows keep their order; nulls last unless `naPosition:
   * "first"`.
   */
  sortValues(
    by: Names<S> | readonly Names<S>[],
    options: {
      ascending?: boolean | readonly boolean[];
      naPosition?: "first" | "last";
    } = {},
  ): DataFrame<S> {
    checkOptionNames("sortValues", options, ["ascending", "naPosition"]);
    const { ascending = true, naPosition = "last" } = options;
    const keys = verbs.sortKeys(by, ascending, naPosition);
    return this.#make({ kind: "sort", input: this.plan, keys });
  }

  /** The `n` rows with the largest values, largest first. */
  nlargest(n: number, by: Names<S> | readonly Names<S>[]): DataFrame<S> {
    return this.sortValues(by, { ascending: false }).head(verbs.rowCount("nlargest", n));
  }

  /** The `n` rows with the smallest values, smallest first. */
  nsmallest(n: number, by: Names<S> | readonly Names<S>[]): DataFrame<S> {
    return this.sortValues(by).head(verbs.rowCount("nsmallest", n));
  }

  /**
   * One row of each combination of values in `subset` (default: all columns), the first or last.
   */
  dropDuplicates(
    options: { subset?: Names<S> | readonly Names<S>[]; keep?: "first" | "last" } = {},
  ): DataFrame<S> {
    checkOptionNames("dropDuplicates", options, ["subset", "keep"]);
    const subset = verbs.nameList("dropDuplicates", options.subset ?? columnNames(this.plan));
    const keep = options.keep ?? "first";
    return this.#make({ kind: "distinct", input: this.plan, subset, keep });
  }

  /**
   * The same rows, those with equal values in the columns in one partition of `mapPartitions`. How
   * many partitions there are follows from the size of the data unless `npartitions` says it; a
   * frame that runs as one query has one. The order of rows is not kept.
   */
  shuffle(
    on: Names<S> | readonly Names<S>[],
    options: { npartitions?: number } = {},
  ): DataFrame<S> {
    checkOptionNames("shuffle", options, ["npartitions"]);
    const { npartitions } = options;
    if (npartitions !== undefined) verbs.partitionCount("shuffle", npartitions);
    const by = verbs.nameList("shuffle", on);
    const count = npartitions === undefined ? {} : { npartitions };
    return this.#make({ kind: "shuffle", input: this.plan, on: by, ...count });
  }

  /** About `fraction` of the rows; the same seed gives the same rows. */
  sample(options: { frac: number; seed?: number }): DataFrame<S> {
    checkOptionNames("sample", options, ["frac", "seed"]);
    const { frac, seed = 0 } = options;
    if (!(frac >= 0 && frac <= 1) || !Number.isSafeInteger(seed)) {
      throw new HeddleError(
        "InvalidArgument",
        "sample takes { frac } from 0 to 1 and a whole seed",
      );
    }
    return this.#make({ kind: "sample", input: this.plan, fraction: frac, seed });
  }

  /** Whether each value is null; NaN is a value, unlike in pandas (`isNan` finds it). */
  isna(): DataFrame<{ [K in keyof S]: boolean }> {
    return this.#each((expr) => call("isNull", expr));
  }

  /** Whether each value is not null. */
  notna(): DataFrame<{ [K in keyof S]: boolean }> {
    return this.#each((expr) => call("notNull", expr));
  }

  /**
   * Nulls replaced by a value (in the columns whose type can hold it), or by one value per column.
   * NaN is a value and stays, unlike in pandas.
   */
  fillna(
    value: string | number | boolean | Date | { readonly [K in keyof S]?: Operand<S[K]> },
  ): DataFrame<{ [K in keyof S]: NonNullable<S[K]> }> {
    if (value === undefined || value === null) {
      throw wrongKind("fillna", "a value, or an object of values by column", value);
    }
    if (typeof value === "object" && !(value instanceof Date)) {
      const by = new Map(Object.entries(value as Readonly<Record<string, ExprLike>>));
      const known = columnNames(this.plan);
      const missing = [...by.keys()].find((name) => !known.includes(name));
      if (missing !== undefined) throw unknownColumn(missing, known);
      return this.#each((expr, name) => {
        const given = by.get(name);
        return given === undefined ? expr : call("coalesce", expr, nodeOf(given));
      });
    }
    const types = new Map(schemaOf(this.plan).map(({ name, type }) => [name, type]));
    return this.#each((expr, name) =>
      verbs.canHold(types.get(name) ?? "", value) ? call("coalesce", expr, literal(value)) : expr,
    );
  }

  /**
   * Rows without nulls in `subset` (default: all columns); `how: "all"` drops only rows that are
   * all null. NaN is a value and stays, unlike in pandas.
   */
  dropna(
    options: { subset?: Names<S> | readonly Names<S>[]; how?: "any" | "all" } = {},
  ): DataFrame<S> {
    checkOptionNames("dropna", options, ["subset", "how"]);
    const subset = verbs.nameList("dropna", options.subset ?? columnNames(this.plan));
    const tests = subset.map((name) => call("notNull", column(name)));
    const predicate = options.how === "all" ? call("or", ...tests) : conjunction(tests);
    return this.#make({ kind: "filter", input: this.plan, predicate });
  }

  /** Columns as other types: `astype({ delay: "float64" })`, or all as one. */
  astype(
    types: string | { readonly [K in Names<S>]?: string },
    options: { errors?: "raise" | "coerce" } = {},
  ): DataFrame<S> {
    checkOptionNames("astype", options, ["errors"]);
    const lenient = options.errors === "coerce";
    const known = columnNames(this.plan);
    const named = new Map(typeof types === "string" ? [] : Object.entries<string>(types as never));
    const missing = [...named.keys()].find((name) => !known.includes(name));
    if (missing !== undefined) throw unknownColumn(missing, known);
    return this.#each((arg, name) => {
      const type = typeof types === "string" ? types : named.get(name);
      return type === undefined ? arg : { kind: "cast", arg, to: sqlTypeOf(type), lenient };
    });
  }

  /** A query in SQL, in which this frame is `self`; say what its rows are by the type argument. */
  sql<R extends object = AnyRow>(query: string): DataFrame<R> {
    return this.#make({ kind: "query", sql: query, names: ["self"], inputs: [this.plan] });
  }

  /**
   * Applies a function to each partition, a local table with typed columns, on the task threads.
   * Errors: `TaskFailed` with the function's error as cause; `DTypeMismatch` when a result is not
   * of the schema.
   */
  mapPartitions<R extends object>(
    fn: (part: Table<S>, ...args: never[]) => PartitionResult<R> | Promise<PartitionResult<R>>,
    options: MapPartitionsOptions = {},
  ): DataFrame<R> {
    checkFunction("mapPartitions", fn, "mapPartitions((part) => part.head(1))");
    checkOptionNames("mapPartitions", options, ["schema", "args", "npartitions"]);
    const { schema, args = [], npartitions } = options;
    if (npartitions !== undefined) verbs.partitionCount("mapPartitions", npartitions);
    const fields =
      schema === undefined
        ? undefined
        : Object.entries(schema).map(([name, type]) => ({ name, type: sqlTypeOf(type) }));
    return new DataFrame<R>({
      kind: "map",
      input: this.plan,
      fn,
      args,
      ...(fields === undefined ? {} : { fields }),
      ...(npartitions === undefined ? {} : { npartitions }),
    });
  }

  /** Each partition as a delayed table. */
  toDelayed(): Delayed<Table<S>>[] {
    return lowerPartitions(this.plan).map(({ layer, index }) => new Delayed(layer, index));
  }

  /** Count, mean, std, min, quartiles and max of the numeric columns, one row each. */
  describe(): DataFrame<Flat<{ statistic: string } & Numeric<S>>> {
    return this.#make(summary.describePlan(this.plan));
  }
  /**
   * Quantile of each numeric column, exact, with linear interpolation; of several, a row each,
   * which the column `quantile` names.
   */
  quantile(q?: number): DataFrame<Numeric<S>>;
  quantile(q: readonly number[]): DataFrame<Flat<{ quantile: number } & Numeric<S>>>;
  quantile(q: number | readonly number[] = 0.5): unknown {
    if (typeof q === "number") return this.#numeric("quantile", [quantileOf(q)]);
    return this.#make(summary.quantilesPlan(this.plan, verbs.numericNames(this.plan), q));
  }
  /** Sum of each column of numbers; of truth values how many are true. */
  sum(): DataFrame<Countable<S>> {
    return this.#numeric("sum");
  }
  /** Mean of each column of numbers; of truth values the share that is true. */
  mean(): DataFrame<Countable<S>> {
    return this.#numeric("mean");
  }
  std(): DataFrame<Numeric<S>> {
    return this.#numeric("std");
  }
  var(): DataFrame<Numeric<S>> {
    return this.#numeric("var");
  }
  median(): DataFrame<Numeric<S>> {
    return this.#numeric("median");
  }
  min(): DataFrame<S> {
    return this.#all("min");
  }
  max(): DataFrame<S> {
    return this.#all("max");
  }
  /** Values that are not null, per column; NaN counts, unlike in pandas. */
  count(): DataFrame<{ [K in keyof S]: number }> {
    return this.#all("count");
  }
  /** Distinct values that are not null, per column. */
  nunique(): DataFrame<{ [K in keyof S]: number }> {
    return this.#all("nunique");
  }
  /** Pearson's correlation of every pair of numeric columns; `column` names the row. */
  corr(): DataFrame<Flat<{ column: string } & Numeric<S>>> {
    return this.#make(summary.matrixPlan(this.plan, "corr"));
  }
  /** Covariance of every pair of numeric columns. */
  cov(): DataFrame<Flat<{ column: string } & Numeric<S>>> {
    return this.#make(summary.matrixPlan(this.plan, "cov"));
  }

  prepare(): Promise<void> | undefined {
    return measureInputs(this.plan);
  }

  lower(): Lowered<Table<S>> {
    return {
      outputs: lowerPlan(this.plan),
      finish: (tables) => concatTables(tables as Table[]) as unknown as Table<S>,
      finishTask: { fn: concatTables, args: [] },
      rebuild: (refs) => this.#held(refs),
    };
  }

  #held(refs: readonly TaskRef[]): DataFrame<S> {
    const size = sizeOf(optimizePlan(this.plan));
    return new DataFrame<S>({ kind: "input", fields: schemaOf(this.plan), refs, size });
  }

  /** Computes the rows as a local table. */
  async compute(options: FrameComputeOptions = {}): Promise<Table<S>> {
    const [table] = await computeAll([this], splitOptions("compute", options).how);
    return table as Table<S>;
  }

  /** Starts computing and gives the same frame over tables that the engine keeps. */
  async persist(options: FrameComputeOptions = {}): Promise<DataFrame<S>> {
    const [kept] = await persistAll([this], splitOptions("persist", options).how);
    return kept as DataFrame<S>;
  }

  /** Computes the rows as plain objects. */
  async toRecords(options?: FrameComputeOptions & { int64?: "number" }): Promise<S[]>;
  async toRecords(options: FrameComputeOptions & { int64: "bigint" }): Promise<BigIntRow<S>[]>;
  async toRecords(options: FrameComputeOptions = {}): Promise<S[] | BigIntRow<S>[]> {
    const { how, values } = splitOptions("toRecords", options);
    const table = await this.compute(how);
    return table.toRecords(values);
  }

  /** Computes the number of rows. */
  async len(options: FrameComputeOptions = {}): Promise<number> {
    const [row] = await this.#make<{ size: number }>(summary.sizePlan(this.plan)).toRecords(
      options as FrameComputeOptions & { int64?: "number" },
    );
    return row?.size ?? 0;
  }

  /** Computes rows and columns. */
  async shape(options: FrameComputeOptions = {}): Promise<[rows: number, columns: number]> {
    return [await this.len(options), this.columns.length];
  }

  /**
   * Writes Parquet; gives the number of rows. A path that ends in `.parquet` (or has another
   * extension) is one file; any other is a folder with a file per partition, `part.0.parquet` and
   * so on, which replace those of an earlier run. A `*` in the path stands for the partition's
   * number.
   */
  async toParquet(path: string, options: WriteOptions & ComputeOptions = {}): Promise<number> {
    return await writeParquet(this.plan, path, options);
  }
  /**
   * Writes CSV: one file, or one per partition when the path has a `*`; gives the number of rows.
   * Null is nothing between two separators, empty text is `""`.
   */
  async toCsv(path: string, options: WriteOptions & ComputeOptions = {}): Promise<number> {
    return await writeCsv(this.plan, path, options);
  }
  /**
   * Writes one JSON object per line, or one array with `{ array: true }`; one file, or one per
   * partition when the path has a `*`. Gives the number of rows.
   */
  async toJson(path: string, options: WriteOptions & ComputeOptions = {}): Promise<number> {
    return await writeJson(this.plan, path, options);
  }

  /** Computes an Apache Arrow table (package `apache-arrow`). */
  async toArrow(options: FrameComputeOptions = {}): Promise<ArrowTable> {
    const { tableToArrow } = await import("./convert.ts");
    return await tableToArrow((await this.compute(options)) as unknown as Table);
  }
  /** Computes the numeric columns as one local array of rows by columns, nulls as NaN. */
  async toArray(options: FrameComputeOptions = {}): Promise<FloatMatrix> {
    const { tableToArray } = await import("./convert.ts");
    return await tableToArray((await this.compute(options)) as unknown as Table);
  }
  /** The numeric columns as a lazy array of rows by columns, one chunk of rows per partition. */
  async toDaskArray(): Promise<FloatDistArray> {
    const { frameToDistArray } = await import("./convert.ts");
    return await frameToDistArray(this.plan);
  }
  /** The rows as a bag of plain objects, in the same partitions. */
  async toBag(): Promise<Bag<S>> {
    const { frameToBag } = await import("./convert.ts");
    return await frameToBag<S>(lowerPartitions(this.plan));
  }

  /** The layers of what would run, as text and HTML. */
  get graph(): GraphView {
    return new GraphView([this]);
  }

  /** Draws what would run; see `visualize` of "heddle". */
  async visualize(options: VisualizeOptions | string = {}): Promise<Drawing> {
    return await visualize(this, options);
  }

  /** The plan as written, as optimised, and the query that runs. */
  explain(): string {
    return explainPlan(this.plan);
  }

  /** A line for logs; the rows are not computed. */
  override toString(): string {
    const fields = verbs.knownFields(this.plan);
    const names = fields?.map(({ name, type }) => `${name}: ${dtypeOf(type)}`).join(", ");
    return `DataFrame[${names ?? "columns not known yet"}] (lazy: await .compute() gives the rows)`;
  }

  #make<R extends object>(plan: Plan): DataFrame<R> {
    return new DataFrame<R>(verbs.checked(plan));
  }

  #project<R extends object>(items: readonly NamedExpr[]): DataFrame<R> {
    if (items.length === 0) {
      throw new HeddleError("InvalidArgument", "a frame has at least one column");
    }
    return this.#make({ kind: "project", input: this.plan, items });
  }

  #each<R extends object>(change: (expr: ExprNode, name: string) => ExprNode): DataFrame<R> {
    const names = columnNames(this.plan);
    return this.#project(names.map((name) => ({ name, expr: change(column(name), name) })));
  }

  #numeric<R extends object>(fn: string, args: number[] = []): DataFrame<R> {
    const items = verbs.aggregateEach(verbs.numericNames(this.plan, fn), fn, args);
    return this.#make(summary.aggregatePlan(this.plan, items));
  }

  #all<R extends object>(fn: string): DataFrame<R> {
    const items = verbs.aggregateEach(columnNames(this.plan), fn);
    return this.#make(summary.aggregatePlan(this.plan, items));
  }
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
Object.defineProperty(DataFrame.prototype, INSPECT, {
  value(this: DataFrame): string {
    return this.toString();
  },
});

/** A frame as plain data. */
export function packFrame(frame: DataFrame): PackedCollection<readonly Field[]> {
  return { outputs: packOutputs(frame), facts: schemaOf(frame.plan) };
}

/** The frame that was packed. */
export function unpackFrame({ outputs, facts }: PackedCollection<readonly Field[]>): DataFrame {
  return new DataFrame({ kind: "input", fields: facts, refs: outputs });
}

registerCollection("DataFrame", DataFrame, packFrame, unpackFrame);

referToAll(import.meta.url, self);
