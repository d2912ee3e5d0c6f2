/**
 * @file Fragments: what runs as one query in one task of the table thread. A plan without a user's
 * function is one fragment; the plans of partitions are many of one form, and become one layer.
 * What a query reads besides files are tables of other tasks, or what comes to one destination of
 * an exchange, which the task reads itself, piece by piece.
 */
import { readPieces } from "../cluster/exchange-tasks.ts";
import { config } from "../config/config.ts";
import {
  type Arg,
  type Bound,
  type Layer,
  regularOffsets,
  type TaskFunction,
  type TaskRef,
  type Template,
} from "../core/graph.ts";
import { tokenize } from "../core/token.ts";
import type { FileInfo } from "../table/paths.ts";
import { quoteName } from "../table/sql-text.ts";
import { gzipChecks } from "./gzip.ts";
import { type InputPlan, inputsOf, type Plan, type ScanPlan } from "./plan.ts";
import { planSql, type ScanSql, type SqlContext } from "./plan-sql.ts";
import { schemaOf } from "./schema.ts";
import { type FileFormat, filesOfRanges, rangeSql } from "./source.ts";
import { type Fragment, type FragmentInput, sameTable } from "./tasks.ts";

/** A table that a query reads, and which of its columns; null means all. */
interface Leaf {
  readonly plan: InputPlan;
  readonly columns: readonly string[] | null;
}

/** A query and the tables that it reads, in the order of their names. */
interface FragmentQuery {
  readonly sql: string;
  readonly leaves: readonly Leaf[];
}

/** What a fragment's task does with its query. */
export interface FragmentTask {
  /** The first part of its key. */
  readonly word: string;
  /** Called with the fragment, the query, its tables, and then `more`. */
  readonly fn: TaskFunction;
  /** The statement that is made of the query of partition `i`. */
  readonly wrap?: (sql: string, i: number) => string;
  readonly more?: readonly Arg[];
  /** Tasks that `more` refers to, as the last of each task's dependencies. */
  readonly after?: readonly TaskRef[];
  /** What is done with the function's result, within the same task. */
  readonly store?: (call: Arg, index: Arg) => Pick<Template, "fn" | "args">;
  /** Whether the value is worth nothing without its worker. */
  readonly bound?: Bound;
  /** Whether equal tasks give the same; default true. */
  readonly pure?: boolean;
}

/** The query of a plan without maps. */
export function fragmentOf(plan: Plan): FragmentQuery {
  const leaves: Leaf[] = [];
  const context: SqlContext = {
    schema: schemaOf,
    leaf: (leaf) => {
      const known = leaves.findIndex(({ plan: p }) => sourceOf(p) === sourceOf(leaf));
      const at = known < 0 ? leaves.length : known;
      const columns = leaf.columns ?? null;
      // Read twice: load what either reads.
      const before = leaves[at]?.columns;
      const both = before && columns && [...new Set([...before, ...columns])];
      leaves[at] = { plan: leaf, columns: known < 0 ? columns : (both ?? null) };
      return { from: quoteName(`in${at}`), row: "rowid" };
    },
    scan: scanSql,
  };
  return { sql: planSql(plan, context), leaves };
}

/** Where a leaf's rows come from: two leaves of one source are loaded once. */
function sourceOf(leaf: InputPlan): unknown {
  return leaf.table ?? leaf.refs ?? leaf.arrivals;
}

function scanSql(scan: ScanPlan): ScanSql {
  const { source, ranges } = scan;
  if (ranges === undefined) return { from: source.readerSql() };
  const [first] = ranges;
  const where = first === undefined ? undefined : rangeSql(first, ranges.at(-1));
  const from = source.readerSql(filesOfRanges(source, ranges));
  return {
    from,
    ...(where === undefined ? {} : { where }),
    ...(first === undefined ? {} : { firstFile: first.file }),
  };
}

/** One task for each plan. */
export function fragmentLayer(plans: readonly Plan[], task: FragmentTask): Layer {
  const queries = plans.map(fragmentOf);
  const parts = queries.map(({ sql, leaves }, i) => {
    return taskOf(plans[i] as Plan, task.wrap?.(sql, i) ?? sql, leaves);
  });
  const shapes = new Map<string, { readonly at: number; readonly part: TaskParts }>();
  const templateOf = Uint16Array.from(parts, (part) => {
    const known = shapes.get(part.shape);
    if (known !== undefined) return known.at;
    shapes.set(part.shape, { at: shapes.size, part });
    return shapes.size - 1;
  });
  const after = task.after ?? [];
  const { inputs, deps } = dependencies(parts.flatMap((part) => [...part.refs, ...after]));
  const depOffsets = new Int32Array(parts.length + 1);
  parts.forEach((part, i) => {
    depOffsets[i + 1] = (depOffsets[i] as number) + part.refs.length + after.length;
  });
  const leafCount = Math.max(0, ...parts.map((part) => part.destinations.length));
  const identity = parts.map((part) => [part.sql, part.shape, part.destinations, part.sources]);
  const token = tokenize(task.fn.name, identity, refNames(parts.flatMap(({ refs }) => refs)), [
    refNames(after),
    task.more ?? [],
  ]);
  return {
    name: `${task.word}-${token}`,
    kind: deps.length === 0 ? "source" : "call",
    count: plans.length,
    templates: [...shapes.values()].map(({ part }) => templateFor(part, task)),
    ...(shapes.size > 1 ? { templateOf } : {}),
    inputs,
    depOffsets,
    deps,
    columns: [
      { kind: "value", data: parts.map((part) => part.sql) },
      { kind: "number", data: Int32Array.from(parts, (_, i) => i) },
      ...Array.from({ length: leafCount }, (_, k) => ({
        kind: "number" as const,
        data: Int32Array.from(parts, (part) => part.destinations[k] ?? -1),
      })),
    ],
    pure: task.pure ?? true,
  };
}

