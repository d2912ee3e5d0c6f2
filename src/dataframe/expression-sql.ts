/**
 * @file Expressions as SQL. Meanings follow pandas where SQL differs and nulls do not matter (true
 * division, sign of `mod`, half-to-even rounding, `std` with n - 1); nulls propagate as in SQL and
 * Polars.
 */
import { HeddleError } from "../core/errors.ts";
import { quoteName, quoteText } from "../table/sql-text.ts";
import type { ExprNode, Literal } from "./expression.ts";

/** How the surroundings of an expression are written. */
export interface SqlScope {
  /** SQL of a column. */
  column(name: string): string;
  /** Terms that order rows, for what depends on row order. */
  rowOrder(): readonly string[];
}

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
  sqrt: fn("sqrt"),
  exp: fn("exp"),
  log: fn("ln"),
  log2: fn("log2"),
  log10: fn("log10"),
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
  isIn: (x, ...values) => (values.length === 0 ? "false" : `(${x} IN (${values.join(", ")}))`),
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
  std: ([x], over, [ddof = 1]) => `${ddof === 0 ? "stddev_pop" : "stddev_samp"}(${x})${over}`,
  var: ([x], over, [ddof = 1]) => `${ddof === 0 ? "var_pop" : "var_samp"}(${x})${over}`,
  sem: ([x], over) => `(stddev_samp(${x})${over} / sqrt(count(${x})${over}))`,
  median: ([x], over) => `median(${x})${over}`,
  quantile: ([x], over, [q = 0.5]) => `quantile_cont(${x}, ${q})${over}`,
  /** The n-th (from 1) of several quantiles that are found together. */
  quantiles: ([x], over, [n, ...all]) => `quantile_cont(${x}, [${all.join(", ")}])${over}[${n}]`,
  nunique: ([x], over) => `count(DISTINCT ${x})${over}`,
  any: ([x], over) => `coalesce(bool_or(${x})${over}, false)`,
  all: ([x], over) => `coalesce(bool_and(${x})${over}, true)`,
  corr: ([x, y], over) => `corr(${x}, ${y})${over}`,
  cov: ([x, y], over) => `covar_samp(${x}, ${y})${over}`,
};

/** Aggregates that depend on row order: the first and last value that is not null. */
const ORDERED_AGGREGATES: Readonly<Record<string, string>> = { first: "arg_min", last: "arg_max" };

const RUNNING = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";

/** SQL of every window function, and the frame it needs. */
const WINDOWS: Readonly<Record<string, (of: readonly string[]) => [sql: string, frame?: string]>> =
  {
    shift: ([x, n]) => [Number(n) < 0 ? `lead(${x}, ${-Number(n)})` : `lag(${x}, ${n})`],
    cumsum: ([x]) => [`sum(${x})`, RUNNING],
    cumprod: ([x]) => [`product(${x})`, RUNNING],
    cummin: ([x]) => [`min(${x})`, RUNNING],
    cummax: ([x]) => [`max(${x})`, RUNNING],
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
      return known(SCALARS[node.fn], node.fn)(...node.args.map(render));
    case "cast":
      return `${node.lenient ? "TRY_CAST" : "CAST"}(${render(node.arg)} AS ${node.to})`;
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

function aggregateSql(
  node: Extract<ExprNode, { kind: "aggregate" }>,
  scope: SqlScope,
  over: string,
): string {
  const of = node.of.map((part) => toSql(part, scope));
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
  const [sql, frame] = known(WINDOWS[node.fn], node.fn)(of);
  const terms = scope.rowOrder();
  const order = terms.length === 0 ? "" : `ORDER BY ${terms.join(", ")}`;
  const parts = [partition, order, frame ?? ""].filter((part) => part !== "");
  return `${sql} OVER (${parts.join(" ")})`;
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
