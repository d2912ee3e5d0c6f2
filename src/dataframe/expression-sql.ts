/**
 * @file Expressions as SQL. Meanings follow pandas where SQL differs and nulls do not matter (true
 * division, sign of `mod`, half-to-even rounding, `std` with n - 1); nulls propagate as in SQL and
 * Polars.
 */
import { HeddleError } from "../core/errors.ts";
import { quoteName, quoteText } from "../table/sql-text.ts";
import { isInteger, type SqlType } from "../table/types.ts";
import type { ExprNode, Literal } from "./expression.ts";
import { isTime, typeOf } from "./expression-type.ts";

/** How the surroundings of an expression are written. */
export interface SqlScope {
  /** SQL of a column. */
  column(name: string): string;
  /** Terms that order rows, for what depends on row order. */
  rowOrder(): readonly string[];
  /** Type of a column where it is known. */
  type?(name: string): SqlType | undefined;
}

const NAN = "'NaN'::DOUBLE";
const MINUS_INFINITY = "'-Infinity'::DOUBLE";

/** The engine fails where floats have an answer: -Infinity for 0, NaN for what is below. */
const logarithm =
  (name: string): Render =>
  (x) =>
    `CASE WHEN ${x} > 0 THEN ${name}(${x}) WHEN ${x} = 0 THEN ${MINUS_INFINITY} ` +
    `WHEN ${x} < 0 THEN ${NAN} END`;

type Render = (...args: string[]) => string;

const infix =
  (operator: string): Render =>
  (...args) =>
    `(${args.join(` ${operator} `)})`;
const fn =
  (name: string): Render =>
  (...args) =>
    `${name}(${args.join(", ")})`;
const part =
  (name: string): Render =>
  (x) =>
    `CAST(date_part('${name}', ${x}) AS INTEGER)`;

