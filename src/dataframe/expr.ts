/**
 * @file `Expr`: the value of a column formula, typed by what it gives in each row, with its
 * accessors `str` and `dt` (pandas' names and numbering). Made by `col("x")`, by the row of a
 * callback (`(r) => r.delay.gt(15)`) and by each other's methods, which is why the three classes
 * share a file; nothing is computed here.
 */

import { HeddleError } from "../core/errors.ts";
import { refuseArithmetic } from "../core/no-arithmetic.ts";
import { sqlTypeOf } from "../table/types.ts";
import { wrongKind } from "./checks.ts";
import {
  call,
  column,
  depthOf,
  type ExprNode,
  type Literal,
  literal,
  logic,
} from "./expression.ts";
import { engineRegex, engineReplacement } from "./regex.ts";

/** A JavaScript value that can be compared or combined with values of type T. */
export type ValueFor<T> =
  NonNullable<T> extends number
    ? number | bigint
    : NonNullable<T> extends Date
      ? Date | string
      : NonNullable<T> extends string
        ? string
        : NonNullable<T>;

/** An expression or a value, as the other side of an operation. */
export type Operand<T> = Expr<NonNullable<T> | null> | ValueFor<T>;

/** What arithmetic on T gives: null stays possible. */
export type NumberFor<T> = null extends T ? number | null : number;

/** What a condition on T gives. */
export type BooleanFor<T> = null extends T ? boolean | null : boolean;

/** The row of a callback: each column as an expression. */
export type Row<S> = { readonly [K in keyof S]-?: Expr<S[K]> };

/** What the values of a record of expressions are. */
export type ValuesOf<R> = { [K in keyof R]: R[K] extends Expr<infer T> ? T : R[K] };

/** What an expression may be given as: an expression or a plain value. */
export type ExprLike = Expr<unknown> | Literal;

/**
 * A formula over the columns of one row; with an aggregate in it, over all rows of a group.
 *
 * @example
 * import { col, Table, fromTable } from "heddle/dataframe";
 * const df = fromTable(Table.fromRecords([{ a: 1 }, { a: 4 }]));
 * console.log(await df.filter(col("a").gt(2)).toRecords()); // [ { a: 4 } ]
 */
export class Expr<T = unknown> {
  readonly node: ExprNode;
  declare readonly _type: T;

  constructor(node: ExprNode) {
    if (depthOf(node) > DEPTH_MAX) throw tooDeep();
    this.node = node;
  }

  add(other: Operand<T>): Expr<NumberFor<T>> {
    return this.#call("add", other);
  }
  /** The difference; of dates and times in seconds. */
  sub(other: Operand<T>): Expr<NumberFor<T>> {
    return this.#call("sub", other);
  }
  mul(other: Operand<T>): Expr<NumberFor<T>> {
    return this.#call("mul", other);
  }
  /** True division: two integers give a float. */
  div(other: Operand<T>): Expr<NumberFor<T>> {
    return this.#call("div", other);
  }
  /** Division rounded down. */
  floordiv(other: Operand<T>): Expr<NumberFor<T>> {
    return this.#call("floordiv", other);
  }
  /** Remainder with the sign of the divisor, as in Python. */
  mod(other: Operand<T>): Expr<NumberFor<T>> {
    return this.#call("mod", other);
  }
  pow(other: Operand<T>): Expr<NumberFor<T>> {
    return this.#call("pow", other);
  }
  neg(): Expr<NumberFor<T>> {
    return this.#call("neg");
  }
  abs(): Expr<NumberFor<T>> {
    return this.#call("abs");
  }
  sign(): Expr<NumberFor<T>> {
    return this.#call("sign");
  }
  /** To `digits` decimal places (default 0); halves go to the even neighbour, as in NumPy. */
  round(digits = 0): Expr<NumberFor<T>> {
    return this.#call("round", digits as never);
  }
  floor(): Expr<NumberFor<T>> {
    return this.#call("floor");
  }
  ceil(): Expr<NumberFor<T>> {
    return this.#call("ceil");
  }
  trunc(): Expr<NumberFor<T>> {
    return this.#call("trunc");
  }
  sqrt(): Expr<NumberFor<T>> {
    return this.#call("sqrt");
  }
  exp(): Expr<NumberFor<T>> {
    return this.#call("exp");
  }
  /** Natural logarithm; -Infinity of 0, NaN of what is below. */
  log(): Expr<NumberFor<T>> {
    return this.#call("log");
  }
  log2(): Expr<NumberFor<T>> {
    return this.#call("log2");
  }
  log10(): Expr<NumberFor<T>> {
    return this.#call("log10");
  }
  sin(): Expr<NumberFor<T>> {
    return this.#call("sin");
  }
  cos(): Expr<NumberFor<T>> {
    return this.#call("cos");
  }
  tan(): Expr<NumberFor<T>> {
    return this.#call("tan");
  }
  /** Values outside the limits become the limit. */
  clip(low: Operand<T>, high: Operand<T>): Expr<T> {
    return this.#call("clip", low, high);
  }

