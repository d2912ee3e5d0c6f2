/**
 * @file From plans to layers. A plan without a user's function is one fragment: one query, one task
 * on the table thread. `mapPartitions` cuts it: what lies below becomes partitions (one query per
 * row group where the plan works row by row, else one query whose table is sliced), the function
 * runs on each on task threads, and what lies above reads the results as the tables of another
 * fragment.
 */
import { config } from "../config/config.ts";
import {
  type Arg,
  type Layer,
  regularOffsets,
  type TaskFunction,
  type TaskRef,
} from "../core/graph.ts";
import { tokenize } from "../core/token.ts";
import { referToAll } from "../functions/index.ts";
import type { FileInfo } from "../table/paths.ts";
import { quoteName } from "../table/sql-text.ts";
import type { Table } from "../table/table.ts";
import type { Field } from "../table/types.ts";
import { isRowwise } from "./expression.ts";
import { gzipChecks } from "./gzip.ts";
import * as self from "./lower.ts";
import { optimizePlan } from "./optimize-plan.ts";
import {
  type InputPlan,
  inputsOf,
  type MapPlan,
  type Plan,
  type ScanPlan,
  withInputs,
} from "./plan.ts";
import { planSql, type SqlContext } from "./plan-sql.ts";
import { noteSchema, schemaOf } from "./schema.ts";
import { type FileFormat, type PartitionRange, rangeSql } from "./source.ts";
import { asTable, type Fragment, runFragment, slicePartition, writeFragment } from "./tasks.ts";

/** The tasks whose tables, end to end, are the plan's rows. */
export function lowerPlan(plan: Plan): TaskRef[] {
  return lowerBest(optimizePlan(plan));
}

/**
 * The tasks of the plan's partitions; `npartitions` is used where the plan does not say how many.
 */
export function lowerPartitions(plan: Plan, npartitions?: number): TaskRef[] {
  return partitionsOf(optimizePlan(plan), npartitions);
}

/** The task that writes the plan's rows by the statement that `wrap` makes of its query. */
export function lowerWrite(plan: Plan, word: string, wrap: (sql: string) => string): TaskRef {
  return fragmentTask(cut(optimizePlan(plan)), { word, fn: writeFragment, wrap });
}

/**
 * Tasks that write the plan's rows partition by partition, by the statements that `wrap` makes of
 * their queries and numbers.
 */
export function lowerWriteParts(
  plan: Plan,
  word: string,
  wrap: (sql: string, partition: number) => string,
): TaskRef[] {
  const best = optimizePlan(plan);
  const scan = rowwiseScan(best);
  if (scan !== undefined) {
    const queries = scan.source.partitions().map((range, i) => {
      return wrap(fragmentOf(best, range).sql, i);
    });
    const layer = fragmentLayer(best, queries, [], { word, fn: writeFragment });
    return queries.map((_, index) => ({ layer, index }));
  }
  const stored = best.kind === "map" || (best.kind === "input" && best.refs !== undefined);
  if (!stored)
    return [fragmentTask(cut(best), { word, fn: writeFragment, wrap: (q) => wrap(q, 0) })];
  return partitionsOf(best).map((ref, i) => {
    const part: Plan = { kind: "input", fields: schemaOf(best), refs: [ref] };
    return fragmentTask(part, { word, fn: writeFragment, wrap: (q) => wrap(q, i) });
  });
}

/** The query of the plan's topmost fragment, for `explain`. */
export function fragmentSql(plan: Plan): string {
  return fragmentOf(cut(optimizePlan(plan))).sql;
}

function lowerBest(plan: Plan): TaskRef[] {
  if (plan.kind === "map") return lowerMap(plan);
  if (plan.kind === "input" && plan.refs !== undefined && plan.columns === undefined) {
    return [...plan.refs];
  }
  return [fragmentTask(cut(plan), { word: wordOf(plan), fn: runFragment })];
}

/** The plan with every map below it replaced by the tables that its tasks give. */
function cut(plan: Plan): Plan {
  const done = new Map<Plan, Plan>();
  const visit = (node: Plan): Plan => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const result = visitOnce(node);
    done.set(node, result);
    return result;
  };
  const visitOnce = (node: Plan): Plan => {
    if (node.kind === "map") {
      return { kind: "input", fields: schemaOf(node), refs: lowerMap(node) };
    }
    const inputs = inputsOf(node);
    const next = inputs.map(visit);
    if (next.every((input, i) => input === inputs[i])) return node;
    const result = withInputs(node, next);
    noteSchema(result, schemaOf(node));
    return result;
  };
  return visit(plan);
}

/** A table that a query reads, and which of its columns; null means all. */
interface Leaf {
  readonly plan: InputPlan;
  readonly columns: readonly string[] | null;
}

