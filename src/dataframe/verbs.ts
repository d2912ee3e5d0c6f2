/**
 * @file How the verbs of frames become plans: checks of names and options, and the plans that take
 * more than one line. A verb checks what it is given against the schema when that can be read; when
 * the files cannot be read, building goes on and the computation rejects with the reason.
 */
import { isCollection } from "../core/collection.ts";
import { HeddleError, isHeddleError, nearestName } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { unknownColumn } from "../table/table.ts";
import { dtypeOf, type Field, isNumeric, type SqlType } from "../table/types.ts";
import { kindOf, wrongKind } from "./checks.ts";
import { Expr, type ExprLike, nodeOf, quantileOf, type Row } from "./expr.ts";
import { rowProxy } from "./expr-make.ts";
import { column, type ExprNode, someNode } from "./expression.ts";
import { AGGREGATE_NAMES } from "./expression-sql.ts";
import { checkConditions } from "./lost-conditions.ts";
import {
  inputsOf,
  type JoinColumn,
  type JoinHow,
  type NamedExpr,
  namedColumns,
  type Plan,
  type SortKey,
} from "./plan.ts";
import { columnNames, schemaOf } from "./schema.ts";

/** Codes of errors that say that files cannot be read now, not that the program is wrong. */
const UNREADABLE = ["FileNotFound", "FileInvalid", "NotSupported"] as const;

/**
 * The plan, checked as far as its files can be read. Errors: `UnknownColumn`, `DTypeMismatch`,
 * `InvalidArgument`.
 */
export function checked<P extends Plan>(plan: P): P {
  if (inputsOf(plan).every(isReadable)) schemaOf(plan);
  return plan;
}

/** Whether the plan's columns can be known now. */
export function isReadable(plan: Plan): boolean {
  try {
    schemaOf(plan);
    return true;
  } catch (error) {
    if (UNREADABLE.some((code) => isHeddleError(error, code))) return false;
    throw error;
  }
}

/** The columns of a plan if they can be known now. */
export function knownFields(plan: Plan): readonly Field[] | undefined {
  return isReadable(plan) ? schemaOf(plan) : undefined;
}

/** What a callback or ready expression says, given the row. */
export type Callback<S extends object, R> = (row: Row<S>) => R;

/**
 * Calls a callback with the row of a plan; a column that is not there throws at once, and so does a
 * condition that `&&` or `||` would drop.
 */
export function withRow<S extends object, R>(plan: Plan, callback: Callback<S, R>): R {
  checkConditions(callback);
  const fields = knownFields(plan);
  const names = fields === undefined ? undefined : new Set(fields.map((field) => field.name));
  return callback(
    rowProxy<S>((name) => {
      if (names !== undefined && !names.has(name)) throw unknownColumn(name, [...names]);
    }),
  );
}

/** An object of expressions as named expressions. */
export function namedExprs(values: Readonly<Record<string, unknown>>): NamedExpr[] {
  return Object.entries(values).map(([name, value]) => ({ name, expr: nodeOf(value as ExprLike) }));
}

/**
 * Refuses what `r.a === 1` and `!r.a` give, which JavaScript lets nobody overload: all rows or
 * none.
 */
export function noPlainBoolean(condition: unknown): void {
  if (condition instanceof Expr) return;
  if (typeof condition !== "boolean") {
    throw new HeddleError(
      "InvalidArgument",
      `filter takes a condition on columns, as in (r) => r.delay.gt(15), not ${kindOf(condition)}` +
        (isCollection(condition) ? ": compute the lazy value first, and compare with that" : ""),
    );
  }
  throw new HeddleError(
    "InvalidArgument",
    `filter was given ${condition}, not a condition on columns: write r.a.eq(1) for r.a === 1, ` +
      "and .and(…), .or(…), .not() for &&, ||, !; lit(true) means all rows",
  );
}

/** Refuses an aggregate of all rows where a value per row is meant. */
export function perRow(what: string, expr: ExprNode): void {
  if (!someNode(expr, (n) => n.kind === "aggregate") || isOver(expr)) return;
  throw new HeddleError(
    "InvalidArgument",
    `${what} holds an aggregate of all rows: add .over("key") for a value per group in every row ` +
      "(.over() for one of all rows), or use agg() for one row",
  );
}

/** The plan with columns added or replaced, in place. */
export function assignPlan(input: Plan, added: readonly NamedExpr[]): Plan {
  for (const { name, expr } of added) perRow(`column "${name}"`, expr);
  const byName = new Map(added.map((item) => [item.name, item]));
  const names = columnNames(input);
  const kept = namedColumns(names).map((item) => byName.get(item.name) ?? item);
  const fresh = added.filter(({ name }) => !names.includes(name));
  return { kind: "project", input, items: [...kept, ...fresh] };
}

