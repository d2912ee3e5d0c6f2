/**
 * @file Joins in partitions. A side that takes little goes whole to every partition of the other;
 * else both go through an exchange by key, and each destination joins what came to it. Null keys
 * match nothing, so where they go does not matter.
 */
import { column } from "../expression.ts";
import type { JoinColumn, JoinPlan, Plan } from "../plan.ts";
import { namedColumns } from "../plan.ts";
import { schemaOf } from "../schema.ts";
import { commonType, exchangedByHash } from "./exchange.ts";
import type { Partitioner } from "./partition.ts";
import { alike, collected, eachPart, onlyFields, type Parts, withPlaces } from "./parts.ts";
import { partitionCount, sizeOf } from "./sizes.ts";

/** A side goes whole to the other's partitions when it is so many times smaller. */
const MUCH_SMALLER = 4;

/** The partitions of a join. */
export function partitionJoin(partitioner: Partitioner, plan: JoinPlan, ordered: boolean): Parts {
  const side = broadcastSide(partitioner, plan, ordered);
  if (side !== undefined) return broadcast(partitioner, plan, side, ordered);
  return exchanged(partitioner, plan, ordered);
}

type Side = "left" | "right";

/** The side that goes whole to all partitions of the other, if one may. */
function broadcastSide(
  { sizing }: Partitioner,
  plan: JoinPlan,
  ordered: boolean,
): Side | undefined {
  // Rows without a match of the side that is everywhere would come out everywhere.
  const mayRight = ["inner", "left", "semi", "anti", "cross"].includes(plan.how);
  const mayLeft = ["inner", "right"].includes(plan.how) && !ordered;
  const [left, right] = [sizeOf(plan.left).bytes, sizeOf(plan.right).bytes];
  const isSmall = (own: number, other: number): boolean =>
    own <= sizing.broadcastBytes && own * MUCH_SMALLER <= other;
  if (plan.how === "cross") return "right";
  if (mayRight && isSmall(right, left)) return "right";
  return mayLeft && isSmall(left, right) ? "left" : undefined;
}

function broadcast(partitioner: Partitioner, plan: JoinPlan, side: Side, ordered: boolean): Parts {
  const large = partitioner.of(side === "right" ? plan.left : plan.right, ordered);
  // Matches of one row have no places of their own.
  if (ordered && !large.inPlace && plan.how !== "cross")
    return exchanged(partitioner, plan, ordered);
  const parts = ordered ? partitioner.inPlace(large) : large;
  const small = collectedSide(partitioner, side === "right" ? plan.right : plan.left, ordered);
  const count = parts.plans.length;
  partitioner.note(`${plan.how} join: the ${side} side goes whole to ${count} partitions`);
  const joined = eachPart(parts, (input) => {
    const [left, right] = side === "right" ? [input, small] : [small, input];
    return { ...plan, left, right };
  });
  const result = { ...joined, places: [], size: sizeOf(plan), isCheap: false };
  // The engine gives the rows of a join in any order: their places put them right.
  return ordered ? withPlaces(result) : result;
}

function collectedSide(partitioner: Partitioner, plan: Plan, ordered: boolean): Plan {
  const parts = partitioner.of(plan, ordered);
  const inPlace = ordered ? partitioner.inPlace(parts) : parts;
  return onlyFields(collected(inPlace, "broadcast"), schemaOf(plan)).plans[0] as Plan;
}

function exchanged(partitioner: Partitioner, plan: JoinPlan, ordered: boolean): Parts {
  const isOne = plan.how === "semi" || plan.how === "anti";
  const left = placed(partitioner, plan.left, ordered, "l");
  const right = placed(partitioner, plan.right, ordered && !isOne, "r");
  const size = sizeOf({ ...plan, how: "inner" });
  const destinations = partitionCount(size, partitioner.sizing);
  partitioner.note(`${plan.how} join in ${destinations} partitions, both sides by hash`);
  const types = plan.on.map(([a, b]) => commonType(typeOf(plan.left, a), typeOf(plan.right, b)));
  const [ls, rs] = ([left, right] as const).map((parts, s) =>
    exchangedByHash(parts, {
      word: "merge",
      keys: plan.on.map((pair) => column(pair[s] as string)),
      types,
      destinations,
    }),
  ) as [Parts, Parts];
  const columns = [
    ...plan.columns,
    ...hiddenColumns(left.places, "left"),
    ...(isOne ? [] : hiddenColumns(right.places, "right")),
  ];
  const plans = ls.plans.map((input, i): Plan => {
    return { ...plan, left: input, right: rs.plans[i] as Plan, columns };
  });
  const places = [...left.places, ...(isOne ? [] : right.places)];
  return {
    plans: alike(plans),
    inPlace: false,
    inOrder: false,
    places,
    size: sizeOf(plan),
    isCheap: false,
  };
}

function typeOf(plan: Plan, name: string): string {
  return schemaOf(plan).find((field) => field.name === name)?.type ?? "";
}

/** A side with places of its own names, if its order is needed. */
function placed(partitioner: Partitioner, plan: Plan, ordered: boolean, side: string): Parts {
  const parts = partitioner.of(plan, ordered);
  if (!ordered) return onlyFields(parts, schemaOf(plan));
  const full = withPlaces(parts);
  const places = full.places.map((name) => `${name}_${side}`);
  const kept = namedColumns(schemaOf(plan).map(({ name }) => name));
  const renamed = full.places.map((name, i) => ({ name: places[i] as string, expr: column(name) }));
  const items = [...kept, ...renamed];
  return { ...eachPart(full, (input) => ({ kind: "project", input, items })), places };
}

function hiddenColumns(places: readonly string[], from: Side): JoinColumn[] {
  return places.map((name) => ({ name, from, [from]: name }));
}
