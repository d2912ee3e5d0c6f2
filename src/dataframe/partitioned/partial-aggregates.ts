/**
 * @file Aggregates in two steps: what each partition keeps of its rows (partials), and what is made
 * of the partials of all. Whole numbers are summed exactly in 38 digits; means are sums and counts;
 * spreads are counts, means and sums of squared distances, joined by the formula of Chan, Golub and
 * LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), and
 * so are products of distances of two columns. Aggregates that need all values of a group at once
 * (medians, quantiles, numbers of distinct values) have no partials.
 */
import { isInteger, isNumeric, type SqlType } from "../../table/types.ts";
import { call, column, type ExprNode, literal, someNode, transform } from "../expression.ts";
import type { AggregatePlan, NamedExpr, Plan, ProjectPlan } from "../plan.ts";
import { namedColumns } from "../plan.ts";
import { schemaOf } from "../schema.ts";

export type AggregateNode = Extract<ExprNode, { kind: "aggregate" }>;

/** The two steps of an aggregation. */
export interface TwoSteps {
  /** Of the rows of one partition. */
  partial(input: Plan): Plan;
  /** Of partials, again partials: for trees. Undefined where one step takes all. */
  readonly combine: ((input: Plan) => Plan) | undefined;
  /** Of the partials of all partitions. */
  final(input: Plan): Plan;
}

const DIGITS: SqlType = "DECIMAL(38,0)";

function aggregate(fn: string, of: readonly ExprNode[], args: readonly number[] = []): ExprNode {
  return { kind: "aggregate", fn, of, args };
}

function cast(arg: ExprNode, to: SqlType): ExprNode {
  return { kind: "cast", arg, to, lenient: false };
}

/** The steps of an aggregation, or undefined when it cannot be done in steps. */
export function twoSteps(plan: AggregatePlan): TwoSteps | undefined {
  const types = argumentTypes(plan);
  const steps = new Steps();
  let possible = true;
  const items = plan.items.map(({ name, expr }): NamedExpr => {
    const whole = transform(expr, (node) => {
      if (node.kind !== "aggregate") return node;
      const made = steps.of(node, types.get(node) ?? "");
      possible &&= made !== undefined;
      return made ?? node;
    });
    return { name, expr: whole };
  });
  // What stands outside of aggregates would be looked for among the partials.
  if (!possible || plan.items.some(({ expr }) => readsKeys(expr))) return undefined;
  const keys = namedColumns(plan.keys.map(({ name }) => name));
  const wanted = new Map(schemaOf(plan).map(({ name, type }) => [name, type]));
  const shape = { kind: "aggregate", keys, sort: false, dropna: false } as const;
  return {
    partial: (input) => ({ ...plan, input, items: steps.partials, sort: false }),
    combine:
      steps.means.length > 0 ? undefined : (input) => ({ ...shape, input, items: steps.combined }),
    final: (input) => {
      const prepared = steps.means.length === 0 ? input : steps.withMeans(input, plan.keys);
      return typed({ ...shape, input: prepared, items }, wanted);
    },
  };
}

/** Whether a column is read outside of the aggregates: a key, by its formula. */
export function readsKeys(expr: ExprNode): boolean {
  if (expr.kind === "aggregate") return false;
  if (expr.kind === "column" || expr.kind === "window") return true;
  const parts = expr.kind === "call" ? expr.args : expr.kind === "cast" ? [expr.arg] : [];
  if (expr.kind === "case") {
    return [...expr.whens.flat(), expr.otherwise].some(readsKeys);
  }
  return parts.some(readsKeys);
}

/** The plan with casts to the types that the one-step plan has. */
export function typed(
  plan: AggregatePlan | ProjectPlan,
  wanted: ReadonlyMap<string, SqlType>,
): Plan {
  const fields = new Map(schemaOf(plan).map(({ name, type }) => [name, type]));
  const items = plan.items.map(({ name, expr }) => {
    const type = wanted.get(name);
    return type === undefined || type === fields.get(name)
      ? { name, expr }
      : { name, expr: cast(expr, type) };
  });
  return { ...plan, items };
}

/** The type of the first argument of each aggregate. */
export function argumentTypes(plan: AggregatePlan): ReadonlyMap<AggregateNode, SqlType> {
  const nodes: AggregateNode[] = [];
  for (const { expr } of plan.items) {
    someNode(expr, (node) => {
      if (node.kind === "aggregate" && node.of.length > 0) nodes.push(node);
      return false;
    });
  }
  if (nodes.length === 0) return new Map();
  const items = nodes.map((node, i) => ({ name: `a${i}`, expr: node.of[0] as ExprNode }));
  const fields = schemaOf({ kind: "project", input: plan.input, items });
  return new Map(nodes.map((node, i) => [node, fields[i]?.type ?? ""]));
}

/** Collects the columns of the partials. */
class Steps {
  readonly partials: NamedExpr[] = [];
  readonly combined: NamedExpr[] = [];
  /** Columns that the last step needs beside the partials: means of whole groups. */
  readonly means: { readonly name: string; readonly count: string; readonly mean: string }[] = [];
  readonly #known = new Map<string, string>();