/** SQL of every scalar function. */
const SCALARS: Readonly<Record<string, Render>> = {
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: infix("/"),
  floordiv: (a, b) => `floor(${a} / ${b})`,
  mod: (a, b) => `(((${a} % ${b}) + ${b}) % ${b})`,
  pow: fn("pow"),
  neg: (x) => `(-${x})`,
  abs: fn("abs"),
  sign: fn("sign"),
  round: (x, digits = "0") => `round_even(${x}, ${digits})`,
  floor: fn("floor"),
  ceil: fn("ceil"),
  trunc: fn("trunc"),
  sqrt: (x) => `CASE WHEN ${x} < 0 THEN ${NAN} ELSE sqrt(${x}) END`,
  exp: fn("exp"),
  log: logarithm("ln"),
  log2: logarithm("log2"),
  log10: logarithm("log10"),
  sin: fn("sin"),
  cos: fn("cos"),
  tan: fn("tan"),
  // The engine's own functions pass over nulls: a null would become a limit.
  clip: (x, low, high) =>
    `CASE WHEN ${x} IS NOT NULL THEN least(greatest(${x}, ${low}), ${high}) END`,
  eq: infix("="),
  ne: infix("<>"),
  lt: infix("<"),
  le: infix("<="),
  gt: infix(">"),
  ge: infix(">="),
  and: infix("AND"),
  or: infix("OR"),
  xor: (a, b) => `(${a} <> ${b})`,
  not: (x) => `(NOT ${x})`,
  isNull: (x) => `(${x} IS NULL)`,
  notNull: (x) => `(${x} IS NOT NULL)`,
  isNan: fn("isnan"),
  isFinite: fn("isfinite"),
  between: (x, low, high) => `(${x} BETWEEN ${low} AND ${high})`,
  isIn: (x, ...values) => {
    const some = values.filter((value) => value !== "NULL");
    const hasNull = some.length < values.length;
    if (some.length === 0) return hasNull ? `(${x} IS NULL)` : "false";
    const found = `(${x} IN (${some.join(", ")}))`;
    // A null among the values is one that null equals, as in pandas.
    return hasNull ? `coalesce(${found}, ${x} IS NULL)` : found;
  },
  coalesce: fn("coalesce"),
  nullIf: fn("nullif"),
  least: fn("least"),
  greatest: fn("greatest"),
  lower: fn("lower"),
  upper: fn("upper"),
  strip: fn("trim"),
  lstrip: fn("ltrim"),
  rstrip: fn("rtrim"),
  len: fn("length"),
  contains: fn("contains"),
  startsWith: fn("starts_with"),
  endsWith: fn("ends_with"),
  matches: fn("regexp_matches"),
  // Text without a match has none to give; the engine would give empty text.
  extract: (x, pattern, ...group) =>
    `CASE WHEN regexp_matches(${x}, ${pattern}) ` +
    `THEN regexp_extract(${[x, pattern, ...group].join(", ")}) END`,
  replace: fn("replace"),
  replaceRegex: (x, pattern, by) => `regexp_replace(${x}, ${pattern}, ${by}, 'g')`,
  // Positions count from 0 and may be negative; SQL's start from 1.
  slice: (x, start, stop) => `array_slice(${x}, ${start}, ${stop})`,
  find: (x, text) => `(instr(${x}, ${text}) - 1)`,
  split: fn("string_split"),
  get: (list, i) => `list_extract(${list}, ${i})`,
  // The engine's own padding functions cut longer text.
  pad: (x, width, by) => `(repeat(${by}, greatest(${width} - length(${x}), 0)) || ${x})`,
  ljust: (x, width, by) => `(${x} || repeat(${by}, greatest(${width} - length(${x}), 0)))`,
  repeat: fn("repeat"),
  reverse: fn("reverse"),
  concat: infix("||"),
  capitalize: (x) => `(upper(${x}[1:1]) || lower(${x}[2:]))`,
  year: part("year"),
  quarter: part("quarter"),
  month: part("month"),
  day: part("day"),
  hour: part("hour"),
  minute: part("minute"),
  second: part("second"),
  microsecond: (x) => `CAST(date_part('microsecond', ${x}) % 1000000 AS INTEGER)`,
  // Monday is 0, as in pandas.
  dayofweek: (x) => `CAST(date_part('isodow', ${x}) - 1 AS INTEGER)`,
  dayofyear: part("dayofyear"),
  week: part("week"),
  date: (x) => `CAST(${x} AS DATE)`,
  time: (x) => `CAST(${x} AS TIME)`,
  daysInMonth: (x) => `CAST(date_part('day', last_day(${x})) AS INTEGER)`,
  floorTo: (x, unit) => `date_trunc(${unit}, ${x})`,
  strftime: fn("strftime"),
  epochSeconds: fn("epoch"),
  // For exchanges: the same in one version of the engine, and bytes that sort as the values do.
  engineHash: (...args) => `CAST(hash(${args.join(", ")}) AS UBIGINT)`,
  sortKey: fn("create_sort_key"),
};

/**
 * Renders an aggregate; `over` follows each call, empty or the window within which it is computed.
 */
type RenderAggregate = (of: readonly string[], over: string, args: readonly number[]) => string;

/** SQL of every aggregate. */
const AGGREGATES: Readonly<Record<string, RenderAggregate>> = {
  size: (_, over) => `count(*)${over}`,
  count: ([x], over) => `count(${x})${over}`,
  // An empty sum is 0, as in pandas.
  sum: ([x], over) => `coalesce(sum(${x})${over}, 0)`,
  prod: ([x], over) => `coalesce(product(${x})${over}, 1)`,
  mean: ([x], over) => `avg(${x})${over}`,
  min: ([x], over) => `min(${x})${over}`,
  max: ([x], over) => `max(${x})${over}`,
  std: ([x = ""], over, [ddof = 1]) => spread(ddof === 0 ? "stddev_pop" : "stddev_samp", x, over),
  var: ([x = ""], over, [ddof = 1]) => spread(ddof === 0 ? "var_pop" : "var_samp", x, over),
  sem: ([x = ""], over) => `(${spread("stddev_samp", x, over)} / sqrt(count(${x})${over}))`,
  median: ([x], over) => `median(${x})${over}`,
  quantile: ([x], over, [q = 0.5]) => `quantile_cont(${x}, ${q})${over}`,
  /** The n-th (from 1) of several quantiles that are found together. */
  quantiles: ([x], over, [n, ...all]) => `quantile_cont(${x}, [${all.join(", ")}])${over}[${n}]`,
  nunique: ([x], over) => `count(DISTINCT ${x})${over}`,
  any: ([x], over) => `coalesce(bool_or(CAST(${x} AS BOOLEAN))${over}, false)`,
  all: ([x], over) => `coalesce(bool_and(CAST(${x} AS BOOLEAN))${over}, true)`,
  corr: (of, over) => spread("corr", of, over),
  cov: (of, over) => spread("covar_samp", of, over),
};

