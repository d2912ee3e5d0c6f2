/**
 * @file Column expressions as plain trees: what `filter`, `assign` and `agg` are given, what the
 * optimiser rewrites and `expression-sql.ts` turns into SQL. Plain JSON values, so they tokenize
 * and travel as they are.
 */
import type { SqlType } from "../table/types.ts";

/** A value that may stand in an expression. */
export type Literal = number | bigint | string | boolean | Date | Uint8Array | null;

/** One node of an expression. */
export type ExprNode =
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "literal"; readonly value: Literal }
  /** A scalar function of this name in `SCALARS`. */
  | { readonly kind: "call"; readonly fn: string; readonly args: readonly ExprNode[] }
  | {
      readonly kind: "cast";
      readonly arg: ExprNode;
      readonly to: SqlType;
      readonly lenient: boolean;
    }
  | {
      readonly kind: "case";
      readonly whens: readonly (readonly [condition: ExprNode, value: ExprNode])[];
      readonly otherwise: ExprNode;
    }
  /** One value of many rows; `args` are constants of the function, such as a quantile. */
  | {
      readonly kind: "aggregate";
      readonly fn: string;
      readonly of: readonly ExprNode[];
      readonly args: readonly number[];
    }
  /** A value per row that depends on other rows, in row order within `by`. */
  | {
      readonly kind: "window";
      readonly fn: string;
      readonly of: readonly ExprNode[];
      readonly by: readonly ExprNode[];
    };

export const TRUE: ExprNode = { kind: "literal", value: true };

/** The reference to a column. */
export function column(name: string): ExprNode {
  return { kind: "column", name };
}

export function literal(value: Literal): ExprNode {
  return { kind: "literal", value };
}

export function call(fn: string, ...args: readonly ExprNode[]): ExprNode {
  return { kind: "call", fn, args };
}

/** The direct parts of a node. */
export function partsOf(node: ExprNode): readonly ExprNode[] {
  switch (node.kind) {
    case "column":
    case "literal":
      return [];
    case "call":
      return node.args;
    case "cast":
      return [node.arg];
    case "case":
      return [...node.whens.flat(), node.otherwise];
    case "aggregate":
      return node.of;
    case "window":
      return [...node.of, ...node.by];
  }
}

const depths = new WeakMap<ExprNode, number>();

/** How deep the tree is; remembered, as trees grow from trees. */
export function depthOf(node: ExprNode): number {
  const known = depths.get(node);
  if (known !== undefined) return known;
  const depth = 1 + partsOf(node).reduce((most, part) => Math.max(most, depthOf(part)), 0);
  depths.set(node, depth);
  return depth;
}

/** `a AND b`, or `OR`: chains of them are one node, however long. */
export function logic(fn: "and" | "or", a: ExprNode, b: ExprNode): ExprNode {
  const first = a.kind === "call" && a.fn === fn ? a.args : [a];
  return call(fn, ...first, b);
}

/** The node with its direct parts replaced, in the order of {@link partsOf}. */
export function withParts(node: ExprNode, parts: readonly ExprNode[]): ExprNode {
  switch (node.kind) {
    case "column":
    case "literal":
      return node;
    case "call":
      return { ...node, args: parts };
    case "cast":
      return { ...node, arg: parts[0] as ExprNode };
    case "case": {
      const whens = node.whens.map(
        (_, i) => [parts[2 * i] as ExprNode, parts[2 * i + 1] as ExprNode] as const,
      );
      return { ...node, whens, otherwise: parts.at(-1) as ExprNode };
    }
    case "aggregate":
      return { ...node, of: parts };
    case "window":
      return { ...node, of: parts.slice(0, node.of.length), by: parts.slice(node.of.length) };
  }
}

/** Rewrites bottom-up. */
export function transform(node: ExprNode, rewrite: (node: ExprNode) => ExprNode): ExprNode {
  const parts = partsOf(node);
  if (parts.length === 0) return rewrite(node);
  const next = parts.map((part) => transform(part, rewrite));
  const changed = next.some((part, i) => part !== parts[i]);
  return rewrite(changed ? withParts(node, next) : node);
}

/** Whether any node of the tree satisfies `test`. */
export function someNode(node: ExprNode, test: (node: ExprNode) => boolean): boolean {
  return test(node) || partsOf(node).some((part) => someNode(part, test));
}

/** Names of the columns that the expression reads, added to `into`. */
export function columnsOf(node: ExprNode, into: Set<string> = new Set()): Set<string> {
  if (node.kind === "column") into.add(node.name);
  for (const part of partsOf(node)) columnsOf(part, into);
  return into;
}

/** Replaces column references by the expressions of `by`; others stay. */
export function substitute(node: ExprNode, by: ReadonlyMap<string, ExprNode>): ExprNode {
  return transform(node, (n) => (n.kind === "column" ? (by.get(n.name) ?? n) : n));
}

/** Whether the expression needs other rows than its own. */
export function isRowwise(node: ExprNode): boolean {
  return !someNode(node, (n) => n.kind === "aggregate" || n.kind === "window");
}

/** The predicates that are joined by `and`. */
export function conjuncts(node: ExprNode): ExprNode[] {
  if (node.kind === "call" && node.fn === "and") return node.args.flatMap(conjuncts);
  return [node];
}

/** All predicates joined by `and`. */
export function conjunction(nodes: readonly ExprNode[]): ExprNode {
  if (nodes.length === 0) return TRUE;
  return nodes.length === 1 ? (nodes[0] as ExprNode) : call("and", ...nodes);
}

/** Computes what is constant: arithmetic, comparisons and logic of literals. */
export function fold(node: ExprNode): ExprNode {
  return transform(node, (n) => (n.kind === "call" ? foldCall(n) : n));
}

type Call = Extract<ExprNode, { kind: "call" }>;

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
};

const COMPARISON: Readonly<Record<string, (a: Literal, b: Literal) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => (a as number) < (b as number),
  le: (a, b) => (a as number) <= (b as number),
  gt: (a, b) => (a as number) > (b as number),
  ge: (a, b) => (a as number) >= (b as number),
};

function foldCall(node: Call): ExprNode {
  const [a, b] = node.args;
  if (node.fn === "and" || node.fn === "or") return foldLogic(node);
  if (node.fn === "not" && a?.kind === "literal" && typeof a.value === "boolean") {
    return literal(!a.value);
  }
  if (a?.kind !== "literal" || b?.kind !== "literal") return node;
  const [x, y] = [a.value, b.value];
  // Only where JavaScript and the engine agree: safe integers, and values of one type.
  if (typeof x === "number" && typeof y === "number") {
    const result = ARITHMETIC[node.fn]?.(x, y);
    const integers = Number.isInteger(x) && Number.isInteger(y);
    if (result !== undefined && integers && Number.isSafeInteger(result)) return literal(result);
    if (!Number.isFinite(x) || !Number.isFinite(y)) return node;
  } else if (typeof x !== typeof y || typeof x !== "boolean") return node;
  const truth = COMPARISON[node.fn]?.(x, y);
  return truth === undefined ? node : literal(truth);
}

function foldLogic(node: Call): ExprNode {
  const neutral = node.fn === "and";
  const rest = node.args.filter((arg) => !(arg.kind === "literal" && arg.value === neutral));
  const decided = rest.find((arg) => arg.kind === "literal" && arg.value === !neutral);
  if (decided !== undefined) return decided;
  if (rest.length === 0) return literal(neutral);
  return rest.length === 1 ? (rest[0] as ExprNode) : { ...node, args: rest };
}
