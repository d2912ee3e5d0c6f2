/**
 * @file Plans as SQL. A step adds to the SELECT block of its input where the meaning allows, else
 * it wraps it. Row order is carried by terms: what needs it (ties, `first`, `tail`, `shift`) asks
 * its input for a hidden ordinal, `__row`, which starts at the scan as file index and row number;
 * what does not need it never pays for it.
 */
import { assert } from "../core/errors.ts";
import { quoteName } from "../table/sql-text.ts";
import type { Field, SqlType } from "../table/types.ts";
import { guardedSql, isGuarded } from "./csv.ts";
import { type ExprNode, partsOf, someNode } from "./expression.ts";
import { castSql, type SqlScope, toSql } from "./expression-sql.ts";
import {
  type AggregatePlan,
  type ConcatPlan,
  type DistinctPlan,
  type InputPlan,
  inputsOf,
  type JoinPlan,
  type LimitPlan,
  type NamedExpr,
  type Plan,
  type ProjectPlan,
  type QueryPlan,
  type ScanPlan,
  type SortPlan,
  withInputs,
} from "./plan.ts";

const ROW = quoteName("__row");

/** How a table of the surroundings is read. */
export interface LeafSql {
  readonly from: string;
  /** SQL of its row ordinal. */
  readonly row: string;
}

/** How a scan's files, or some of them, are read. */
export interface ScanSql {
  readonly from: string;
  readonly where?: string;
  /** Number of the first of the files among all of the scan's; default 0. */
  readonly firstFile?: number;
}

/** What rendering needs to know from outside. */
export interface SqlContext {
  schema(plan: Plan): readonly Field[];
  leaf(plan: InputPlan): LeafSql;
  /** The reader call of a scan; the caller may restrict it to a part of the files. */
  scan(plan: ScanPlan): ScanSql;
}

interface Item {
  readonly name: string;
  readonly sql: string;
}

/** One SELECT under construction. */
interface Block {
  readonly items: readonly Item[];
  readonly from: string;
  readonly where: readonly string[];
  readonly groupBy?: readonly string[];
  readonly qualify?: string;
  readonly order: readonly string[];
  readonly limit?: number;
  /** Terms that give the row order within this block; empty when not asked for. */
  readonly row: readonly string[];
  /** Whether the items are plain columns of `from`, so that conditions may use them. */
  readonly plain: boolean;
  /** All columns of `from`, whose names are not known. */
  readonly all?: boolean;
  /**
   * Whether rows come in row order: by `order`, or because the engine keeps the order of its input.
   */
  readonly inOrder: boolean;
}

/** The query of a plan. */
export function planSql(plan: Plan, context: SqlContext): string {
  return new Renderer(context, plan).query(plan);
}

/** The query of one step over inputs that are given as leaves. */
export function stepSql(plan: Plan, leaves: readonly InputPlan[], context: SqlContext): string {
  return planSql(withInputs(plan, leaves), context);
}

/** Whether the user has put the rows in an order. */
export function isOrdered(plan: Plan): boolean {
  switch (plan.kind) {
    case "sort":
      return true;
    case "aggregate":
      return plan.sort && plan.keys.length > 0;
    case "distinct":
      return true;
    case "filter":
    case "project":
    case "limit":
    case "sample":
      return isOrdered(plan.input);
    case "join":
      return plan.how !== "right" && isOrdered(plan.left);
    default:
      return false;
  }
}

/** Whether an expression depends on the order of rows. */
function usesOrder(expr: ExprNode): boolean {
  return someNode(expr, (n) => {
    if (n.kind === "window") return n.fn !== "over";
    return n.kind === "aggregate" && (n.fn === "first" || n.fn === "last");
  });
}

type WindowNode = Extract<ExprNode, { kind: "window" }>;

function windowsOf(expr: ExprNode): WindowNode[] {
  const inner = partsOf(expr).flatMap(windowsOf);
  return expr.kind === "window" ? [expr, ...inner] : inner;
}

/**
 * Whether a window needs only the rows before its own (or a fixed number after it), of all rows.
 */
function isRunning(node: WindowNode): boolean {
  return node.fn !== "over" && node.by.length === 0;
}

class Renderer {
  readonly #context: SqlContext;
  readonly #shared = new Set<Plan>();
  readonly #tables = new Map<string, string>();
  readonly #names = new Map<Plan, number>();

