/**
 * @file Groupings in partitions. Where the aggregates can be done in two steps, each partition
 * makes its part, and an exchange by key brings the parts together; else the rows themselves.
 * Aggregates of all rows are in `all-rows.ts`.
 */
import { column, type ExprNode } from "../expression.ts";
import type { AggregatePlan } from "../plan.ts";
import { schemaOf } from "../schema.ts";
import { aggregateAll } from "./all-rows.ts";
import { exchangedByHash } from "./exchange.ts";
import { twoSteps } from "./partial-aggregates.ts";
import type { Partitioner } from "./partition.ts";
import { columnKeys, eachPart, orderedWithin, type Parts } from "./parts.ts";
import { partitionCount, sizeOf } from "./sizes.ts";

/** The partitions of an aggregation. */
export function partitionAggregate(
  partitioner: Partitioner,
  plan: AggregatePlan,
  ordered: boolean,
): Parts {
  const inOrder = plan.items.some(({ expr }) => usesOrder(expr));
  if (plan.keys.length === 0) return aggregateAll(partitioner, plan, inOrder);
  const groups = aggregateGroups(partitioner, plan, inOrder);
  // Nobody looks at the order.
  if (!plan.sort || !ordered) return groups;
  const keys = columnKeys(plan.keys.map(({ name }) => name));
  return partitioner.sorted(groups, keys, schemaOf(plan));
}

function usesOrder(expr: ExprNode): boolean {
  if (expr.kind === "aggregate") return expr.fn === "first" || expr.fn === "last";
  const parts =
    expr.kind === "call"
      ? expr.args
      : expr.kind === "cast"
        ? [expr.arg]
        : expr.kind === "case"
          ? [...expr.whens.flat(), expr.otherwise]
          : [];
  return parts.some(usesOrder);
}

function aggregateGroups(partitioner: Partitioner, plan: AggregatePlan, inOrder: boolean): Parts {
  const input = orderedWithin(partitioner.of(plan.input, inOrder));
  const steps = twoSteps(plan);
  // First and last of partials need the partials in the order of the rows.
  const isStepwise = steps !== undefined && (!inOrder || input.inPlace);
  const count = partitionCount(input.size, partitioner.sizing);
  const names = plan.keys.map(({ name }) => name);
  if (isStepwise) {
    partitioner.note(`groups of each partition brought together in ${count}, by hash`);
    const partial = eachPart(input, steps.partial);
    const met = exchangedByHash(
      { ...partial, places: [] },
      { word: "groupby", keys: names.map(column), destinations: count },
    );
    return { ...eachPart(met, steps.final), size: sizeOf(plan) };
  }
  partitioner.note(`rows of each group brought together in ${count} partitions, by hash`);
  const keys = plan.keys.map(({ expr }) => expr);
  const met = orderedWithin(exchangedByHash(input, { word: "groupby", keys, destinations: count }));
  const grouped = eachPart(met, (from) => ({ ...plan, input: from, sort: false }));
  return { ...grouped, places: [], size: sizeOf(plan) };
}
