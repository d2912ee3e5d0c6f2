/** @file Plans as text: a tree, one step a line, from the last step down to the files. */
import { describeExpr } from "./expression-sql.ts";
import { describeFragments } from "./lower.ts";
import { optimizePlan } from "./optimize-plan.ts";
import { inputsOf, isIdentity, type NamedExpr, type Plan } from "./plan.ts";

/** The plan as written, as optimised, and the query of its topmost fragment. */
export function explainPlan(plan: Plan): string {
  const optimized = optimizePlan(plan);
  const { sql, notes } = describeFragments(optimized.kind === "map" ? optimized.input : plan);
  const query = optimized.kind === "map" ? `the function runs on each partition of: ${sql}` : sql;
  return [
    "== Plan as written",
    ...tree(plan),
    "",
    "== Optimised plan",
    ...tree(optimized),
    "",
    ...(notes.length === 0 ? [] : ["== Partitions", ...notes, ""]),
    "== Query",
    query,
  ].join("\n");
}

function tree(plan: Plan, indent = ""): string[] {
  const inner = inputsOf(plan).flatMap((input) => tree(input, `${indent}  `));
  return [`${indent}${describe(plan)}`, ...inner];
}

function describe(plan: Plan): string {
  switch (plan.kind) {
    case "scan": {
      const { format, paths } = plan.source.options;
      const columns = plan.columns === undefined ? "all columns" : plan.columns.join(", ");
      return `read ${format} ${[paths].flat().map(String).join(", ")} [${columns}]`;
    }
    case "input": {
      const names = plan.columns ?? plan.fields.map((field) => field.name);
      const from = plan.refs === undefined ? "local table" : `${plan.refs.length} computed tables`;
      return `${from} [${names.join(", ")}]`;
    }
    case "project":
      return `select ${items(plan.items)}`;
    case "filter":
      return `filter ${describeExpr(plan.predicate)}`;
    case "aggregate": {
      const keys = plan.keys.length === 0 ? "all rows" : `by ${items(plan.keys)}`;
      return `aggregate ${keys}: ${items(plan.items)}`;
    }
    case "join": {
      const on = plan.on.map(([left, right]) => (left === right ? left : `${left} = ${right}`));
      return `${plan.how} join${on.length === 0 ? "" : ` on ${on.join(", ")}`}`;
    }
    case "sort": {
      const keys = plan.keys.map(
        ({ expr, descending }) => `${describeExpr(expr)}${descending ? " descending" : ""}`,
      );
      return `sort by ${keys.join(", ")}`;
    }
    case "limit":
      return `${plan.from === "head" ? "first" : "last"} ${plan.count} rows`;
    case "distinct":
      return `${plan.keep} row of each ${plan.subset.join(", ")}`;
    case "shuffle":
      return `rows of equal ${plan.on.join(", ")} together`;
    case "concat":
      return `rows of ${plan.inputs.length} frames`;
    case "query":
      return `sql over ${plan.names.join(", ")}: ${plan.sql.replace(/\s+/g, " ").trim()}`;
    case "sample":
      return `sample of ${plan.fraction}, seed ${plan.seed}`;
    case "map":
      return `map partitions by ${plan.fn.name || "a function"}`;
  }
}

function items(list: readonly NamedExpr[]): string {
  return list
    .map((item) => (isIdentity(item) ? item.name : `${item.name} = ${describeExpr(item.expr)}`))
    .join(", ");
}