/** A measure of spread; the engine fails at NaN and infinity, which make it NaN. */
function spread(name: string, of: string | readonly string[], over: string): string {
  const list = typeof of === "string" ? [of] : of;
  const finite = list.map((x) => `isfinite(CAST(${x} AS DOUBLE))`);
  const args = list.map((x, i) => `CASE WHEN ${finite[i]} THEN ${x} END`);
  return (
    `CASE WHEN bool_and(${finite.join(" AND ")})${over} IS NOT FALSE ` +
    `THEN ${name}(${args.join(", ")})${over} ELSE ${NAN} END`
  );
}

/** Aggregates that count with truth as 1 and 0, which the engine has for numbers only. */
const COUNTING: ReadonlySet<string> = new Set(
  "mean prod std var sem median quantile quantiles corr cov".split(" "),
);

/** Aggregates that depend on row order: the first and last value that is not null. */
const ORDERED_AGGREGATES: Readonly<Record<string, string>> = { first: "arg_min", last: "arg_max" };

const RUNNING = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";

type RenderWindow = (
  of: readonly string[],
) => [sql: string, frame?: string, of?: string | undefined];

/**
 * SQL of every window function, the frame it needs, and the value without which a row has none:
 * running totals pass over nulls and leave them.
 */
const WINDOWS: Readonly<Record<string, RenderWindow>> = {
  shift: ([x, n]) => [Number(n) < 0 ? `lead(${x}, ${-Number(n)})` : `lag(${x}, ${n})`],
  cumsum: ([x]) => [`sum(${x})`, RUNNING, x],
  cumprod: ([x]) => [`product(${x})`, RUNNING, x],
  cummin: ([x]) => [`min(${x})`, RUNNING, x],
  cummax: ([x]) => [`max(${x})`, RUNNING, x],
  cumcount: () => ["row_number()"],
};

/** Names of the aggregates that can be asked for by name. */
export const AGGREGATE_NAMES: readonly string[] = [
  ...Object.keys(AGGREGATES).filter((name) => !["corr", "cov", "quantiles"].includes(name)),
  ...Object.keys(ORDERED_AGGREGATES),
];

/** The SQL of an expression. */
export function toSql(node: ExprNode, scope: SqlScope): string {
  const render = (part: ExprNode): string => toSql(part, scope);
  switch (node.kind) {
    case "column":
      return scope.column(node.name);
    case "literal":
      return literalSql(node.value);
    case "call":
      return callSql(node, scope, node.args.map(render));
    case "cast":
      return castSql(render(node.arg), node.to, node.lenient);
    case "case": {
      const whens = node.whens.map(([when, then]) => `WHEN ${render(when)} THEN ${render(then)}`);
      return `CASE ${whens.join(" ")} ELSE ${render(node.otherwise)} END`;
    }
    case "aggregate":
      return aggregateSql(node, scope, "");
    case "window":
      return windowSql(node, scope);
  }
}

function callSql(
  node: Extract<ExprNode, { kind: "call" }>,
  scope: SqlScope,
  args: readonly string[],
): string {
  const [a, b] = node.args;
  if (node.fn === "sub" && a !== undefined && b !== undefined) {
    // The engine gives days or an interval: a difference of times is seconds, whatever they are.
    const times = [a, b].every((arg) => isTime(typeOf(arg, scope)));
    if (times) return `epoch(CAST(${args[0]} AS TIMESTAMP) - CAST(${args[1]} AS TIMESTAMP))`;
  }
  return known(SCALARS[node.fn], node.fn)(...args);
}