/** Whether every aggregate of the expression is within an `over`. */
function isOver(expr: ExprNode): boolean {
  if (expr.kind === "aggregate") return false;
  if (expr.kind === "window") return true;
  return !someNode(expr, (n) => n !== expr && n.kind === "aggregate" && !insideWindow(expr, n));
}

function insideWindow(root: ExprNode, target: ExprNode): boolean {
  return someNode(root, (n) => n.kind === "window" && someNode(n, (m) => m === target));
}

/** Aggregates given as `{ n: ["delay", "count"] }` or as expressions. */
export function aggregateItems(spec: Readonly<Record<string, unknown>>, plan: Plan): NamedExpr[] {
  const columns = knownFields(plan)?.map((field) => field.name) ?? [];
  return Object.entries(spec).map(([name, how]) => ({
    name,
    expr: aggregateNode(name, how, columns),
  }));
}

function aggregateNode(name: string, how: unknown, columns: readonly string[]): ExprNode {
  if (how instanceof Expr) {
    if (someNode(how.node, (n) => n.kind === "aggregate")) return how.node;
    throw new HeddleError(
      "InvalidArgument",
      `agg: "${name}" has one value per row: end it with an aggregate, as in .mean()`,
    );
  }
  if (!Array.isArray(how) || typeof how[0] !== "string") {
    throw new HeddleError(
      "InvalidArgument",
      `agg: "${name}" takes a column and an aggregate, as in { ${name}: ["delay", "mean"] }`,
    );
  }
  const [of, fn, q] = how as [string, string, number?];
  const both = [of, fn].every((word) => AGGREGATE_NAMES.includes(word));
  if (both && !columns.includes(of)) {
    throw new HeddleError(
      "InvalidArgument",
      `agg: ["${of}", "${fn}"] are two aggregates: give one column for each, as in ` +
        `{ ${name}_${of}: ["${name}", "${of}"], ${name}_${fn}: ["${name}", "${fn}"] }`,
    );
  }
  if (fn === "size") return { kind: "aggregate", fn, of: [], args: [] };
  if (!AGGREGATE_NAMES.includes(fn)) throw unknownAggregate(fn);
  const args = fn === "quantile" ? [quantileOf(q ?? 0.5)] : [];
  return { kind: "aggregate", fn, of: [column(of)], args };
}

function unknownAggregate(name: string): HeddleError {
  const near = nearestName(name, AGGREGATE_NAMES);
  return new HeddleError(
    "InvalidArgument",
    `there is no aggregate "${name}"${near === undefined ? "" : `; did you mean "${near}"?`} ` +
      `Aggregates: ${AGGREGATE_NAMES.join(", ")}`,
    { fields: { aggregate: name, nearest: near ?? null } },
  );
}

/** One aggregate of each of the columns, under their own names. */
export function aggregateEach(
  names: readonly string[],
  fn: string,
  args: number[] = [],
): NamedExpr[] {
  return names.map((name) => ({
    name,
    expr: { kind: "aggregate", fn, of: [column(name)], args },
  }));
}

/** Names of the numeric columns of a plan; sums and means count truth values as well. */
export function numericNames(plan: Plan, fn = ""): string[] {
  const truth = fn === "sum" || fn === "mean";
  return schemaOf(plan)
    .filter(({ type }) => isNumeric(type) || (truth && type === "BOOLEAN"))
    .map(({ name }) => name);
}

/** Whether a column of the type can hold the value without becoming another type. */
export function canHold(type: SqlType, value: string | number | boolean | Date): boolean {
  if (value instanceof Date) return type === "DATE" || type.startsWith("TIMESTAMP");
  if (typeof value === "string") return type === "VARCHAR";
  return typeof value === "number" ? isNumeric(type) : type === "BOOLEAN";
}

/** Names as an array; checks that there are some. */
export function nameList(what: string, names: string | readonly string[]): readonly string[] {
  const list = typeof names === "string" ? [names] : names;
  const given = Array.isArray(list) ? list.find((name) => typeof name !== "string") : list;
  if (!Array.isArray(list) || given !== undefined) {
    throw wrongKind(what, "the name of a column or a list of some", given);
  }
  if (list.length > 0) return list;
  throw new HeddleError("InvalidArgument", `${what} takes at least one column`);
}

/** Sort keys of column names. */
export function sortKeys(
  by: string | readonly string[],
  ascending: boolean | readonly boolean[],
  naPosition: "first" | "last",
): SortKey[] {
  const names = nameList("sortValues", by);
  if (typeof ascending !== "boolean" && ascending.length !== names.length) {
    throw new HeddleError(
      "InvalidArgument",
      `sortValues: ${names.length} columns but ${ascending.length} values of ascending`,
    );
  }
  return names.map((name, i) => ({
    expr: column(name),
    descending: !(typeof ascending === "boolean" ? ascending : ascending[i]),
    nullsFirst: naPosition === "first",
  }));
}