  eq(other: Operand<T>): Expr<BooleanFor<T>> {
    return this.#call("eq", other);
  }
  ne(other: Operand<T>): Expr<BooleanFor<T>> {
    return this.#call("ne", other);
  }
  lt(other: Operand<T>): Expr<BooleanFor<T>> {
    return this.#call("lt", other);
  }
  le(other: Operand<T>): Expr<BooleanFor<T>> {
    return this.#call("le", other);
  }
  gt(other: Operand<T>): Expr<BooleanFor<T>> {
    return this.#call("gt", other);
  }
  ge(other: Operand<T>): Expr<BooleanFor<T>> {
    return this.#call("ge", other);
  }
  /** Both limits included. */
  between(low: Operand<T>, high: Operand<T>): Expr<BooleanFor<T>> {
    return this.#call("between", low, high);
  }
  /** Whether the value is one of those of an array, a set or another iterable. */
  isIn(values: Iterable<ValueFor<T> | Expr<T>>): Expr<BooleanFor<T>> {
    if (typeof values !== "object" || values === null || !(Symbol.iterator in values)) {
      throw wrongKind("isIn", "an array or a set of values", values);
    }
    return this.#call("isIn", ...(Array.from(values) as Operand<T>[]));
  }
  isNull(): Expr<boolean> {
    return this.#call("isNull");
  }
  notNull(): Expr<boolean> {
    return this.#call("notNull");
  }
  /** {@link isIn} in pandas' word. */
  isin(values: Iterable<ValueFor<T> | Expr<T>>): Expr<BooleanFor<T>> {
    return this.isIn(values);
  }
  /** {@link isNull} in pandas' word; NaN is a value, unlike there. */
  isna(): Expr<boolean> {
    return this.isNull();
  }
  /** {@link notNull} in pandas' word. */
  notna(): Expr<boolean> {
    return this.notNull();
  }
  /** Whether a float is NaN; null is not. */
  isNan(): Expr<BooleanFor<T>> {
    return this.#call("isNan");
  }
  and(other: Expr<boolean | null> | boolean): Expr<BooleanFor<T>> {
    return new Expr(logic("and", this.node, nodeOf(other)));
  }
  or(other: Expr<boolean | null> | boolean): Expr<BooleanFor<T>> {
    return new Expr(logic("or", this.node, nodeOf(other)));
  }
  xor(other: Expr<boolean | null> | boolean): Expr<BooleanFor<T>> {
    return this.#call("xor", other as never);
  }
  not(): Expr<BooleanFor<T>> {
    return this.#call("not");
  }

  /** Nulls replaced; NaN is a value and stays, unlike in pandas. */
  fillna(value: Operand<T>): Expr<NonNullable<T>> {
    return this.#call("coalesce", value);
  }
  /** The value where `condition` holds, else `other` (default null). */
  where<U = null>(
    condition: Expr<boolean | null>,
    other?: Operand<T> | U,
  ): Expr<T | (undefined extends U ? null : U)> {
    return new Expr({
      kind: "case",
      whens: [[condition.node, this.node]],
      otherwise: nodeOf((other ?? null) as ExprLike),
    });
  }
  /** The result paired with the equal value, else `otherwise` (default null). */
  case<U extends Literal, V extends Literal = null>(
    pairs: readonly (readonly [value: ValueFor<T>, result: U])[],
    otherwise: V = null as V,
  ): Expr<U | V> {
    return new Expr({
      kind: "case",
      whens: pairs.map(([value, result]) => [
        call("eq", this.node, nodeOf(value as ExprLike)),
        literal(result),
      ]),
      otherwise: literal(otherwise),
    });
  }
  /**
   * Another type, by NumPy's or SQL's name; floats become integers without their fraction.
   * `errors: "coerce"` gives null for what does not fit.
   */
  astype<U = number>(dtype: string, options: { errors?: "raise" | "coerce" } = {}): Expr<U> {
    const lenient = options.errors === "coerce";
    return new Expr({ kind: "cast", arg: this.node, to: sqlTypeOf(dtype), lenient });
  }