interface FragmentQuery {
  readonly sql: string;
  readonly leaves: readonly Leaf[];
}

/** The query of a plan without maps, and the tables that it reads, in the order of their names. */
function fragmentOf(plan: Plan, range?: PartitionRange): FragmentQuery {
  const leaves: Leaf[] = [];
  const context: SqlContext = {
    schema: schemaOf,
    leaf: (leaf) => {
      const data = leaf.table ?? leaf.refs;
      const known = leaves.findIndex(({ plan: p }) => (p.table ?? p.refs) === data);
      const at = known < 0 ? leaves.length : known;
      const columns = leaf.columns ?? null;
      // Read twice: load what either reads.
      const before = leaves[at]?.columns;
      const both = before && columns && [...new Set([...before, ...columns])];
      leaves[at] = { plan: leaf, columns: known < 0 ? columns : (both ?? null) };
      return { from: quoteName(`in${at}`), row: "rowid" };
    },
    scan: (scan) => scanSql(scan, range),
  };
  return { sql: planSql(plan, context), leaves };
}

function scanSql(scan: ScanPlan, range?: PartitionRange): { from: string; where?: string } {
  if (range === undefined) return { from: scan.source.readerSql() };
  const { files } = scan.source.resolve();
  const file = files[range.file];
  const where = rangeSql(range);
  const from = scan.source.readerSql(file === undefined ? [] : [file]);
  return { from, ...(where === undefined ? {} : { where }) };
}

interface FragmentTask {
  readonly word: string;
  readonly fn: TaskFunction;
  readonly wrap?: (sql: string) => string;
}

function fragmentTask(plan: Plan, task: FragmentTask): TaskRef {
  const query = fragmentOf(plan);
  const sql = task.wrap?.(query.sql) ?? query.sql;
  return { layer: fragmentLayer(plan, [sql], query.leaves, task), index: 0 };
}

