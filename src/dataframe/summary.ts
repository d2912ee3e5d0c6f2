/** @file Plans of summaries: aggregates of all rows, `describe`, and matrices of correlations. */
import { HeddleError } from "../core/errors.ts";
import { wrongKind } from "./checks.ts";
import { quantileOf } from "./expr.ts";
import { column, type ExprNode, literal } from "./expression.ts";
import type { NamedExpr, Plan } from "./plan.ts";
import { numericNames } from "./verbs.ts";

/** One row of aggregates of all rows. */
export function aggregatePlan(input: Plan, items: readonly NamedExpr[]): Plan {
  if (items.length === 0) {
    throw new HeddleError("InvalidArgument", "there is no column to aggregate: none is numeric");
  }
  return { kind: "aggregate", input, keys: [], items, sort: false, dropna: false };
}

/** The number of rows, as a column `size`. */
export function sizePlan(input: Plan): Plan {
  return aggregatePlan(input, [{ name: "size", expr: aggregate("size", []) }]);
}

function aggregate(fn: string, of: readonly ExprNode[], args: readonly number[] = []): ExprNode {
  return { kind: "aggregate", fn, of, args };
}

const STATISTICS: readonly [row: string, fn: string, args: readonly number[]][] = [
  ["count", "count", []],
  ["mean", "mean", []],
  ["std", "std", []],
  ["min", "min", []],
  ["25%", "quantile", [0.25]],
  ["50%", "quantile", [0.5]],
  ["75%", "quantile", [0.75]],
  ["max", "max", []],
];

/**
 * One pass over the rows gives all statistics in one row; each row of the result picks its part of
 * that one.
 */
export function describePlan(input: Plan): Plan {
  const names = numericNames(input);
  const items = names.flatMap((name) =>
    STATISTICS.map(([row, fn, args]) => ({
      name: `${row} ${name}`,
      expr: asFloat(aggregate(fn, [column(name)], args)),
    })),
  );
  const all = aggregatePlan(input, items);
  return rows(
    STATISTICS.map(([row]) => [
      { name: "statistic", expr: literal(row) },
      ...names.map((name) => ({ name, expr: column(`${row} ${name}`) })),
    ]),
    all,
  );
}

/** Several quantiles of columns: a row for each quantile, all found in one pass. */
export function quantilesPlan(input: Plan, names: readonly string[], qs: readonly number[]): Plan {
  if (!Array.isArray(qs) || qs.length === 0) {
    throw wrongKind("quantile", "a number from 0 to 1 or a list of some", qs);
  }
  const items = qs.flatMap((q, i) =>
    names.map((name) => ({
      name: `${i} ${name}`,
      expr: aggregate("quantile", [column(name)], [quantileOf(q)]),
    })),
  );
  const all = aggregatePlan(input, items);
  return rows(
    qs.map((q, i) => [
      { name: "quantile", expr: asFloat(literal(q)) },
      ...names.map((name) => ({ name, expr: column(`${i} ${name}`) })),
    ]),
    all,
  );
}

/** A square of statistics of pairs of numeric columns. */
export function matrixPlan(input: Plan, fn: "corr" | "cov"): Plan {
  const names = numericNames(input);
  const items = names.flatMap((a) =>
    names.map((b) => ({ name: `${a} ${b}`, expr: aggregate(fn, [column(a), column(b)]) })),
  );
  const all = aggregatePlan(input, items);
  return rows(
    names.map((a) => [
      { name: "column", expr: literal(a) },
      ...names.map((b) => ({ name: b, expr: column(`${a} ${b}`) })),
    ]),
    all,
  );
}

function rows(projections: readonly NamedExpr[][], input: Plan): Plan {
  const inputs = projections.map((items): Plan => ({ kind: "project", input, items }));
  return { kind: "concat", inputs };
}

function asFloat(arg: ExprNode): ExprNode {
  return { kind: "cast", arg, to: "DOUBLE", lenient: false };
}