  /** Functions of text. */
  get str(): TextExpr {
    return new TextExpr(this.node);
  }
  /** Parts of dates and times. */
  get dt(): TimeExpr {
    return new TimeExpr(this.node);
  }

  /** Sum of the values that are not null; 0 when there is none. */
  sum(): Expr<number> {
    return this.#aggregate("sum");
  }
  prod(): Expr<number> {
    return this.#aggregate("prod");
  }
  mean(): Expr<number> {
    return this.#aggregate("mean");
  }
  median(): Expr<number> {
    return this.#aggregate("median");
  }
  min(): Expr<T> {
    return this.#aggregate("min");
  }
  max(): Expr<T> {
    return this.#aggregate("max");
  }
  /** Values that are not null. */
  count(): Expr<number> {
    return this.#aggregate("count");
  }
  /** Rows, null or not. */
  size(): Expr<number> {
    return new Expr({ kind: "aggregate", fn: "size", of: [], args: [] });
  }
  /** Standard deviation with n - `ddof` (0 or 1, default 1) in the denominator. */
  std(options: { ddof?: 0 | 1 } = {}): Expr<number> {
    return this.#aggregate("std", [options.ddof ?? 1]);
  }
  var(options: { ddof?: 0 | 1 } = {}): Expr<number> {
    return this.#aggregate("var", [options.ddof ?? 1]);
  }
  /** Standard error of the mean. */
  sem(): Expr<number> {
    return this.#aggregate("sem");
  }
  /** Exact quantile with linear interpolation; `q` from 0 to 1. */
  quantile(q = 0.5): Expr<number> {
    return this.#aggregate("quantile", [quantileOf(q)]);
  }
  /** Distinct values that are not null. */
  nunique(): Expr<number> {
    return this.#aggregate("nunique");
  }
  /** The first value in row order that is not null. */
  first(): Expr<T> {
    return this.#aggregate("first");
  }
  last(): Expr<T> {
    return this.#aggregate("last");
  }
  any(): Expr<boolean> {
    return this.#aggregate("any");
  }
  all(): Expr<boolean> {
    return this.#aggregate("all");
  }
  corr(other: Expr<number | null>): Expr<number> {
    return new Expr({ kind: "aggregate", fn: "corr", of: [this.node, other.node], args: [] });
  }
  cov(other: Expr<number | null>): Expr<number> {
    return new Expr({ kind: "aggregate", fn: "cov", of: [this.node, other.node], args: [] });
  }

  /** The value `n` rows before (after, if negative), in row order. */
  shift(n = 1): Expr<T | null> {
    return this.#window("shift", literal(n));
  }
  /** Difference to the value `n` rows before. */
  diff(n = 1): Expr<number | null> {
    return new Expr(call("sub", this.node, this.shift(n).node));
  }
  /** Running total in row order; null where the value is. */
  cumsum(): Expr<NumberFor<T>> {
    return this.#window("cumsum");
  }
  cumprod(): Expr<NumberFor<T>> {
    return this.#window("cumprod");
  }
  cummin(): Expr<T> {
    return this.#window("cummin");
  }
  cummax(): Expr<T> {
    return this.#window("cummax");
  }
  /**
   * Computes an aggregate or a row-order function within the rows that share these values, for
   * every row.
   */
  over(...by: readonly (string | Expr<unknown>)[]): Expr<T> {
    const keys = by.map((key) => (typeof key === "string" ? column(key) : key.node));
    if (this.node.kind === "window") return new Expr({ ...this.node, by: keys });
    if (this.node.kind === "aggregate") {
      return new Expr({ kind: "window", fn: "over", of: [this.node], by: keys });
    }
    throw new HeddleError(
      "InvalidArgument",
      'over() follows an aggregate or a row-order function, as in r.delay.mean().over("origin")',
    );
  }

