/**
 * @file Aggregates of all rows, of which each kind is found in its own way: what can be done in
 * steps by a tree; numbers of distinct values by an exchange by value; quantiles by an exchange by
 * range. Each way gives one row, and the formulas are computed over these rows together.
 */
import { isInteger, type SqlType } from "../../table/types.ts";
import { column, type ExprNode, transform } from "../expression.ts";
import type { AggregatePlan, JoinColumn, NamedExpr, Plan } from "../plan.ts";
import { columnNames, schemaOf } from "../schema.ts";
import { exchangedByHash } from "./exchange.ts";
import {
  type AggregateNode,
  argumentTypes,
  readsKeys,
  type TwoSteps,
  twoSteps,
  typed,
} from "./partial-aggregates.ts";
import type { Partitioner } from "./partition.ts";
import { alike, collected, eachPart, type Parts, tabled } from "./parts.ts";
import { quantilesOf } from "./quantiles.ts";
import { partitionCount, sizeOf } from "./sizes.ts";

/** Parts that one task of a tree joins. */
const BRANCHES = 16;
/** Column of the values that are counted. */
const VALUE = "__value";

/** One row: the aggregates of all rows. */
export function aggregateAll(
  partitioner: Partitioner,
  plan: AggregatePlan,
  inOrder: boolean,
): Parts {
  const ways = waysOf(plan);
  const input = partitioner.of(plan.input, inOrder);
  if (ways === undefined || (inOrder && !input.inPlace)) return partitioner.whole(plan);
  const { steps } = ways;
  const isStepwise = ways.distinct.size + ways.quantiles.size === 0;
  // What is read several times is made once.
  const source = isStepwise || input.isCheap ? input : tabled(input, "aggregate");
  const rows: Plan[] = [];
  if (steps !== undefined) {
    if (input.plans.length > 1) partitioner.note("aggregates of each partition joined by a tree");
    rows.push(tree(source, steps));
  }
  for (const [name, of] of ways.distinct) rows.push(countDistinct(partitioner, source, of, name));
  for (const { of, wanted } of ways.quantiles.values()) {
    rows.push(quantilesOf(partitioner, source, of, wanted));
  }
  const all = rows.reduce(besides);
  const wanted = new Map(schemaOf(plan).map(({ name, type }) => [name, type]));
  const result = typed({ kind: "project", input: all, items: ways.items }, wanted);
  return {
    plans: [result],
    inPlace: true,
    inOrder: true,
    places: [],
    size: sizeOf(plan),
    isCheap: false,
  };
}

/** How each aggregate of a plan is found, under which name. */
interface Ways {
  readonly steps: TwoSteps | undefined;
  readonly distinct: ReadonlyMap<string, ExprNode>;
  /** By what they are of: quantiles of one expression are found together. */
  readonly quantiles: ReadonlyMap<string, Quantiles>;
  /** The plan's formulas over the names. */
  readonly items: readonly NamedExpr[];
}

interface Quantiles {
  readonly of: ExprNode;
  readonly wanted: Map<string, number>;
}

/** Undefined where something is found in none of the ways. */
function waysOf(plan: AggregatePlan): Ways | undefined {
  if (plan.items.some(({ expr }) => readsKeys(expr))) return undefined;
  const types = argumentTypes(plan);
  const stepwise: NamedExpr[] = [];
  const distinct = new Map<string, ExprNode>();
  const quantiles = new Map<string, Quantiles>();
  const names = new Map<string, string>();
  const nameOf = (node: AggregateNode): string => {
    const key = keyOf(node);
    const known = names.get(key);
    if (known !== undefined) return known;
    const name = `__a${names.size}`;
    names.set(key, name);
    const [of] = node.of;
    const q = quantileOf(node, types.get(node));
    if (of !== undefined && node.fn === "nunique") distinct.set(name, of);
    else if (of !== undefined && q !== undefined) {
      const found = quantiles.get(keyOf(of)) ?? { of, wanted: new Map<string, number>() };
      found.wanted.set(name, q);
      quantiles.set(keyOf(of), found);
    } else stepwise.push({ name, expr: node });
    return name;
  };
  const items = plan.items.map(({ name, expr }): NamedExpr => {
    const over = (node: ExprNode): ExprNode =>
      node.kind === "aggregate" ? column(nameOf(node)) : node;
    return { name, expr: transform(expr, over) };
  });
  if (stepwise.length === 0) return { steps: undefined, distinct, quantiles, items };
  const steps = twoSteps({ ...plan, items: stepwise });
  return steps === undefined ? undefined : { steps, distinct, quantiles, items };
}

function keyOf(node: ExprNode): string {
  return JSON.stringify(node, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}

/** Which quantile of numbers is asked for, if one is. */
function quantileOf(node: AggregateNode, type: SqlType | undefined): number | undefined {
  const isNumber = type === "DOUBLE" || type === "FLOAT" || isInteger(type ?? "");
  if (!isNumber || type === "HUGEINT" || type === "UHUGEINT") return undefined;
  if (node.fn === "median") return 0.5;
  if (node.fn === "quantile") return node.args[0] ?? 0.5;
  if (node.fn !== "quantiles") return undefined;
  const [n = 1, ...all] = node.args;
  return all[n - 1];
}

/** Two plans of one row each as one of one row. */
function besides(left: Plan, right: Plan): Plan {
  const from = (plan: Plan, side: "left" | "right"): JoinColumn[] =>
    columnNames(plan).map((name) => ({ name, from: side }));
  const columns = [...from(left, "left"), ...from(right, "right")];
  return { kind: "join", left, right, how: "cross", on: [], columns };
}

/** One row: how many values there are, counted where equal ones come together. */
function countDistinct(
  { sizing, note }: Partitioner,
  input: Parts,
  of: ExprNode,
  name: string,
): Plan {
  const destinations = partitionCount(input.size, sizing);
  note(`distinct values brought together in ${destinations} partitions, by hash`);
  const shape = { kind: "aggregate", sort: false, dropna: true } as const;
  const own = eachPart(input, (from): Plan => {
    return { ...shape, input: from, keys: [{ name: VALUE, expr: of }], items: [] };
  });
  const met = exchangedByHash(
    { ...own, places: [] },
    { word: "nunique", keys: [column(VALUE)], destinations },
  );
  const counting =
    (fn: string, what: string) =>
    (from: Plan): Plan => {
      const expr: ExprNode = { kind: "aggregate", fn, of: [column(what)], args: [] };
      return { ...shape, input: from, keys: [], items: [{ name, expr }] };
    };
  const counts = collected(eachPart(met, counting("nunique", VALUE)), "nunique");
  return eachPart(counts, counting("sum", name)).plans[0] as Plan;
}

function tree(input: Parts, steps: TwoSteps): Plan {
  let level: Parts = {
    ...eachPart(input, steps.partial),
    places: [],
    inPlace: true,
    inOrder: true,
  };
  const { combine } = steps;
  while (combine !== undefined && level.plans.length > BRANCHES) {
    const below = tabled(level, "aggregate").plans;
    const plans: Plan[] = [];
    for (let i = 0; i < below.length; i += BRANCHES) {
      const some = { ...level, plans: below.slice(i, i + BRANCHES) };
      plans.push(...eachPart(collected(some, "aggregate"), combine).plans);
    }
    level = { ...level, plans: alike(plans), isCheap: false };
  }
  return eachPart(collected(level, "aggregate"), steps.final).plans[0] as Plan;
}