  /** What the last step makes of the aggregate's partials. */
  of(node: AggregateNode, type: SqlType): ExprNode | undefined {
    const [x] = node.of;
    switch (node.fn) {
      case "size":
      case "count":
        return aggregate("sum", [this.#column(aggregate(node.fn, node.of), "sum")]);
      case "sum":
        return this.#sum(x as ExprNode, type);
      case "prod":
      case "min":
      case "max":
      case "any":
      case "all":
      case "first":
      case "last":
        return aggregate(node.fn, [this.#column(node, node.fn)]);
      case "mean":
        return this.#mean(x as ExprNode, type);
      case "std":
      case "var":
      case "sem":
        return this.#spread(node, x as ExprNode, type);
      case "cov":
      case "corr":
        return this.#together(node);
      default:
        return undefined;
    }
  }

  /** A column of the partials; the same for equal aggregates. */
  #column(expr: ExprNode, join: string): ExprNode {
    const key = JSON.stringify([expr, join], (_, v) => (typeof v === "bigint" ? `${v}n` : v));
    const known = this.#known.get(key);
    if (known !== undefined) return column(known);
    const name = `__p${this.#known.size}`;
    this.#known.set(key, name);
    this.partials.push({ name, expr });
    const again = aggregate(join, [column(name)]);
    const isExact = expr.kind === "cast";
    this.combined.push({ name, expr: isExact ? cast(again, expr.to) : again });
    return column(name);
  }

  #sum(x: ExprNode, type: SqlType): ExprNode {
    const sum = aggregate("sum", [x]);
    const exact = isInteger(type) || type === "BOOLEAN";
    return aggregate("sum", [this.#column(exact ? cast(sum, DIGITS) : sum, "sum")]);
  }

  #count(x: ExprNode): ExprNode {
    return aggregate("sum", [this.#column(aggregate("count", [x]), "sum")]);
  }

  #mean(x: ExprNode, type: SqlType): ExprNode | undefined {
    if (!isNumeric(type) && type !== "BOOLEAN") return undefined;
    const sum = cast(this.#sum(x, type), "DOUBLE");
    return call("div", sum, call("nullIf", this.#count(x), literal(0)));
  }

  /** How far the mean of a partition's values is from that of all. */
  #away(x: ExprNode): ExprNode {
    const count = this.#column(aggregate("count", [x]), "sum") as { readonly name: string };
    const mean = this.#column(aggregate("mean", [x]), "sum") as { readonly name: string };
    const of = `${mean.name}_of_all`;
    if (!this.means.some(({ name }) => name === of)) {
      this.means.push({ name: of, count: count.name, mean: mean.name });
    }
    return call("sub", column(mean.name), column(of));
  }

  /** Sum over all rows of the products of two columns' distances from their means. */
  #products(within: ExprNode, x: ExprNode, y: ExprNode): ExprNode {
    const inner = this.#column(call("coalesce", within, literal(0)), "sum");
    const count = this.#column(aggregate("count", [x]), "sum");
    const between = call("mul", count, call("mul", this.#away(x), this.#away(y)));
    // Partitions without a value have no mean.
    return aggregate("sum", [call("add", inner, call("coalesce", between, literal(0)))]);
  }

  #squares(x: ExprNode): ExprNode {
    const count = aggregate("count", [x]);
    return this.#products(call("mul", aggregate("var", [x], [0]), count), x, x);
  }

  /** Covariances and correlations, of the rows that have both values. */
  #together(node: AggregateNode): ExprNode {
    const [a, b] = node.of as [ExprNode, ExprNode];
    const where = (value: ExprNode, other: ExprNode): ExprNode => {
      return { kind: "case", whens: [[call("notNull", other), value]], otherwise: literal(null) };
    };
    const [x, y] = [where(a, b), where(b, a)];
    const count = aggregate("count", [x]);
    const inner = call("mul", aggregate("cov", [x, y]), call("sub", count, literal(1)));
    const products = this.#products(inner, x, y);
    const degrees = call("sub", this.#count(x), literal(1));
    const enough = call("gt", degrees, literal(0));
    const result =
      node.fn === "cov"
        ? call("div", products, degrees)
        : call(
            "div",
            products,
            call(
              "nullIf",
              call("sqrt", call("mul", this.#squares(x), this.#squares(y))),
              literal(0),
            ),
          );
    return { kind: "case", whens: [[enough, result]], otherwise: literal(null) };
  }

  #spread(node: AggregateNode, x: ExprNode, type: SqlType): ExprNode | undefined {
    if (!isNumeric(type) && type !== "BOOLEAN") return undefined;
    const squares = this.#squares(x);
    const all = this.#count(x);
    const degrees = node.fn === "sem" ? 1 : (node.args[0] ?? 1);
    const enough = call("gt", all, literal(degrees));
    const variance: ExprNode = {
      kind: "case",
      whens: [[enough, call("div", squares, call("sub", all, literal(degrees)))]],
      otherwise: literal(null),
    };
    if (node.fn === "var") return variance;
    const deviation = call("sqrt", variance);
    return node.fn === "std" ? deviation : call("div", deviation, call("sqrt", all));
  }

  /** The partials with the means of all rows of each group. */
  withMeans(input: Plan, keys: readonly NamedExpr[]): Plan {
    const by = keys.map(({ name }) => column(name));
    const over = (of: ExprNode): ExprNode => {
      return { kind: "window", fn: "over", of: [aggregate("sum", [of])], by };
    };
    const means = this.means.map(({ name, count, mean }): NamedExpr => {
      const total = over(call("coalesce", call("mul", column(count), column(mean)), literal(0)));
      return { name, expr: call("div", total, call("nullIf", over(column(count)), literal(0))) };
    });
    const kept = namedColumns(schemaOf(input).map(({ name }) => name));
    return { kind: "project", input, items: [...kept, ...means] };
  }
}
