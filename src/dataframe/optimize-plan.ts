/**
 * @file Rewrites of logical plans: constants folded, filters merged and pushed towards the files
 * (through projections, sorts, joins, unions and, for keys, aggregations), and only the columns
 * that are used read. The engine does the like inside one query; here it also reaches across the
 * cuts of `mapPartitions` and narrows what inputs are loaded.
 */
import {
  columnsOf,
  conjunction,
  conjuncts,
  depthOf,
  type ExprNode,
  fold,
  isRowwise,
  partsOf,
  substitute,
  transform,
} from "./expression.ts";
import {
  type FilterPlan,
  inputsOf,
  isIdentity,
  type JoinPlan,
  type NamedExpr,
  namedColumns,
  type Plan,
  withInputs,
} from "./plan.ts";
import { columnNames, schemaOf } from "./schema.ts";

/** The plan in its best form; it gives the same rows in the same order. */
export function optimizePlan(plan: Plan): Plan {
  const pushed = shared(pushFilters)(shared(foldPlan)(plan));
  return prune(pushed);
}

/** Applies a bottom-up rewrite, each shared plan once, so that sharing survives. */
function shared(rewrite: (plan: Plan) => Plan): (plan: Plan) => Plan {
  const done = new Map<Plan, Plan>();
  const finish = (plan: Plan): void => {
    const inputs = inputsOf(plan);
    const next = inputs.map((input) => done.get(input) as Plan);
    const changed = next.some((input, i) => input !== inputs[i]);
    done.set(plan, rewrite(changed ? withInputs(plan, next) : plan));
  };
  return (root) => {
    // A stack of our own: frames may be thousands of steps long.
    const stack = [root];
    for (let plan = stack.at(-1); plan !== undefined; plan = stack.at(-1)) {
      const waiting = done.has(plan) ? [] : inputsOf(plan).filter((input) => !done.has(input));
      if (waiting.length > 0) {
        stack.push(...waiting);
        continue;
      }
      stack.pop();
      if (!done.has(plan)) finish(plan);
    }
    return done.get(root) as Plan;
  };
}

function foldItems(items: readonly NamedExpr[]): NamedExpr[] {
  return items.map(({ name, expr }) => ({ name, expr: fold(expr) }));
}

function foldPlan(plan: Plan): Plan {
  switch (plan.kind) {
    case "filter": {
      const predicate = fold(plan.predicate);
      if (predicate.kind === "literal" && predicate.value === true) return plan.input;
      return { ...plan, predicate };
    }
    case "project":
      return mergeProjects({ ...plan, items: foldItems(plan.items) });
    case "aggregate":
      return { ...plan, items: joinQuantiles(foldItems(plan.items)) };
    case "limit":
      if (plan.input.kind !== "limit" || plan.input.from !== plan.from) return plan;
      return { ...plan.input, count: Math.min(plan.count, plan.input.count) };
    default:
      return plan;
  }
}

