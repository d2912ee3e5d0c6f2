/**
 * @file Which task options (`annotate`) belong to which nodes: those in force when an array was
 * built. Nodes that a method makes on the way belong to the same array; the options reach the
 * templates when the nodes are lowered.
 */
import { currentAnnotations } from "../core/annotations.ts";
import type { TaskOptions } from "../core/graph.ts";
import type { Expr } from "./expression.ts";

const owned = new WeakMap<Expr, TaskOptions | undefined>();
let inForce: TaskOptions | undefined;

/**
 * Gives the options in force to a new array's node, and to those below it that no array has yet.
 */
export function claim(expr: Expr): void {
  if (owned.has(expr)) return;
  const options = currentAnnotations();
  owned.set(expr, options);
  if (options === undefined) return;
  const stack = [...expr.operands];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (owned.has(node)) continue;
    owned.set(node, options);
    stack.push(...node.operands);
  }
}

/** Lets a rewritten node keep the options of the one that it replaces. */
export function inherit<E extends Expr>(expr: E, from: Expr): E {
  const options = owned.get(from);
  if (options !== undefined && !owned.has(expr)) owned.set(expr, options);
  return expr;
}

/** Runs `lower` such that the layers it makes get the node's options. */
export function withOptionsOf<R>(expr: Expr, lower: () => R): R {
  const before = inForce;
  inForce = owned.get(expr);
  try {
    return lower();
  } finally {
    inForce = before;
  }
}

/** The options of the node that is being lowered. */
export function optionsInForce(): TaskOptions | undefined {
  return inForce;
}
