/**
 * @file From plans to layers. A plan without a user's function is one fragment: one query, one task
 * on the table thread. `mapPartitions` cuts it: what lies below becomes partitions (one query per
 * row group where the plan works row by row, else one query whose table is sliced), the function
 * runs on each on task threads, and what lies above reads the results as the tables of another
 * fragment.
 */
import {
  type Arg,
  type Layer,
  regularOffsets,
  type TaskFunction,
  type TaskRef,
} from "../core/graph.ts";
import { tokenize, tokenizeCall } from "../core/token.ts";
import type { Field } from "../table/types.ts";
import {
  allTasks,
  dependencies,
  type FragmentTask,
  fragmentLayer,
  fragmentOf,
  refNames,
} from "./fragment.ts";
import { optimizePlan } from "./optimize-plan.ts";
import { gathered } from "./partitioned/exchange.ts";
import { partitionPlan } from "./partitioned/partition.ts";
import { sizeOf, sizingOf } from "./partitioned/sizes.ts";
import {
  inputsOf,
  type MapPlan,
  ofRanges,
  type Plan,
  rowwiseScan,
  type ScanPlan,
  withInputs,
} from "./plan.ts";
import { noteSchema, schemaOf } from "./schema.ts";
import { asTable, runFragment, slicePartition, writeFragment } from "./tasks.ts";

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

/** How many tasks {@link lowerPartitions} gives. */
export function countPartitions(plan: Plan): number {
  const best = optimizePlan(plan);
  if (best.kind === "map") return best.npartitions ?? countPartitions(best.input);
  if (best.kind === "input") return best.refs?.length ?? 1;
  const scan = rowwiseScan(best);
  if (scan !== undefined) return scan.source.partitions().length;
  return sizingOf(best) === undefined ? 1 : partitionsOf(best).length;
}

/** The task that writes the plan's rows by the statement that `wrap` makes of its query. */
export function lowerWrite(plan: Plan, word: string, wrap: (sql: string) => string): TaskRef {
  const best = cut(optimizePlan(plan));
  const sizing = sizingOf(best);
  const whole =
    sizing === undefined ? best : gathered(partitionPlan(best, sizing), "write").plans[0];
  return fragmentTask(whole ?? best, { word, fn: writeFragment, wrap, pure: false });
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
  return allTasks(
    fragmentLayer(plansToWrite(optimizePlan(plan)), { word, fn: writeFragment, wrap, pure: false }),
  );
}

/** The plan of each file that is written. */
function plansToWrite(plan: Plan): readonly Plan[] {
  const scan = rowwiseScan(plan);
  if (scan !== undefined) return rangePlans(plan, scan);
  if (plan.kind === "map" || (plan.kind === "input" && plan.refs !== undefined)) {
    const fields = schemaOf(plan);
    return partitionsOf(plan).map((ref): Plan => ({ kind: "input", fields, refs: [ref] }));
  }
  const whole = cut(plan);
  const sizing = sizingOf(whole);
  return sizing === undefined ? [whole] : partitionPlan(whole, sizing).plans;
}

/** The query of the plan's topmost fragment, for `explain`, and how the plan is cut. */
export function describeFragments(plan: Plan): { readonly sql: string; readonly notes: string[] } {
  const whole = cut(optimizePlan(plan));
  const sizing = sizingOf(whole);
  if (sizing === undefined) return { sql: fragmentOf(whole).sql, notes: [] };
  const notes: string[] = [];
  const { plans } = partitionPlan(whole, sizing, (text) => notes.push(text));
  return { sql: fragmentOf(plans[0] as Plan).sql, notes };
}

function lowerBest(plan: Plan): TaskRef[] {
  if (plan.kind === "map") return lowerMap(plan);
  if (plan.kind === "input" && plan.refs !== undefined && plan.columns === undefined) {
    return [...plan.refs];
  }
  const whole = cut(plan);
  const sizing = sizingOf(whole);
  const plans = sizing === undefined ? [whole] : partitionPlan(whole, sizing).plans;
  return allTasks(fragmentLayer(plans, { word: wordOf(plan), fn: runFragment }));
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
      // The user's function gives as much as it takes, as far as anybody knows.
      const size = sizeOf(node.input);
      return { kind: "input", fields: schemaOf(node), refs: lowerMap(node), size };
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

/** The task of a plan that is one fragment. */
function fragmentTask(plan: Plan, task: FragmentTask): TaskRef {
  return { layer: fragmentLayer([plan], task), index: 0 };
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
    name: `${word}-${tokenizeCall(word, identity, refNames(parts))}`,
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
    const task: FragmentTask = { word: wordOf(plan), fn: runFragment };
    return allTasks(fragmentLayer(rangePlans(plan, scan), task));
  }
  if (npartitions === undefined && plan.kind !== "input") return lowerBest(plan);
  const whole = fragmentTask(cut(plan), { word: wordOf(plan), fn: runFragment });
  const count = npartitions ?? 1;
  return count === 1 ? [whole] : sliced(whole, count);
}

/** The plan over each of the files' own partitions. */
function rangePlans(plan: Plan, scan: ScanPlan): Plan[] {
  const fields = schemaOf(plan);
  return scan.source.partitions().map((range) => {
    const part = ofRanges(plan, [range]);
    noteSchema(part, fields);
    return part;
  });
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