/** A value as another type; floats lose their fraction, as in NumPy, where SQL would round. */
export function castSql(sql: string, to: SqlType, lenient = false): string {
  const cast = lenient ? "TRY_CAST" : "CAST";
  const plain = `${cast}(${sql} AS ${to})`;
  if (!isInteger(to)) return plain;
  const whole = `trunc(${cast}(${sql} AS DOUBLE))`;
  // The type is known when the query is bound: one side is all that is left then.
  return `CASE WHEN typeof(${sql}) IN ('DOUBLE', 'FLOAT') THEN ${cast}(${whole} AS ${to}) ELSE ${plain} END`;
}

function aggregateSql(
  node: Extract<ExprNode, { kind: "aggregate" }>,
  scope: SqlScope,
  over: string,
): string {
  const of = node.of.map((part) => {
    const sql = toSql(part, scope);
    const truth = COUNTING.has(node.fn) && typeOf(part, scope) === "BOOLEAN";
    return truth ? `CAST(${sql} AS TINYINT)` : sql;
  });
  const ordered = ORDERED_AGGREGATES[node.fn];
  if (ordered !== undefined) return `${ordered}(${of[0]}, ${single(scope.rowOrder())})${over}`;
  return known(AGGREGATES[node.fn], node.fn)(of, over, node.args);
}

function windowSql(node: Extract<ExprNode, { kind: "window" }>, scope: SqlScope): string {
  const by = node.by.map((part) => toSql(part, scope));
  const partition = by.length === 0 ? "" : `PARTITION BY ${by.join(", ")}`;
  const [inner] = node.of;
  if (inner?.kind === "aggregate") return aggregateSql(inner, scope, ` OVER (${partition})`);
  const of = node.of.map((part) => toSql(part, scope));
  const [sql, frame, value] = known(WINDOWS[node.fn], node.fn)(of);
  const terms = scope.rowOrder();
  const order = terms.length === 0 ? "" : `ORDER BY ${terms.join(", ")}`;
  const parts = [partition, order, frame ?? ""].filter((part) => part !== "");
  const all = `${sql} OVER (${parts.join(" ")})`;
  return value === undefined ? all : `CASE WHEN ${value} IS NOT NULL THEN ${all} END`;
}

/** One expression that orders rows as the terms do. */
function single(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0] as string;
  return `(${terms.join(", ")})`;
}

function known<T>(entry: T | undefined, name: string): T {
  if (entry !== undefined) return entry;
  throw new HeddleError("InvariantViolated", `no SQL for "${name}". This is a bug in Heddle.`);
}

/** A literal as SQL text. */
export function literalSql(value: Literal): string {
  if (value === null) return "NULL";
  switch (typeof value) {
    case "number":
      return numberSql(value);
    case "bigint":
      return String(value);
    case "string":
      return quoteText(value);
    case "boolean":
      return String(value);
    default:
      if (value instanceof Date) return `TIMESTAMP ${quoteText(dateText(value))}`;
      return `'${Array.from(value, (b) => `\\x${b.toString(16).padStart(2, "0")}`).join("")}'::BLOB`;
  }
}

/**
 * Whole numbers stay whole, so that an integer column keeps its type; others are DOUBLE, not
 * DECIMAL.
 */
function numberSql(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (Number.isFinite(value)) return `${Object.is(value, -0) ? "-0.0" : value}::DOUBLE`;
  return `'${Number.isNaN(value) ? "NaN" : value}'::DOUBLE`;
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) {
    throw new HeddleError("InvalidArgument", "an invalid Date cannot stand in an expression");
  }
  return date.toISOString().replace("T", " ").replace("Z", "");
}

/** A readable form for `explain` and messages: columns by name, SQL otherwise. */
export function describeExpr(node: ExprNode): string {
  return toSql(node, {
    column: (name) => (/^[a-z_]\w*$/i.test(name) ? name : quoteName(name)),
    rowOrder: () => ["row order"],
  });
}