  constructor(context: SqlContext, root: Plan) {
    this.#context = context;
    const seen = new Set<Plan>();
    const visit = (plan: Plan): void => {
      const cheap = ["scan", "input", "project", "filter"].includes(plan.kind);
      if (seen.has(plan) && !cheap) this.#shared.add(plan);
      if (seen.has(plan)) return;
      seen.add(plan);
      for (const input of inputsOf(plan)) visit(input);
    };
    visit(root);
  }

  query(root: Plan): string {
    const sql = render(this.#block(root, false), false);
    if (this.#tables.size === 0) return sql;
    const tables = Array.from(
      this.#tables,
      ([name, table]) => `${name} AS MATERIALIZED (${table})`,
    );
    return `WITH ${tables.join(", ")} ${sql}`;
  }

  /** The block of a plan; of one that is read twice, a reference to a common table. */
  #block(plan: Plan, row: boolean): Block {
    if (!this.#shared.has(plan)) return this.#build(plan, row);
    if (!this.#names.has(plan)) this.#names.set(plan, this.#names.size);
    const name = quoteName(`shared${this.#names.get(plan)}${row ? " ordered" : ""}`);
    const block = this.#build(plan, row);
    if (!this.#tables.has(name)) this.#tables.set(name, render(block, row));
    const items = block.items.map((item) => ({ name: item.name, sql: quoteName(item.name) }));
    return { ...over(name, items, row), inOrder: block.inOrder };
  }

  #build(plan: Plan, row: boolean): Block {
    switch (plan.kind) {
      case "scan":
        return this.#scan(plan, row);
      case "input": {
        const { from, row: ordinal } = this.#context.leaf(plan);
        const items = columnItems(this.#context.schema(plan));
        return { ...over(from, items, false), row: row ? [ordinal] : [], inOrder: true };
      }
      case "project":
        return this.#project(plan, row);
      case "filter": {
        const windows = windowsOf(plan.predicate).length > 0;
        const block = this.#open(plan.input, row || windows);
        const condition = toSql(plan.predicate, this.#scope(block, plan.input));
        if (windows) return { ...block, qualify: condition, order: block.row, inOrder: true };
        return { ...block, where: [...block.where, condition] };
      }
      case "aggregate":
        return this.#aggregate(plan);
      case "join":
        return this.#join(plan, row);
      case "sort":
        return this.#sort(plan);
      case "shuffle":
        // Within one query there is one partition.
        return this.#block(plan.input, row);
      case "limit":
        return this.#limit(plan, row);
      case "distinct":
        return this.#distinct(plan);
      case "concat":
        return this.#concat(plan, row);
      case "query":
        return this.#userQuery(plan, row);
      case "sample": {
        const block = nest(this.#block(plan.input, true), true);
        const limit = Math.round(plan.fraction * 1_000_000);
        const where = [`hash(${ROW}, ${plan.seed}) % 1000000 < ${limit}`];
        return { ...block, where };
      }
      case "map":
        assert(false, "a map is cut out of a plan before it becomes SQL");
    }
  }

  /** The input as a block to which conditions and items can be added. */
  #open(plan: Plan, row: boolean): Block {
    const block = this.#block(plan, row);
    const open =
      block.plain &&
      block.groupBy === undefined &&
      block.qualify === undefined &&
      block.limit === undefined &&
      block.order.length === 0;
    return open ? block : nest(block, row);
  }

  #scan(plan: ScanPlan, row: boolean): Block {
    const { from, where, firstFile = 0 } = this.#context.scan(plan);
    const { options } = plan.source;
    const fields = this.#context.schema(plan);
    const conditions = where === undefined ? [] : [where];
    if (options.format !== "parquet") {
      const read = fields.map((field) => ({
        name: field.name,
        sql: isGuarded(options.format, field.type) ? guardedSql(field) : quoteName(field.name),
      }));
      const inner = row ? `(SELECT *, row_number() OVER () AS ${ROW} FROM ${from})` : from;
      const block = over(inner, read, row);
      return { ...block, where: conditions, inOrder: true };
    }
    const items = fields.map(({ name, type }) => ({
      name,
      sql: !Object.hasOwn(options.schema ?? {}, name)
        ? quoteName(name)
        : castSql(quoteName(name), type),
    }));
    const file = firstFile === 0 ? "file_index" : `(file_index + ${firstFile})`;
    const ordinal = `(CAST(${file} AS BIGINT) * 1099511627776 + file_row_number)`;
    const block = over(from, items, false);
    return { ...block, where: conditions, row: row ? [ordinal] : [], inOrder: true };
  }

  #project(plan: ProjectPlan, row: boolean): Block {
    const windows = plan.items.flatMap(({ expr }) => windowsOf(expr));
    if (windows.length > 0 && windows.every(isRunning)) return this.#running(plan, row);
    // The engine reorders rows to compute windows within groups, so their order must be restored.
    const block = this.#open(plan.input, row || windows.length > 0);
    return {
      ...block,
      order: windows.length > 0 ? block.row : block.order,
      inOrder: windows.length > 0 || block.inOrder,
      items: this.#items(plan, plan.items, block),
      plain: plan.items.every(({ expr }) => expr.kind === "column"),
    };
  }

  /**
   * Functions of the rows so far, over rows that come in order anyway: computed as they stream by,
   * in any amount.
   */
  #running(plan: ProjectPlan, row: boolean): Block {
    const direct = this.#open(plan.input, row);
    if (direct.inOrder) {
      const items = this.#items(plan, plan.items, { ...direct, row: [] });
      return { ...direct, items, plain: false };
    }
    const block = this.#open(plan.input, true);
    const items = this.#items(plan, plan.items, block);
    return { ...block, items, plain: false, order: block.row, inOrder: true };
  }

  #aggregate(plan: AggregatePlan): Block {
    const ordered = plan.items.some(({ expr }) => usesOrder(expr));
    const block = withoutOrder(this.#block(plan.input, ordered));
    // First and last compare rows by their terms, which then are values.
    const usable = block.plain && isBare(block) && block.row.every(isValue);
    const input = usable ? block : nest(block, ordered);
    const scope = this.#scope(input, plan.input);
    const keys = plan.keys.map(({ expr }) => toSql(expr, scope));
    const notNull = plan.dropna ? keys.map((key) => `${key} IS NOT NULL`) : [];
    const names = plan.keys.map(({ name }) => quoteName(name));
    return {
      ...input,
      items: this.#items(plan, [...plan.keys, ...plan.items], input),
      where: [...input.where, ...notNull],
      ...(keys.length === 0 ? {} : { groupBy: keys }),
      order: plan.sort ? names : [],
      row: keys.length === 0 ? ["0"] : keys,
      plain: false,
      inOrder: plan.sort || keys.length === 0,
    };
  }

  #sort(plan: SortPlan): Block {
    const block = withoutOrder(this.#block(plan.input, !isUnique(plan.input)));
    const nested = block.qualify !== undefined || block.limit !== undefined;
    const byName = plan.keys.every((key) => key.expr.kind === "column");
    const usable = !nested && (block.plain || byName);
    const input = usable ? block : nest(block, block.row.length > 0);
    const scope = input.plain ? scopeOf(input) : outputScope(input);
    const terms = plan.keys.map(({ expr, descending, nullsFirst }) => {
      const direction = descending ? " DESC" : "";
      return `${toSql(expr, scope)}${direction} NULLS ${nullsFirst ? "FIRST" : "LAST"}`;
    });
    const order = [...terms, ...input.row];
    // An alias cannot be used inside the ordinal's window: there the expression itself stands.
    const inner = plan.keys.map(({ expr, descending, nullsFirst }) => {
      const direction = descending ? " DESC" : "";
      return `${toSql(expr, scopeOf(input))}${direction} NULLS ${nullsFirst ? "FIRST" : "LAST"}`;
    });
    return { ...input, order, row: [...inner, ...input.row], inOrder: true };
  }

  #limit(plan: LimitPlan, row: boolean): Block {
    if (plan.from === "tail") {
      const block = nest(this.#block(plan.input, true), true);
      const last = { ...block, order: [`${ROW} DESC`], limit: plan.count };
      return { ...nest(last, true), order: [ROW], inOrder: true };
    }
    const direct = this.#block(plan.input, row);
    if (direct.inOrder) {
      const input = direct.limit === undefined ? direct : nest(direct, row);
      return { ...input, limit: plan.count };
    }
    const block = nest(this.#block(plan.input, true), true);
    return { ...block, order: [ROW], limit: plan.count, inOrder: true };
  }

  #distinct(plan: DistinctPlan): Block {
    const block = nest(withoutOrder(this.#block(plan.input, true)), true);
    const names = block.items.map(({ name }) => name);
    const subset = plan.subset.map(quoteName);
    if (subset.length === names.length) {
      const pick = plan.keep === "first" ? "min" : "max";
      const grouped = { ...block, groupBy: subset, row: [`${pick}(${ROW})`], plain: false };
      return { ...nest(grouped, true), order: [ROW], inOrder: true };
    }
    const order = `${ROW}${plan.keep === "last" ? " DESC" : ""}`;
    const qualify = `row_number() OVER (PARTITION BY ${subset.join(", ")} ORDER BY ${order}) = 1`;
    return { ...block, qualify, order: [ROW], inOrder: true };
  }

  #join(plan: JoinPlan, row: boolean): Block {
    const ordered = isOrdered(plan);
    const withRow = row || ordered;
    const [l, r] = [quoteName("l"), quoteName("r")];
    const one = plan.how === "semi" || plan.how === "anti";
    const left = render(withoutOrder(this.#block(plan.left, withRow)), withRow);
    const right = render(withoutOrder(this.#block(plan.right, withRow && !one)), withRow && !one);
    const on = plan.on.map(([a, b]) => `${l}.${quoteName(a)} = ${r}.${quoteName(b)}`);
    const condition = plan.how === "cross" ? "" : ` ON ${on.join(" AND ")}`;
    const word = plan.how === "outer" ? "FULL OUTER" : plan.how.toUpperCase();
    const items = plan.columns.map(({ name, from, left: a = name, right: b = name }) => {
      const both = `coalesce(${l}.${quoteName(a)}, ${r}.${quoteName(b)})`;
      if (from === "both") return { name, sql: both };
      return { name, sql: from === "left" ? `${l}.${quoteName(a)}` : `${r}.${quoteName(b)}` };
    });
    const terms = (one ? [l] : [l, r]).map((side) => `${side}.${ROW}`);
    return {
      items,
      from: `(${left}) AS ${l} ${word} JOIN (${right}) AS ${r}${condition}`,
      where: [],
      order: ordered ? terms : [],
      row: withRow ? terms : [],
      plain: plan.columns.every(({ from }) => from !== "both"),
      inOrder: ordered,
    };
  }

  #concat(plan: ConcatPlan, row: boolean): Block {
    const fields = this.#context.schema(plan);
    const parts = plan.inputs.map((input, i) => {
      const block = nest(this.#block(input, row), row);
      const own = new Set(block.items.map(({ name }) => name));
      const items = fields.map(({ name }) => ({
        name,
        sql: own.has(name) ? quoteName(name) : "NULL",
      }));
      const part = row ? `, ${i} AS ${quoteName("__part")}` : "";
      return render({ ...block, items }, row, part);
    });
    const items = columnItems(fields);
    const block = over(`(${parts.map((part) => `(${part})`).join(" UNION ALL ")})`, items, false);
    return { ...block, row: row ? [quoteName("__part"), ROW] : [], inOrder: true };
  }

  #userQuery(plan: QueryPlan, row: boolean): Block {
    const tables = plan.inputs.map((input, i) => {
      const sql = render(this.#block(input, false), false);
      return `${quoteName(plan.names[i] as string)} AS (${sql})`;
    });
    const prefix = tables.length === 0 ? "" : `WITH ${tables.join(", ")} `;
    // The line end closes a comment at the end of the user's text.
    const query = `${prefix}SELECT * FROM (${plan.sql.trim().replace(/;+\s*$/, "")}\n)`;
    const from = row ? `(SELECT *, row_number() OVER () AS ${ROW} FROM (${query}))` : `(${query})`;
    const fields = this.#context.schema(plan);
    // The binder asks what columns there are: all of them.
    if (fields.length === 0) return { ...over(from, [], row), all: true };
    const items = fields.map(({ name, type }) => ({
      name,
      sql: type === "BIGINT" ? `CAST(${quoteName(name)} AS BIGINT)` : quoteName(name),
    }));
    return { ...over(from, items, row), plain: false, inOrder: true };
  }

  /** Names and types in a block's scope, whose columns are those of `plan`. */
  #scope(block: Block, plan: Plan): SqlScope {
    let types: ReadonlyMap<string, SqlType> | undefined;
    const type = (name: string): SqlType | undefined => {
      types ??= new Map(this.#context.schema(plan).map((f) => [f.name, f.type]));
      return types.get(name);
    };
    return { ...scopeOf(block), type };
  }

  /** Items with the casts that the logical schema asks for: integer sums come as HUGEINT. */
  #items(plan: ProjectPlan | AggregatePlan, items: readonly NamedExpr[], input: Block): Item[] {
    const scope = this.#scope(input, plan.input);
    const wide = items.some(({ expr }) => isSum(expr));
    const types = wide
      ? new Map(this.#context.schema(plan).map((f) => [f.name, f.type]))
      : undefined;
    return items.map(({ name, expr }) => {
      const sql = toSql(expr, scope);
      const cast = isSum(expr) && types?.get(name) === "BIGINT";
      return { name, sql: cast ? `CAST(${sql} AS BIGINT)` : sql };
    });
  }
}

function isSum(expr: ExprNode): boolean {
  return someNode(expr, (n) => {
    if (n.kind === "aggregate") return n.fn === "sum";
    return n.kind === "window" && n.fn === "cumsum";
  });
}

/** Whether rows have keys of their own, so that no ordinal is needed to break ties. */
function isUnique(plan: Plan): boolean {
  return plan.kind === "aggregate";
}

function isBare(block: Block): boolean {
  return (
    block.groupBy === undefined &&
    block.qualify === undefined &&
    block.limit === undefined &&
    block.order.length === 0
  );
}

/** Order is worth nothing under what reorders anyway, unless a limit has used it. */
function withoutOrder(block: Block): Block {
  return block.limit === undefined ? { ...block, order: [] } : block;
}

function columnItems(fields: readonly Field[]): Item[] {
  return fields.map(({ name }) => ({ name, sql: quoteName(name) }));
}

/** A block that reads `from`. */
function over(from: string, items: readonly Item[], row: boolean): Block {
  return {
    items,
    from,
    where: [],
    order: [],
    row: row ? [ROW] : [],
    plain: true,
    inOrder: false,
  };
}

/** The block as a subquery of a new one. */
function nest(block: Block, row: boolean): Block {
  const items = block.items.map(({ name }) => ({ name, sql: quoteName(name) }));
  return { ...over(`(${render(block, row)})`, items, row), inOrder: block.inOrder };
}

/** Names in a block's scope: the SQL behind each item. */
function scopeOf(block: Block): SqlScope {
  const byName = new Map(block.items.map(({ name, sql }) => [name, sql]));
  return {
    column: (name) => byName.get(name) ?? quoteName(name),
    rowOrder: () => block.row,
  };
}

/** Names as `ORDER BY` sees them: output columns. */
function outputScope(block: Block): SqlScope {
  return { column: quoteName, rowOrder: () => block.row };
}

function render(block: Block, row: boolean, extra = ""): string {
  const items = block.items.map((item) =>
    isIdentityItem(item) ? item.sql : `${item.sql} AS ${quoteName(item.name)}`,
  );
  const ordinal = row ? `, ${ordinalSql(block.row)} AS ${ROW}` : "";
  const parts = [
    `SELECT ${block.all ? "*" : items.join(", ") || "NULL"}${ordinal}${extra} FROM ${block.from}`,
    block.where.length === 0 ? "" : `WHERE ${block.where.join(" AND ")}`,
    block.groupBy === undefined ? "" : `GROUP BY ${block.groupBy.join(", ")}`,
    block.qualify === undefined ? "" : `QUALIFY ${block.qualify}`,
    block.order.length === 0 ? "" : `ORDER BY ${block.order.join(", ")}`,
    block.limit === undefined ? "" : `LIMIT ${block.limit}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function isIdentityItem(item: Item): boolean {
  return item.sql === quoteName(item.name);
}

/** Whether a term of a row order can be used as a value: it says nothing of a direction. */
function isValue(term: string): boolean {
  return !/ (DESC|NULLS \w+)$/.test(term);
}

function ordinalSql(terms: readonly string[]): string {
  const [only] = terms;
  assert(only !== undefined, "a step asked for row order that its input did not prepare");
  if (terms.length === 1 && isValue(only)) return only;
  return `row_number() OVER (ORDER BY ${terms.join(", ")})`;
}