/** One task per query; all read the same tables. */
function fragmentLayer(
  plan: Plan,
  queries: readonly string[],
  leaves: readonly Leaf[],
  { word, fn }: FragmentTask,
): Layer {
  const groups = leaves.map(({ plan: leaf }) => leaf.refs ?? [tableTask(leaf)]);
  const checks = gzipChecks(filesOf(plan, "csv"));
  const { inputs, deps } = dependencies([...groups.flat(), ...checks]);
  const fragment: Fragment = {
    inputs: leaves.map(({ columns }, k) => ({ name: `in${k}`, columns })),
    deterministic: config.get("dataframe.deterministic"),
    csvFiles: filesOf(plan, "csv").map((file) => file.path),
  };
  let start = 0;
  const tables = groups.map((group): Arg => {
    const arg: Arg = { kind: "deps", start, count: group.length };
    start += group.length;
    return arg;
  });
  const token = tokenize(fn.name, queries, fragment, sourcesOf(plan), refNames(groups.flat()));
  const all = new Int32Array(deps.length * queries.length);
  for (let i = 0; i < queries.length; i++) all.set(deps, i * deps.length);
  return {
    name: `${word}-${token}`,
    kind: deps.length === 0 ? "source" : "call",
    count: queries.length,
    templates: [
      {
        name: word,
        fn,
        args: [
          { kind: "const", value: fragment },
          { kind: "column", column: 0 },
          { kind: "array", items: tables },
        ],
        lane: "table",
      },
    ],
    inputs,
    depOffsets: regularOffsets(queries.length, deps.length),
    deps: all,
    columns: [{ kind: "value", data: queries }],
    // Writing is work whose point is the effect, but doing it twice gives the same files.
    pure: fn === runFragment,
  };
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

/** The task of a table that exists. */
export function sameTable(table: Table): Table {
  return table;
}

/** Distinct layers of the tasks, and each task's number among all tasks of those layers. */
function dependencies(refs: readonly TaskRef[]): { inputs: Layer[]; deps: Int32Array } {
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

function refNames(refs: readonly TaskRef[]): string[] {
  return refs.map(({ layer, index }) => `${layer.name}/${index}`);
}

function filesOf(plan: Plan, format: FileFormat): readonly FileInfo[] {
  if (plan.kind !== "scan") return inputsOf(plan).flatMap((input) => filesOf(input, format));
  return plan.source.options.format === format ? plan.source.files : [];
}

/** Names, sizes and times of the files that a plan reads: changed files are new work. */
function sourcesOf(plan: Plan): unknown[] {
  if (plan.kind === "scan") return [plan.source.resolve().files];
  return inputsOf(plan).flatMap(sourcesOf);
}

/** Layers in which each task has one dependency: the task of `parts` at the same place. */
function eachPartition(
  parts: readonly TaskRef[],
  word: string,
  fn: TaskFunction,
  args: readonly Arg[],
  identity: readonly unknown[],
  columns: Layer["columns"] = [],
): TaskRef[] {
  const { inputs, deps } = dependencies(parts);
  const layer: Layer = {
    name: `${word}-${tokenize(word, identity, refNames(parts))}`,
    kind: "blockwise",
    count: parts.length,
    templates: [{ name: word, fn, args }],
    inputs,
    depOffsets: regularOffsets(parts.length, 1),
    deps,
    columns,
    pure: true,
  };
  return parts.map((_, index) => ({ layer, index }));
}

const FIRST: Arg = { kind: "dep", index: 0 };

/**
 * Applies a task function of this package to each partition; `word` names it in keys, so it must be
 * its own.
 */
export function mapRefs(
  parts: readonly TaskRef[],
  word: string,
  fn: TaskFunction,
  args: readonly unknown[] = [],
): TaskRef[] {
  const constants = args.map((value): Arg => ({ kind: "const", value }));
  return eachPartition(parts, word, fn, [FIRST, ...constants], [args]);
}

/** Tables of the promised columns, out of what tasks of the user give. */
export function tableParts(parts: readonly TaskRef[], fields: readonly Field[]): TaskRef[] {
  return mapRefs(parts, "from-delayed", asTable, [fields]);
}

function lowerMap(plan: MapPlan): TaskRef[] {
  const parts = partitionsOf(plan.input, plan.npartitions);
  const word = plan.fn.name === "" ? "mapPartitions" : plan.fn.name;
  const args = plan.args.map((value): Arg => ({ kind: "const", value }));
  const user: Arg = { kind: "call", fn: plan.fn, args: [FIRST, ...args] };
  const fields: Arg = { kind: "const", value: plan.fields ?? null };
  const identity = [functionIdentity(plan.fn), plan.args, plan.fields];
  return eachPartition(parts, word, asTable, [user, fields], identity);
}

const unnamed = new WeakMap<TaskFunction, string>();
let unnamedCount = 0;

/**
 * What names a user's function by content; one that cannot travel (it may still run here) by
 * itself.
 */
function functionIdentity(fn: TaskFunction): string {
  try {
    return tokenize(fn);
  } catch {
    const known = unnamed.get(fn) ?? `local-${++unnamedCount}`;
    unnamed.set(fn, known);
    return known;
  }
}

function partitionsOf(plan: Plan, npartitions?: number): TaskRef[] {
  if (plan.kind === "map") return lowerMap(plan);
  if (plan.kind === "input" && plan.refs !== undefined && plan.columns === undefined) {
    if (npartitions === undefined || npartitions === plan.refs.length) return [...plan.refs];
  }
  const scan = rowwiseScan(plan);
  if (scan !== undefined && npartitions === undefined) {
    const queries = scan.source.partitions().map((range) => fragmentOf(plan, range).sql);
    const task: FragmentTask = { word: wordOf(plan), fn: runFragment };
    const layer = fragmentLayer(plan, queries, [], task);
    return queries.map((_, index) => ({ layer, index }));
  }
  const whole = fragmentTask(cut(plan), { word: wordOf(plan), fn: runFragment });
  const count = npartitions ?? 1;
  return count === 1 ? [whole] : sliced(whole, count);
}

function sliced(whole: TaskRef, count: number): TaskRef[] {
  const parts = Array.from({ length: count }, () => whole);
  const args: Arg[] = [FIRST, { kind: "column", column: 0 }, { kind: "const", value: count }];
  const data = Int32Array.from(parts, (_, i) => i);
  return eachPartition(
    parts,
    "partition",
    slicePartition,
    args,
    [count],
    [{ kind: "number", data }],
  );
}

/** The scan of a plan that treats every row by itself, so that each partition can be read alone. */
export function rowwiseScan(plan: Plan): ScanPlan | undefined {
  switch (plan.kind) {
    case "scan":
      return plan;
    case "filter":
      return isRowwise(plan.predicate) ? rowwiseScan(plan.input) : undefined;
    case "project": {
      const each = plan.items.every(({ expr }) => isRowwise(expr));
      return each ? rowwiseScan(plan.input) : undefined;
    }
    default:
      return undefined;
  }
}

/** What the plan does last, for keys and dashboards. */
function wordOf(plan: Plan): string {
  switch (plan.kind) {
    case "scan":
      return `read-${plan.source.options.format}`;
    case "aggregate":
      return plan.keys.length === 0 ? "aggregate" : "groupby";
    case "join":
      return "merge";
    case "query":
      return "sql";
    case "input":
      return "frame";
    case "limit":
    case "sort":
    case "distinct":
    case "project":
    case "filter": {
      const inner = wordOf(plan.input);
      return inner.startsWith("read-") || inner === "frame" ? plan.kind : inner;
    }
    default:
      return plan.kind;
  }
}

referToAll(import.meta.url, self);