  #call<U>(fn: string, ...args: readonly Operand<T>[]): Expr<U> {
    return new Expr(call(fn, this.node, ...args.map((arg) => nodeOf(arg as ExprLike))));
  }

  #aggregate<U>(fn: string, args: readonly number[] = []): Expr<U> {
    return new Expr({ kind: "aggregate", fn, of: [this.node], args });
  }

  #window<U>(fn: string, ...args: readonly ExprNode[]): Expr<U> {
    return new Expr({ kind: "window", fn, of: [this.node, ...args], by: [] });
  }
}

refuseArithmetic(
  Expr.prototype,
  "a column expression",
  "write r.a.add(1) for r.a + 1, r.a.gt(1) for r.a > 1, r.a.eq(1) for r.a === 1",
);

/** Levels of an expression; the engine takes time that grows with their third power. */
const DEPTH_MAX = 400;

function tooDeep(): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `an expression is more than ${DEPTH_MAX} operations deep: make columns of its parts by ` +
      "assign(), one after the other",
  );
}

/** Checks a quantile. */
export function quantileOf(q: number): number {
  if (typeof q === "number" && q >= 0 && q <= 1) return q;
  throw new HeddleError("InvalidArgument", `a quantile is a number from 0 to 1, not ${String(q)}`);
}

/** The node of an expression or plain value. Errors: `InvalidArgument` for anything else. */
export function nodeOf(value: ExprLike): ExprNode {
  if (value instanceof Expr || value instanceof TextExpr) return value.node;
  if (isLiteral(value)) return literal(value);
  throw new HeddleError(
    "InvalidArgument",
    `an expression takes columns, numbers, strings, booleans, dates, bytes and null, not ${
      value === undefined ? "undefined" : typeof value
    }`,
  );
}

function isLiteral(value: unknown): value is Literal {
  if (value === null || value instanceof Date || value instanceof Uint8Array) return true;
  return ["number", "bigint", "string", "boolean"].includes(typeof value);
}

/** Functions of text. */
export class TextExpr {
  readonly node: ExprNode;

  constructor(node: ExprNode) {
    this.node = node;
  }

  lower(): Expr<string> {
    return this.#call("lower");
  }
  upper(): Expr<string> {
    return this.#call("upper");
  }
  capitalize(): Expr<string> {
    return this.#call("capitalize");
  }
  /** Without the given characters (default: spaces) at both ends. */
  strip(characters?: string): Expr<string> {
    return this.#call("strip", ...given(characters));
  }
  lstrip(characters?: string): Expr<string> {
    return this.#call("lstrip", ...given(characters));
  }
  rstrip(characters?: string): Expr<string> {
    return this.#call("rstrip", ...given(characters));
  }
  /** Length in characters. */
  len(): Expr<number> {
    return this.#call("len");
  }
  /** Whether the text (or the regular expression) occurs. */
  contains(pattern: string | RegExp): Expr<boolean> {
    if (typeof pattern === "string") return this.#call("contains", literal(pattern));
    return this.#call("matches", literal(engineRegex(pattern)));
  }
  /** Whether the regular expression matches from the start. */
  match(pattern: RegExp): Expr<boolean> {
    return this.#call("matches", literal(`\\A(?:${engineRegex(pattern)})`));
  }
  startsWith(text: string): Expr<boolean> {
    return this.#call("startsWith", literal(text));
  }
  endsWith(text: string): Expr<boolean> {
    return this.#call("endsWith", literal(text));
  }
  /** Position of the first occurrence, -1 if there is none. */
  find(text: string): Expr<number> {
    return this.#call("find", literal(text));
  }
  /**
   * All occurrences replaced. With a regular expression, `$1` (or `\1`) in `by` is what its first
   * group matches, `$<name>` a named one, `$&` all of it.
   */
  replace(pattern: string | RegExp, by: string): Expr<string> {
    if (typeof pattern === "string") return this.#call("replace", literal(pattern), literal(by));
    const replacement = engineReplacement(pattern, by);
    return this.#call("replaceRegex", literal(engineRegex(pattern)), literal(replacement));
  }
  /** The part that the regular expression's group (default: all) matches; null without a match. */
  extract(pattern: RegExp, group = 0): Expr<string> {
    return this.#call("extract", literal(engineRegex(pattern)), literal(group));
  }
  /** Characters `start` to `stop` (exclusive), negative from the end. */
  slice(start = 0, stop?: number): Expr<string> {
    // SQL counts from 1 and includes the end: a stop of -1 means up to the last but one.
    const first = start < 0 ? start : start + 1;
    const last = stop === undefined ? -1 : stop < 0 ? stop - 1 : stop;
    return this.#call("slice", literal(first), literal(last));
  }
  /** The parts between separators, as a list. */
  split(separator: string): ListExpr {
    if (typeof separator !== "string") throw wrongKind("str.split", "a text", separator);
    return new ListExpr(call("split", this.node, literal(separator)));
  }
  /** Filled on the left to `width` characters. */
  pad(width: number, character = " "): Expr<string> {
    return this.#call("pad", literal(width), literal(character));
  }
  ljust(width: number, character = " "): Expr<string> {
    return this.#call("ljust", literal(width), literal(character));
  }
  /** Filled on the left with zeros. */
  zfill(width: number): Expr<string> {
    return this.pad(width, "0");
  }
  repeat(times: number): Expr<string> {
    return this.#call("repeat", literal(times));
  }
  reverse(): Expr<string> {
    return this.#call("reverse");
  }
  /** The texts joined. */
  cat(other: Expr<string | null> | string): Expr<string> {
    return this.#call("concat", typeof other === "string" ? literal(other) : other.node);
  }

