/**
 * @file Logical plans: what a frame is before anything runs. Immutable trees that share parts;
 * `schema.ts` says what columns a plan gives, `optimize-plan.ts` rewrites it, `plan-sql.ts` makes
 * it a query.
 */
import type { Layer, TaskFunction, TaskRef } from "../core/graph.ts";
import type { Table } from "../table/table.ts";
import type { Field, SqlType } from "../table/types.ts";
import { type ExprNode, isRowwise } from "./expression.ts";
import type { PartitionRange, Source } from "./source.ts";

/** A column of a projection or aggregation. */
export interface NamedExpr {
  readonly name: string;
  readonly expr: ExprNode;
}

/** One key of an order. */
export interface SortKey {
  readonly expr: ExprNode;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export type JoinHow = "inner" | "left" | "right" | "outer" | "semi" | "anti" | "cross";

/**
 * Where a column of a join comes from; `both` is a key that the right side fills where the left has
 * none.
 */
export interface JoinColumn {
  readonly name: string;
  readonly from: "left" | "right" | "both";
  readonly left?: string;
  readonly right?: string;
}

/** Reads files; `columns` and `ranges` narrow what is read. */
export interface ScanPlan {
  readonly kind: "scan";
  readonly source: Source;
  readonly columns?: readonly string[];
  /** Whole files, or rows of one file; absent means all files. */
  readonly ranges?: readonly PartitionRange[];
}

/**
 * Tables that exist: one in this process (`table`), the values of tasks (`refs`), end to end, or
 * what comes to one destination of an exchange (`arrivals`).
 */
export interface InputPlan {
  readonly kind: "input";
  readonly fields: readonly Field[];
  readonly columns?: readonly string[];
  readonly table?: Table;
  readonly refs?: readonly TaskRef[];
  readonly arrivals?: Arrivals;
  /** What `refs` are thought to hold. */
  readonly size?: PlanSize;
}

/** One destination of an exchange. */
export interface Arrivals {
  /** Its one task seals the runs. */
  readonly seal: Layer;
  readonly destination: number;
}

/** How much a plan is thought to give; too much rather than too little. */
export interface PlanSize {
  readonly rows: number;
  readonly bytes: number;
}

export interface ProjectPlan {
  readonly kind: "project";
  readonly input: Plan;
  readonly items: readonly NamedExpr[];
}

export interface FilterPlan {
  readonly kind: "filter";
  readonly input: Plan;
  readonly predicate: ExprNode;
}

/** One row per combination of keys, in the order of the keys when `sort`; without keys, one row. */
export interface AggregatePlan {
  readonly kind: "aggregate";
  readonly input: Plan;
  readonly keys: readonly NamedExpr[];
  readonly items: readonly NamedExpr[];
  readonly sort: boolean;
  /** Rows with a null key are left out, as in pandas. */
  readonly dropna: boolean;
}

export interface JoinPlan {
  readonly kind: "join";
  readonly left: Plan;
  readonly right: Plan;
  readonly how: JoinHow;
  readonly on: readonly (readonly [left: string, right: string])[];
  readonly columns: readonly JoinColumn[];
}

/** Rows in the order of the keys; rows with equal keys keep theirs. */
export interface SortPlan {
  readonly kind: "sort";
  readonly input: Plan;
  readonly keys: readonly SortKey[];
}

/** The first (or last) rows in row order. */
export interface LimitPlan {
  readonly kind: "limit";
  readonly input: Plan;
  readonly count: number;
  readonly from: "head" | "tail";
}

/** One row of each combination of values in `subset`: the first or last. */
export interface DistinctPlan {
  readonly kind: "distinct";
  readonly input: Plan;
  readonly subset: readonly string[];
  readonly keep: "first" | "last";
}

/** The same rows, those of equal values in one partition. */
export interface ShufflePlan {
  readonly kind: "shuffle";
  readonly input: Plan;
  readonly on: readonly string[];
  readonly npartitions?: number;
}

/** The rows of all inputs, one after the other; a column that an input lacks is null there. */
export interface ConcatPlan {
  readonly kind: "concat";
  readonly inputs: readonly Plan[];
}

/** A query in SQL over named frames. */
export interface QueryPlan {
  readonly kind: "query";
  readonly sql: string;
  readonly names: readonly string[];
  readonly inputs: readonly Plan[];
}

/** About `fraction` of the rows, chosen by seed and row number. */
export interface SamplePlan {
  readonly kind: "sample";
  readonly input: Plan;
  readonly fraction: number;
  readonly seed: number;
}

/** A user's function over each partition: cuts the plan into fragments. */
export interface MapPlan {
  readonly kind: "map";
  readonly input: Plan;
  readonly fn: TaskFunction;
  readonly args: readonly unknown[];
  readonly fields?: readonly Field[];
  readonly npartitions?: number;
}

export type Plan =
  | ScanPlan
  | InputPlan
  | ProjectPlan
  | FilterPlan
  | AggregatePlan
  | JoinPlan
  | SortPlan
  | LimitPlan
  | DistinctPlan
  | ShufflePlan
  | ConcatPlan
  | QueryPlan
  | SamplePlan
  | MapPlan;

/** The plans that a plan reads. */
export function inputsOf(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case "scan":
    case "input":
      return [];
    case "join":
      return [plan.left, plan.right];
    case "concat":
    case "query":
      return plan.inputs;
    default:
      return [plan.input];
  }
}

/** The plan over other inputs, in the order of {@link inputsOf}. */
export function withInputs(plan: Plan, inputs: readonly Plan[]): Plan {
  switch (plan.kind) {
    case "scan":
    case "input":
      return plan;
    case "join":
      return { ...plan, left: inputs[0] as Plan, right: inputs[1] as Plan };
    case "concat":
    case "query":
      return { ...plan, inputs };
    default:
      return { ...plan, input: inputs[0] as Plan };
  }
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

/** A plan of {@link rowwiseScan} over some of the files' rows. */
export function ofRanges(plan: Plan, ranges: readonly PartitionRange[]): Plan {
  if (plan.kind === "scan") return { ...plan, ranges };
  return withInputs(
    plan,
    inputsOf(plan).map((input) => ofRanges(input, ranges)),
  );
}

/** Columns by name, each as it is. */
export function namedColumns(names: readonly string[]): NamedExpr[] {
  return names.map((name) => ({ name, expr: { kind: "column", name } }));
}

/** Whether a projected item is the column of its own name. */
export function isIdentity({ name, expr }: NamedExpr): boolean {
  return expr.kind === "column" && expr.name === name;
}

/** Type of each column by name. */
export type Types = ReadonlyMap<string, SqlType>;
