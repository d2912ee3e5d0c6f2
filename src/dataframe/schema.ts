/**
 * @file What columns a plan gives. Each step is bound by the engine over empty inputs of the right
 * types, so names, types and their errors are exactly those that running it would have, at a
 * constant cost per step and without data.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { quoteName } from "../table/sql-text.ts";
import { isTable, Table as LocalTable, type Table, unknownColumn } from "../table/table.ts";
import { dtypeOf, type Field, isNumeric } from "../table/types.ts";
import { describeQuery, describeStep } from "./binder.ts";
import { checkColumnNames } from "./checks.ts";
import { columnsOf, type ExprNode } from "./expression.ts";
import { describeExpr } from "./expression-sql.ts";
import { isTime } from "./expression-type.ts";
import {
  type FilterPlan,
  type InputPlan,
  inputsOf,
  type MapPlan,
  type Plan,
  type ScanPlan,
} from "./plan.ts";
import { type LeafSql, type SqlContext, stepSql } from "./plan-sql.ts";
import { logicalType } from "./source.ts";

const schemas = new WeakMap<Plan, readonly Field[]>();

/**
 * Names and logical types of a plan's columns. Errors: `UnknownColumn`, `DTypeMismatch` and the
 * errors of reading the plan's files.
 */
export function schemaOf(plan: Plan): readonly Field[] {
  const known = schemas.get(plan);
  if (known !== undefined) return known;
  const fields = bind(plan);
  schemas.set(plan, fields);
  return fields;
}

/** Notes the columns of a plan that is known to have them, such as a rewritten one. */
export function noteSchema(plan: Plan, fields: readonly Field[]): void {
  schemas.set(plan, fields);
}

/** Names of a plan's columns. */
export function columnNames(plan: Plan): string[] {
  return schemaOf(plan).map((field) => field.name);
}

function bind(plan: Plan): readonly Field[] {
  switch (plan.kind) {
    case "scan": {
      const { fields } = plan.source.resolve();
      return plan.columns === undefined ? fields : pick(fields, plan.columns);
    }
    case "input":
      return plan.columns === undefined ? plan.fields : pick(plan.fields, plan.columns);
    case "filter":
      checkCondition(plan);
      return schemaOf(plan.input);
    case "sort":
      bindStep(plan);
      return schemaOf(plan.input);
    case "distinct":
      checkNames(plan);
      return schemaOf(plan.input);
    case "shuffle":
      checkNames(plan);
      return schemaOf(plan.input);
    case "limit":
    case "sample":
      return schemaOf(plan.input);
    case "map":
      return plan.fields ?? inferMap(plan);
    default:
      return bindStep(plan);
  }
}

function pick(fields: readonly Field[], names: readonly string[]): Field[] {
  return names.map((name) => {
    const field = fields.find((f) => f.name === name);
    if (field === undefined)
      throw unknownColumn(
        name,
        fields.map((f) => f.name),
      );
    return field;
  });
}

/** Binds one step over empty inputs. */
function bindStep(plan: Plan): readonly Field[] {
  checkNames(plan);
  checkUnique(plan);
  const leaves = inputsOf(plan).map(
    (input): InputPlan => ({ kind: "input", fields: schemaOf(input) }),
  );
  // A user's own query may read files, whose columns may change.
  const describe = plan.kind === "query" ? describeQuery : describeStep;
  return describe(stepSql(plan, leaves, BINDING)).map(({ name, type }) => ({
    name,
    type: logicalType(type),
  }));
}

/** A filter's condition must be a boolean: the engine itself would take any number. */
function checkCondition(plan: FilterPlan): void {
  const items = [{ name: "condition", expr: plan.predicate }];
  const [field] = bindStep({ kind: "project", input: plan.input, items });
  if (field === undefined || field.type === "BOOLEAN" || field.type === '"NULL"') return;
  throw new HeddleError(
    "DTypeMismatch",
    `filter takes a condition, but ${describeExpr(plan.predicate)} is ${dtypeOf(field.type)}: ` +
      "compare it with something, as in r.delay.gt(15)",
    { fields: { dtype: dtypeOf(field.type) } },
  );
}

/**
 * Rendering for the binder: leaves are queries of no rows, and the step's own types are not known
 * yet.
 */
