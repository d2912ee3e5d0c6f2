/**
 * @file Groupings in partitions. Where the aggregates can be done in two steps, each partition
 * makes its part, and the parts are joined: of all rows by a tree, of groups where an exchange by
 * key brings them together. Else the rows themselves are brought together by key; without keys,
 * those of a column whose distinct values are counted by value, and whatever is left in one query.
 */
import { column, type ExprNode } from "../expression.ts";
import type { AggregatePlan, Plan } from "../plan.ts";
import { schemaOf } from "../schema.ts";
import { exchangedByHash } from "./exchange.ts";
import { type TwoSteps, twoSteps } from "./partial-aggregates.ts";
import type { Partitioner } from "./partition.ts";
import {
  alike,
  collected,
  columnKeys,
  eachPart,
  orderedWithin,
  type Parts,
  tabled,
} from "./parts.ts";
import { partitionCount, sizeOf } from "./sizes.ts";

/** Parts that one task of a tree joins. */
const BRANCHES = 16;

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

function aggregateAll(partitioner: Partitioner, plan: AggregatePlan, inOrder: boolean): Parts {
  const steps = twoSteps(plan);
  const input = partitioner.of(plan.input, inOrder);
  if (steps === undefined || (inOrder && !input.inPlace)) return partitioner.whole(plan);
  const result = tree(input, steps);
  if (input.plans.length > 1) partitioner.note("aggregates of each partition joined by a tree");
  return {
    ...result,
    inPlace: true,
    inOrder: true,
    places: [],
    size: sizeOf(plan),
    isCheap: false,
  };
}

function tree(input: Parts, steps: TwoSteps): Parts {
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
  return eachPart(collected(level, "aggregate"), steps.final);
}