/** A count of rows: a whole number from 0. */
export function rowCount(what: string, n: number): number {
  if (Number.isInteger(n) && n >= 0) return n;
  throw new HeddleError("InvalidArgument", `${what} takes a whole number of rows from 0, not ${n}`);
}

/** A number of partitions: a whole number from 1. */
export function partitionCount(what: string, n: number): number {
  if (Number.isInteger(n) && n >= 1) return n;
  throw new HeddleError(
    "InvalidArgument",
    `${what}: npartitions is ${String(n)}; it is a whole number from 1`,
  );
}

/** Options of a join, as given. */
export interface JoinInit {
  readonly how?: JoinHow;
  readonly on?: string | readonly string[];
  readonly leftOn?: string | readonly string[];
  readonly rightOn?: string | readonly string[];
  readonly suffixes?: readonly [string, string];
}

const HOWS: readonly JoinHow[] = ["inner", "left", "right", "outer", "semi", "anti", "cross"];

/** The join of two plans, with pandas' rules for names. */
export function joinPlan(left: Plan, right: Plan, init: JoinInit): Plan {
  checkOptionNames("merge", init, ["how", "on", "leftOn", "rightOn", "suffixes"]);
  const how = init.how ?? "inner";
  if (!HOWS.includes(how)) {
    throw new HeddleError(
      "InvalidArgument",
      `merge: how is "${how}"; it may be ${HOWS.map((h) => `"${h}"`).join(", ")}`,
    );
  }
  const [l, r] = [columnNames(left), columnNames(right)];
  const on = how === "cross" ? [] : joinKeys(init, l, r);
  for (const [a, b] of on) checkKeyTypes(fieldType(left, a), fieldType(right, b), a, b);
  const [x, y] = init.suffixes ?? ["_x", "_y"];
  // A key of one name is given once; of two names, both columns stay.
  const once = new Map(on.filter(([a, b]) => a === b));
  const columns: JoinColumn[] = l.map((name) => {
    const key = once.has(name);
    const named = !key && r.includes(name) && how !== "semi" && how !== "anti" ? name + x : name;
    const from = key && how === "outer" ? "both" : key && how === "right" ? "right" : "left";
    return { name: named, from, left: name, right: name };
  });
  if (how !== "semi" && how !== "anti") {
    for (const name of r) {
      if (once.has(name)) continue;
      columns.push({ name: l.includes(name) ? name + y : name, from: "right", right: name });
    }
  }
  const lower = columns.map(({ name }) => name.toLowerCase());
  const twice = columns.find((_, i) => lower.indexOf(lower[i] as string) < i);
  if (twice !== undefined) {
    throw new HeddleError(
      "InvalidArgument",
      `merge gives two columns "${twice.name}": choose other suffixes than "${x}" and "${y}"`,
    );
  }
  return { kind: "join", left, right, how, on, columns };
}

function fieldType(plan: Plan, name: string): string | undefined {
  return schemaOf(plan).find((field) => field.name === name)?.type;
}

/** Texts never equal numbers: the engine would fail at the first text that is none. */
function checkKeyTypes(left: string | undefined, right: string | undefined, ...on: string[]): void {
  if (left === undefined || right === undefined) return;
  const [a, b] = [left === "VARCHAR", right === "VARCHAR"];
  if (a === b || !(isNumeric(left) || isNumeric(right))) return;
  throw new HeddleError(
    "DTypeMismatch",
    `merge: "${on[0]}" is ${dtypeOf(left)} on the left and "${on[1]}" ${dtypeOf(right)} on the ` +
      "right: convert one side with astype",
    { fields: { left: on[0], right: on[1] } },
  );
}

function joinKeys(init: JoinInit, left: string[], right: string[]): (readonly [string, string])[] {
  const list = (names: string | readonly string[]): readonly string[] => nameList("merge", names);
  if (init.on !== undefined) return list(init.on).map((name) => [name, name]);
  if (init.leftOn !== undefined && init.rightOn !== undefined) {
    const [a, b] = [list(init.leftOn), list(init.rightOn)];
    if (a.length === b.length) return a.map((name, i) => [name, b[i] as string]);
    throw new HeddleError(
      "InvalidArgument",
      `merge: leftOn has ${a.length} columns and rightOn ${b.length}; they are matched one by one`,
    );
  }
  if (init.leftOn !== undefined || init.rightOn !== undefined) {
    throw new HeddleError("InvalidArgument", "merge: leftOn and rightOn are given together");
  }
  const common = left.filter((name) => right.includes(name));
  if (common.length > 0) return common.map((name) => [name, name]);
  throw new HeddleError(
    "InvalidArgument",
    "merge: the frames have no column in common: name the keys by on, or by leftOn and rightOn. " +
      `Left: ${left.join(", ")}. Right: ${right.join(", ")}`,
  );
}