const BINDING: SqlContext = {
  schema: (plan) => {
    if (plan.kind === "input") return plan.fields;
    return plan.kind === "concat" ? unitedFields(plan.inputs) : [];
  },
  leaf: (leaf): LeafSql => ({ from: emptySql(leaf.fields), row: quoteName("__row") }),
  scan: (plan: ScanPlan) => ({ from: plan.source.readerSql() }),
};

/** Columns of frames one after the other: those of the first, then what others add. */
function unitedFields(inputs: readonly Plan[]): Field[] {
  const byName = new Map<string, Field>();
  for (const field of inputs.flatMap((input) => [...schemaOf(input)])) {
    const before = byName.get(field.name);
    if (before === undefined) byName.set(field.name, field);
    else if (isText(before) !== isText(field)) throw mixedTypes(before, field);
  }
  checkColumnNames([...byName.keys()]);
  return [...byName.values()];
}

function isText({ type }: Field): boolean {
  return !isNumeric(type) && type !== "BOOLEAN" && !isTime(type);
}

/** Text beside numbers would make text of the numbers. */
function mixedTypes(a: Field, b: Field): HeddleError {
  const name = JSON.stringify(a.name);
  return new HeddleError(
    "DTypeMismatch",
    `concat: column ${name} is ${dtypeOf(a.type)} in one frame and ${dtypeOf(b.type)} in another: ` +
      `convert one of them, as in astype({ ${name}: "string" })`,
    { fields: { column: a.name, types: [dtypeOf(a.type), dtypeOf(b.type)] } },
  );
}

/** A query of no rows with these columns and a row ordinal. */
function emptySql(fields: readonly Field[]): string {
  const items = fields.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`);
  return `(SELECT ${[...items, '0 AS "__row"'].join(", ")} WHERE false)`;
}

/** Columns have one name each; a query would silently give two of the same. */
function checkUnique(plan: Plan): void {
  if (plan.kind !== "project" && plan.kind !== "aggregate") return;
  const items = plan.kind === "project" ? plan.items : [...plan.keys, ...plan.items];
  const names = items.map((item) => item.name);
  checkColumnNames(names);
}

/** Our own check of names comes first: it knows the nearest one and the frame's columns. */
function checkNames(plan: Plan): void {
  const names = inputsOf(plan).map((input) => columnNames(input));
  for (const [side, name] of referencedNames(plan)) {
    const known = names[side] ?? [];
    if (!known.includes(name)) throw unknownColumn(name, known);
  }
}

function referencedNames(plan: Plan): [input: number, name: string][] {
  const of = (exprs: readonly ExprNode[]): [number, string][] =>
    exprs.flatMap((expr) => Array.from(columnsOf(expr), (name): [number, string] => [0, name]));
  switch (plan.kind) {
    case "project":
      return of(plan.items.map((item) => item.expr));
    case "filter":
      return of([plan.predicate]);
    case "aggregate":
      return of([...plan.keys, ...plan.items].map((item) => item.expr));
    case "sort":
      return of(plan.keys.map((key) => key.expr));
    case "distinct":
      return plan.subset.map((name) => [0, name]);
    case "shuffle":
      return plan.on.map((name) => [0, name]);
    case "join":
      return plan.on.flatMap(([left, right]): [number, string][] => [
        [0, left],
        [1, right],
      ]);
    default:
      return [];
  }
}

/**
 * The columns that a user's function gives, found by calling it with a table of no rows, as Dask
 * does.
 */
function inferMap(plan: MapPlan): readonly Field[] {
  let result: unknown;
  try {
    const empty: Table = LocalTable.empty(schemaOf(plan.input));
    result = plan.fn(empty, ...plan.args);
  } catch (cause) {
    if (isHeddleError(cause)) throw cause;
    throw needSchema("it throws when called with a table of no rows", cause);
  }
  if (isTable(result)) return result.fields;
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw needSchema("it is async, and cannot be waited for while the frame is built", undefined);
  }
  if (
    typeof result === "object" &&
    result !== null &&
    !Array.isArray(result) &&
    !("then" in result)
  ) {
    return LocalTable.fromColumns(result as never).fields;
  }
  throw needSchema("what it gives for a table of no rows does not say", undefined);
}

function needSchema(why: string, cause: unknown): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `the columns that the function of mapPartitions gives are needed here, but ${why}: ` +
      'name them, as in mapPartitions(fn, { schema: { origin: "string", delay: "float64" } })',
    { cause },
  );
}