/** Columns of a layer of fragments before those of the leaves' destinations. */
const LEAF_COLUMNS = 2;

/** One task of a layer before all are put together. */
interface TaskParts {
  readonly sql: string;
  readonly fragment: Fragment;
  /** How the tables come; tasks of one shape share a template. */
  readonly shape: string;
  readonly tables: readonly Arg[];
  readonly refs: readonly TaskRef[];
  /** Which destination of its exchange each leaf is; -1 for tables. */
  readonly destinations: readonly number[];
  readonly sources: readonly unknown[];
}

function taskOf(plan: Plan, sql: string, leaves: readonly Leaf[]): TaskParts {
  const csvFiles = filesOf(plan, "csv");
  const refs: TaskRef[] = [];
  const tables = leaves.map(({ plan: leaf }, k): Arg => {
    const tasks = tasksOf(leaf);
    const start = refs.length;
    refs.push(...tasks);
    if (leaf.arrivals === undefined) return { kind: "deps", start, count: tasks.length };
    const destination: Arg = { kind: "column", column: LEAF_COLUMNS + k };
    return { kind: "call", fn: readPieces, args: [{ kind: "dep", index: start }, destination] };
  });
  const fragment: Fragment = {
    inputs: leaves.map(({ plan: leaf, columns }, k): FragmentInput => {
      return { name: `in${k}`, columns, fields: leaf.fields };
    }),
    deterministic: config.get("dataframe.deterministic"),
    csvFiles: csvFiles.map((file) => file.path),
  };
  return {
    sql,
    fragment,
    shape: tokenize(
      fragment,
      leaves.map(({ plan: leaf }) => shapeOf(leaf)),
    ),
    tables,
    refs: [...refs, ...gzipChecks(csvFiles)],
    destinations: leaves.map(({ plan: leaf }) => leaf.arrivals?.destination ?? -1),
    sources: sourcesOf(plan),
  };
}

function tasksOf(leaf: InputPlan): readonly TaskRef[] {
  if (leaf.arrivals !== undefined) return allTasks(leaf.arrivals.seal);
  return leaf.refs ?? [tableTask(leaf)];
}

function shapeOf(leaf: InputPlan): unknown {
  const { arrivals } = leaf;
  return arrivals === undefined ? tasksOf(leaf).length : [arrivals.seal.name];
}

function templateFor({ fragment, tables, refs }: TaskParts, task: FragmentTask): Template {
  const args: Arg[] = [
    { kind: "const", value: fragment },
    { kind: "column", column: 0 },
    { kind: "array", items: tables },
    ...(task.more ?? []).map((arg) => shifted(arg, refs.length)),
  ];
  const index: Arg = { kind: "column", column: 1 };
  const call = task.store?.({ kind: "call", fn: task.fn, args }, index);
  const bound = task.bound === undefined ? {} : { bound: task.bound };
  return { name: task.word, ...(call ?? { fn: task.fn, args }), lane: "table", ...bound };
}

/** A reference to one of the tasks that come after those of the tables. */
function shifted(arg: Arg, by: number): Arg {
  return arg.kind === "dep" ? { kind: "dep", index: arg.index + by } : arg;
}

/** All tasks of a layer. */
export function allTasks(layer: Layer): TaskRef[] {
  return Array.from({ length: layer.count }, (_, index) => ({ layer, index }));
}

/** The tables of an input as one task. */
function tableTask(leaf: InputPlan): TaskRef {
  const { table } = leaf;
  const layer: Layer = {
    name: `frame-${tokenize(table)}`,
    kind: "data",
    count: 1,
    templates: [{ name: "frame", fn: sameTable, args: [{ kind: "column", column: 0 }] }],
    inputs: [],
    depOffsets: regularOffsets(1, 0),
    deps: new Int32Array(0),
    columns: [{ kind: "value", data: [table] }],
    pure: true,
  };
  return { layer, index: 0 };
}

/** Distinct layers of the tasks, and each task's number among all tasks of those layers. */
export function dependencies(refs: readonly TaskRef[]): {
  inputs: Layer[];
  deps: Int32Array<ArrayBuffer>;
} {
  const starts = new Map<Layer, number>();
  let next = 0;
  for (const { layer } of refs) {
    if (starts.has(layer)) continue;
    starts.set(layer, next);
    next += layer.count;
  }
  const deps = Int32Array.from(refs, ({ layer, index }) => (starts.get(layer) ?? 0) + index);
  return { inputs: [...starts.keys()], deps };
}

/** What tells tasks apart. */
export function refNames(refs: readonly TaskRef[]): string[] {
  return refs.map(({ layer, index }) => `${layer.name}/${index}`);
}

function filesOf(plan: Plan, format: FileFormat): readonly FileInfo[] {
  if (plan.kind !== "scan") return inputsOf(plan).flatMap((input) => filesOf(input, format));
  return plan.source.options.format === format ? filesRead(plan) : [];
}

/** Names, sizes and times of the files that a plan reads: changed files are new work. */
function sourcesOf(plan: Plan): unknown[] {
  if (plan.kind === "scan") return [filesRead(plan)];
  return inputsOf(plan).flatMap(sourcesOf);
}

function filesRead({ source, ranges }: ScanPlan): readonly FileInfo[] {
  return ranges === undefined ? source.files : filesOfRanges(source, ranges);
}
