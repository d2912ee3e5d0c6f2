/**
 * @file Quantiles of all rows, exactly: the values go through an exchange by range, so that each
 * destination holds a stretch of their order; from how many each has follows where the wanted ranks
 * are, and only the values at these come together. No partition holds more than its stretch, except
 * that equal values are never parted.
 */
import { column, type ExprNode, literal } from "../expression.ts";
import { type NamedExpr, namedColumns, type Plan } from "../plan.ts";
import { noteSchema } from "../schema.ts";
import { exchangedByRange } from "./exchange.ts";
import type { Partitioner } from "./partition.ts";
import { alike, collected, columnKeys, eachPart, type Parts } from "./parts.ts";
import { partitionCount } from "./sizes.ts";

/** Column of the values. */
const VALUE = "__value";
/** Column of the number of a destination. */
const PART = "__number";
/** Column of how many values there are. */
const COUNT = "__count";
/** Column of a value's number in the order of all. */
const RANK = "__rank";

const PICKED = [
  { name: RANK, type: "BIGINT" },
  { name: VALUE, type: "DOUBLE" },
];

/** A query over plans by name, which has these columns. */
function queryOver(
  inputs: Readonly<Record<string, Plan>>,
  sql: string,
  fields: readonly { readonly name: string; readonly type: string }[],
): Plan {
  const plan: Plan = {
    kind: "query",
    sql,
    names: Object.keys(inputs),
    inputs: Object.values(inputs),
  };
  noteSchema(plan, fields);
  return plan;
}

/** One row: the quantiles of an expression, interpolated as one query does, under these names. */
export function quantilesOf(
  { sizing, note }: Partitioner,
  input: Parts,
  of: ExprNode,
  wanted: ReadonlyMap<string, number>,
): Plan {
  const items: NamedExpr[] = [{ name: VALUE, expr: of }];
  const values = eachPart(input, (from): Plan => {
    const only: Plan = { kind: "project", input: from, items };
    return {
      kind: "filter",
      input: only,
      predicate: { kind: "call", fn: "notNull", args: [column(VALUE)] },
    };
  });
  const destinations = partitionCount(input.size, sizing);
  note(`quantiles of all rows in ${destinations} partitions, by range`);
  const ranges = exchangedByRange(
    { ...values, places: [] },
    columnKeys([VALUE]),
    destinations,
    "quantile",
  );
  const counts = collected(eachPart(ranges, countOf), "quantile-count").plans[0] as Plan;
  const ranks = [...new Set([...wanted.values()].flatMap((q) => [lowRank(q), highRank(q)]))];
  const picked = alike(
    ranges.plans.map((part, i) => {
      const values = part.kind === "sort" ? part.input : part;
      return queryOver({ part: values, counts }, pickSql(ranks, i), PICKED);
    }),
  );
  const few = collected({ ...ranges, plans: picked }, "quantile-pick").plans[0] as Plan;
  const each = Array.from(wanted, ([name, q]) => `(${betweenSql(q)}) AS "${name}"`);
  const names = Array.from(wanted.keys(), (name) => ({ name, type: "DOUBLE" }));
  return queryOver(
    { few, counts },
    `SELECT ${each.join(", ")} FROM (SELECT sum(${COUNT}) AS "n" FROM counts)`,
    names,
  );
}

/** How many values a destination has, and which it is. */
function countOf(part: Plan, i: number): Plan {
  const count: ExprNode = { kind: "aggregate", fn: "count", of: [column(VALUE)], args: [] };
  const counted: Plan = {
    kind: "aggregate",
    input: part,
    keys: [],
    items: [{ name: COUNT, expr: count }],
    sort: false,
    dropna: false,
  };
  const number: ExprNode = { kind: "cast", arg: literal(i), to: "BIGINT", lenient: false };
  return {
    kind: "project",
    input: counted,
    items: [{ name: PART, expr: number }, ...namedColumns([COUNT])],
  };
}

/**
 * The values at these ranks that one destination holds. Most hold none: they sort nothing. The
 * others sort the bare values and number them as they come, which needs much less memory than
 * numbering in an order.
 */
function pickSql(ranks: readonly string[], part: number): string {
  const place =
    `SELECT sum(${COUNT}) AS "n", coalesce(sum(${COUNT}) FILTER (WHERE ${PART} < ${part}), 0) ` +
    `AS "from", coalesce(sum(${COUNT}) FILTER (WHERE ${PART} <= ${part}), 0) AS "to" FROM counts`;
  const own =
    `SELECT DISTINCT CAST("rank" AS BIGINT) AS "rank" FROM (SELECT unnest([${ranks.join(", ")}]) ` +
    'AS "rank", "from", "to" FROM place) WHERE "rank" >= "from" AND "rank" < "to"';
  const sorted = `SELECT ${VALUE} FROM part WHERE (SELECT count(*) FROM own) > 0 ORDER BY ${VALUE}`;
  const numbered = `SELECT ${VALUE}, row_number() OVER () - 1 AS "at" FROM (${sorted})`;
  return (
    `WITH place AS (${place}), own AS (${own}) SELECT CAST("rank" AS BIGINT) AS ${RANK}, ` +
    `CAST(${VALUE} AS DOUBLE) AS ${VALUE} FROM (${numbered}) JOIN ` +
    `(SELECT "rank", "rank" - "from" AS "at" FROM own, place) USING ("at")`
  );
}

const position = (q: number): string => `(${q}::DOUBLE * ("n" - 1))`;
const lowRank = (q: number): string => `CAST(floor(${position(q)}) AS BIGINT)`;
const highRank = (q: number): string => `CAST(ceil(${position(q)}) AS BIGINT)`;

/** Between the values at the ranks around a quantile; at a whole rank, its value. */
function betweenSql(q: number): string {
  const at = (rank: string): string => `(SELECT ${VALUE} FROM few WHERE ${RANK} = ${rank})`;
  const [low, high] = [at(lowRank(q)), at(highRank(q))];
  const share = `(${position(q)} - floor(${position(q)}))`;
  return `CASE WHEN ${share} = 0 THEN ${low} ELSE ${low} * (1 - ${share}) + ${high} * ${share} END`;
}