/** Quantiles of the same values are found in one pass: each takes its place in a common list. */
function joinQuantiles(items: readonly NamedExpr[]): NamedExpr[] {
  const lists = new Map<string, number[]>();
  const keyOf = (node: ExprNode): string => JSON.stringify(partsOf(node), bigintText);
  const quantile = (node: ExprNode): number | undefined =>
    node.kind === "aggregate" && node.fn === "quantile" ? (node.args[0] ?? 0.5) : undefined;
  const note = (node: ExprNode): ExprNode => {
    const q = quantile(node);
    if (q !== undefined) lists.set(keyOf(node), [...(lists.get(keyOf(node)) ?? []), q]);
    return node;
  };
  for (const { expr } of items) transform(expr, note);
  return items.map(({ name, expr }) => {
    const joined = transform(expr, (node) => {
      const q = quantile(node);
      const list = [...new Set(lists.get(keyOf(node)))].sort((a, b) => a - b);
      if (q === undefined || list.length < 2 || node.kind !== "aggregate") return node;
      return { ...node, fn: "quantiles", args: [list.indexOf(q) + 1, ...list] };
    });
    return { name, expr: joined };
  });
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

/**
 * Two projections as one, when the inner one only names columns or each of its formulas is used
 * once.
 */
function mergeProjects(plan: Extract<Plan, { kind: "project" }>): Plan {
  const inner = plan.input;
  if (inner.kind !== "project") return plan;
  if (![...plan.items, ...inner.items].every(({ expr }) => isRowwise(expr))) return plan;
  const uses = new Map<string, number>();
  for (const { expr } of plan.items) {
    for (const name of columnsOf(expr)) uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const simple = inner.items.every(
    ({ name, expr }) => expr.kind === "column" || (uses.get(name) ?? 0) <= 1,
  );
  if (!simple) return plan;
  const by = new Map(inner.items.map(({ name, expr }) => [name, expr]));
  const items = plan.items.map(({ name, expr }) => ({ name, expr: substitute(expr, by) }));
  // The engine reads deep expressions slowly, and a query in a query fast.
  if (items.some(({ expr }) => depthOf(expr) > MERGED_DEPTH)) return plan;
  return { kind: "project", input: inner.input, items };
}

const MERGED_DEPTH = 50;

/** Moves a filter as far down as its meaning allows. */
function pushFilters(plan: Plan): Plan {
  if (plan.kind !== "filter") return plan;
  if (!isRowwise(plan.predicate)) return plan;
  const input = plan.input;
  switch (input.kind) {
    case "filter": {
      const both = conjunction([input.predicate, plan.predicate].flatMap(conjuncts));
      if (!isRowwise(input.predicate)) return plan;
      return pushFilters({ kind: "filter", input: input.input, predicate: fold(both) });
    }
    case "project":
      return throughProject(plan, input);
    case "sort":
    case "shuffle":
      return { ...input, input: pushFilters({ ...plan, input: input.input }) };
    case "concat":
      return pushIntoConcat(plan, input.inputs);
    case "aggregate":
      return throughAggregate(plan, input);
    case "join":
      return throughJoin(plan, input);
    default:
      return plan;
  }
}

function throughProject(plan: FilterPlan, input: Extract<Plan, { kind: "project" }>): Plan {
  // A window computed before the filter sees rows that the filter removes.
  if (!input.items.every(({ expr }) => isRowwise(expr))) return plan;
  const by = new Map(input.items.map(({ name, expr }) => [name, expr]));
  const predicate = substitute(plan.predicate, by);
  return { ...input, input: pushFilters({ kind: "filter", input: input.input, predicate }) };
}

function pushIntoConcat(plan: FilterPlan, inputs: readonly Plan[]): Plan {
  const needed = columnsOf(plan.predicate);
  const all = inputs.every((part) => {
    const names = new Set(columnNames(part));
    return [...needed].every((name) => names.has(name));
  });
  if (!all) return plan;
  const filtered = inputs.map((part) => pushFilters({ ...plan, input: part }));
  return { kind: "concat", inputs: filtered };
}

/** Conditions on keys remove whole groups, so they may act before grouping. */
function throughAggregate(plan: FilterPlan, input: Extract<Plan, { kind: "aggregate" }>): Plan {
  const keys = new Map(input.keys.map(({ name, expr }) => [name, expr]));
  const [down, stay] = split(
    plan.predicate,
    (part) => keys.size > 0 && [...columnsOf(part)].every((name) => keys.has(name)),
  );
  if (down.length === 0) return plan;
  const predicate = substitute(conjunction(down), keys);
  const inner = pushFilters({ kind: "filter", input: input.input, predicate });
  return filtered({ ...input, input: inner }, stay);
}

function throughJoin(plan: FilterPlan, join: JoinPlan): Plan {
  const leftOk = ["inner", "left", "semi", "anti", "cross"].includes(join.how);
  const rightOk = ["inner", "right", "cross"].includes(join.how);
  const names = (side: "left" | "right"): Map<string, ExprNode> =>
    new Map(
      join.columns
        .filter(({ from }) => from === side)
        .map((c): [string, ExprNode] => [c.name, { kind: "column", name: c[side] ?? c.name }]),
    );
  const [left, right] = [names("left"), names("right")];
  const within = (part: ExprNode, side: ReadonlyMap<string, ExprNode>): boolean =>
    [...columnsOf(part)].every((name) => side.has(name));
  const [toLeft, rest] = split(plan.predicate, (part) => leftOk && within(part, left));
  const [toRight, stay] = split(conjunction(rest), (part) => rightOk && within(part, right));
  if (toLeft.length === 0 && toRight.length === 0) return plan;
  const side = (input: Plan, parts: ExprNode[], by: ReadonlyMap<string, ExprNode>): Plan => {
    if (parts.length === 0) return input;
    const predicate = substitute(conjunction(parts), by);
    return pushFilters({ kind: "filter", input, predicate });
  };
  const next = {
    ...join,
    left: side(join.left, toLeft, left),
    right: side(join.right, toRight, right),
  };
  return filtered(next, stay);
}

/** Conjuncts that satisfy `test`, and the others. */
function split(predicate: ExprNode, test: (part: ExprNode) => boolean): [ExprNode[], ExprNode[]] {
  const parts = conjuncts(predicate).filter((p) => !(p.kind === "literal" && p.value === true));
  return [parts.filter(test), parts.filter((part) => !test(part))];
}

function filtered(plan: Plan, parts: readonly ExprNode[]): Plan {
  if (parts.length === 0) return plan;
  return { kind: "filter", input: plan, predicate: conjunction(parts) };
}

/** Names of the columns that are needed of a plan; undefined means all. */
type Needed = ReadonlySet<string> | undefined;

/**
 * Keeps only the columns that are used. A plan that is read twice keeps what either reader needs,
 * and stays shared.
 */
function prune(root: Plan): Plan {
  const needs = new Map<Plan, Needed>([[root, undefined]]);
  for (const plan of parentsFirst(root)) {
    const below = neededBelow(plan, needs.get(plan));
    inputsOf(plan).forEach((input, i) => {
      const more = below[i];
      const known = needs.get(input);
      if (needs.has(input)) needs.set(input, more && known && new Set([...known, ...more]));
      else needs.set(input, more);
    });
  }
  const done = new Map<Plan, Plan>();
  const rebuild = (plan: Plan): Plan => {
    const known = done.get(plan);
    if (known !== undefined) return known;
    const inputs = inputsOf(plan).map(rebuild);
    const result = narrowed(withInputs(plan, inputs), needs.get(plan));
    done.set(plan, result);
    return result;
  };
  return rebuild(root);
}

/** Every plan before what it reads. */
function parentsFirst(root: Plan): Plan[] {
  const seen = new Set<Plan>();
  const order: Plan[] = [];
  const visit = (plan: Plan): void => {
    if (seen.has(plan)) return;
    seen.add(plan);
    for (const input of inputsOf(plan)) visit(input);
    order.push(plan);
  };
  visit(root);
  return order.reverse();
}

/** What a plan needs of each of its inputs, given what is needed of itself. */
function neededBelow(plan: Plan, needed: Needed): Needed[] {
  switch (plan.kind) {
    case "scan":
    case "input":
      return [];
    case "project":
      return [usedBy(itemsKept(plan.items, needed, 1))];
    case "aggregate":
      return [usedBy([...plan.keys, ...itemsKept(plan.items, needed, 1 - plan.keys.length)])];
    case "filter":
      return [union(needed, columnsOf(plan.predicate))];
    case "sort":
      return [union(needed, new Set(plan.keys.flatMap(({ expr }) => [...columnsOf(expr)])))];
    case "distinct": {
      const all = plan.subset.length === columnNames(plan.input).length;
      return [all ? undefined : union(needed, new Set(plan.subset))];
    }
    case "shuffle":
      return [union(needed, new Set(plan.on))];
    case "limit":
    case "sample":
      return [needed];
    case "concat":
      return plan.inputs.map(() => needed);
    case "join":
      return neededByJoin(plan, needed);
    case "query":
    case "map":
      return inputsOf(plan).map(() => undefined);
  }
}

function neededByJoin(plan: JoinPlan, needed: Needed): Needed[] {
  const kept = joinColumnsKept(plan, needed);
  const side = (which: "left" | "right"): Set<string> => {
    const names = new Set(plan.on.map(([left, right]) => (which === "left" ? left : right)));
    for (const c of kept) if (c.from === which || c.from === "both") names.add(c[which] ?? c.name);
    return names;
  };
  return [side("left"), side("right")];
}

/** The plan over narrowed inputs, without the columns that nobody needs. */
function narrowed(plan: Plan, needed: Needed): Plan {
  switch (plan.kind) {
    case "scan":
    case "input":
      return needed === undefined ? plan : { ...plan, columns: keep(columnNames(plan), needed) };
    case "project": {
      const items = itemsKept(plan.items, needed, 1);
      return isNoop(items, plan.input) ? plan.input : { ...plan, items };
    }
    case "aggregate":
      return { ...plan, items: itemsKept(plan.items, needed, 1 - plan.keys.length) };
    case "join":
      return { ...plan, columns: joinColumnsKept(plan, needed) };
    case "concat": {
      if (needed === undefined) return plan;
      return { ...plan, inputs: plan.inputs.map((input) => exactly(input, needed)) };
    }
    default:
      return plan;
  }
}

/** The items that are needed, at least `least` of them. */
function itemsKept(items: readonly NamedExpr[], needed: Needed, least: number): NamedExpr[] {
  const kept = items.filter(({ name }) => needed === undefined || needed.has(name));
  return kept.length >= least ? kept : items.slice(0, least);
}

function joinColumnsKept(plan: JoinPlan, needed: Needed): JoinPlan["columns"] {
  const kept = plan.columns.filter(({ name }) => needed === undefined || needed.has(name));
  return kept.length === 0 ? plan.columns.slice(0, 1) : kept;
}

/** A filter's own columns may be in the input but not asked for: unions need equal columns. */
function exactly(plan: Plan, needed: ReadonlySet<string>): Plan {
  const names = columnNames(plan);
  const wanted = names.filter((name) => needed.has(name));
  if (wanted.length === names.length || wanted.length === 0) return plan;
  return { kind: "project", input: plan, items: namedColumns(wanted) };
}

function keep(names: readonly string[], needed: ReadonlySet<string>): string[] {
  const kept = names.filter((name) => needed.has(name));
  // Counting rows needs some column.
  return kept.length === 0 ? names.slice(0, 1) : kept;
}

function usedBy(items: readonly NamedExpr[]): Set<string> {
  const names = new Set<string>();
  for (const { expr } of items) columnsOf(expr, names);
  return names;
}

function union(needed: Needed, more: ReadonlySet<string>): Needed {
  return needed === undefined ? undefined : new Set([...needed, ...more]);
}

/** Whether a projection gives its input's columns as they are. */
function isNoop(items: readonly NamedExpr[], input: Plan): boolean {
  if (!items.every(isIdentity)) return false;
  const names = schemaOf(input).map((field) => field.name);
  return names.length === items.length && items.every(({ name }, i) => name === names[i]);
}