  #call<T>(fn: string, ...args: readonly ExprNode[]): Expr<T> {
    return new Expr<T>(call(fn, this.node, ...args));
  }
}

/** A list of texts per row. */
export class ListExpr extends Expr<string[]> {
  /** Item `i`, negative from the end; null when there is none. */
  get(i: number): Expr<string | null> {
    return new Expr(call("get", this.node, literal(i < 0 ? i : i + 1)));
  }
  len(): Expr<number> {
    return new Expr(call("len", this.node));
  }
}

function given(text: string | undefined): ExprNode[] {
  return text === undefined ? [] : [literal(text)];
}

/** Units that times can be rounded down to. */
export type TimeUnit =
  | "year"
  | "quarter"
  | "month"
  | "week"
  | "day"
  | "hour"
  | "minute"
  | "second"
  | "millisecond";

/** Parts of dates and times. */
export class TimeExpr {
  readonly node: ExprNode;

  constructor(node: ExprNode) {
    this.node = node;
  }

  get year(): Expr<number> {
    return this.#call("year");
  }
  get quarter(): Expr<number> {
    return this.#call("quarter");
  }
  get month(): Expr<number> {
    return this.#call("month");
  }
  get day(): Expr<number> {
    return this.#call("day");
  }
  get hour(): Expr<number> {
    return this.#call("hour");
  }
  get minute(): Expr<number> {
    return this.#call("minute");
  }
  get second(): Expr<number> {
    return this.#call("second");
  }
  get microsecond(): Expr<number> {
    return this.#call("microsecond");
  }
  /** Monday is 0. */
  get dayofweek(): Expr<number> {
    return this.#call("dayofweek");
  }
  get weekday(): Expr<number> {
    return this.#call("dayofweek");
  }
  /** 1 to 366. */
  get dayofyear(): Expr<number> {
    return this.#call("dayofyear");
  }
  /** Week of the ISO year. */
  get week(): Expr<number> {
    return this.#call("week");
  }
  get daysInMonth(): Expr<number> {
    return this.#call("daysInMonth");
  }
  /** The day, without the time. */
  get date(): Expr<Date> {
    return this.#call("date");
  }
  /** The time of day, as text such as `"12:30:00"`. */
  get time(): Expr<string> {
    return this.#call("time");
  }
  /** The start of the unit that the time lies in. */
  floor(unit: TimeUnit): Expr<Date> {
    return this.#call("floorTo", literal(unit));
  }
  /** Text by a pattern of C's `strftime`. */
  strftime(pattern: string): Expr<string> {
    return this.#call("strftime", literal(pattern));
  }
  /** Seconds since 1970. */
  epoch(): Expr<number> {
    return this.#call("epochSeconds");
  }

  #call<T>(fn: string, ...args: readonly ExprNode[]): Expr<T> {
    return new Expr<T>(call(fn, this.node, ...args));
  }
}
