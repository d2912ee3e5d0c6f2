/**
 * @file Lazy arrays as immutable trees. A node knows its dtype, its chunks and what it is made of;
 * nothing runs and no task exists until it is lowered. Five kinds are known to simplification and
 * fusion (views, elementwise work, reductions, rechunks, concatenations); everything else is a
 * `call`, which plans its own layers.
 */
import type { DType, Scalar } from "../core/dtype.ts";
import { tokenize } from "../core/token.ts";
import type { Kernel } from "../ndarray/kernels/ir.ts";
import type { Blocks, Operand } from "./blocks.ts";
import { type Chunks, shapeOf } from "./chunks.ts";
import { type Cut, chunksOfCut, composeCuts, isIdentity } from "./cut.ts";

interface Node {
  readonly dtype: DType;
  readonly chunks: Chunks;
  /** Nodes that this one is made of. */
  readonly operands: readonly Expr[];
}

/** A part of another array that costs nothing: slices, transposes, added axes, whole blocks. */
export interface ViewExpr extends Node {
  readonly kind: "view";
  readonly operands: readonly [Expr];
  readonly cut: Cut;
}

/**
 * One elementwise function: a kernel whose inputs are the operands, in order. They have as many
 * axes and as many blocks along each as the result; an axis on which all blocks of an operand have
 * length 1 broadcasts.
 */
export interface ElementwiseExpr extends Node {
  readonly kind: "elementwise";
  /** Name of the function, the first part of the layer's name. */
  readonly word: string;
  readonly kernel: Kernel;
}

/**
 * Reductions whose partial results are folded by one elementwise operation, and those that carry a
 * state.
 */
export type ReductionOp =
  | "sum"
  | "prod"
  | "min"
  | "max"
  | "any"
  | "all"
  | "nanmin"
  | "nanmax"
  | "var"
  | "std"
  | "nanvar"
  | "nanstd"
  | "argmin"
  | "argmax"
  | "nanargmin"
  | "nanargmax";

/** A tree reduction. */
export interface ReductionExpr extends Node {
  readonly kind: "reduction";
  readonly operands: readonly [Expr];
  readonly op: ReductionOp;
  /** Ascending axes that are reduced. */
  readonly axes: readonly number[];
  readonly keepdims: boolean;
  /** Delta degrees of freedom of `var` and `std`; 0 for all others. */
  readonly ddof: number;
  /** For each of `axes`: how many blocks one combining task takes. */
  readonly splitEvery: readonly number[];
}

/** The same elements in other blocks. */
export interface RechunkExpr extends Node {
  readonly kind: "rechunk";
  readonly operands: readonly [Expr];
}

/**
 * Arrays one after the other along an axis; the blocks of the parts are the blocks of the whole.
 */
export interface ConcatExpr extends Node {
  readonly kind: "concat";
  readonly axis: number;
}

/** Anything else: plans its own layers from its lowered operands. */
export interface CallExpr extends Node {
  readonly kind: "call";
  /** First part of the layer's name. */
  readonly word: string;
  /**
   * What the result depends on besides the operands: everything that is not in here must not
   * matter.
   */
  readonly identity: readonly unknown[];
  plan(operands: readonly Operand[], token: string): Blocks;
  /** Set when every element is this value: kernels then take it as a constant. */
  readonly fill?: Scalar;
  /** The same call for a part of its blocks and elements, where that can be said without a view. */
  cutBy?(cut: Cut): Expr | null;
}

/** A lazy array. */
export type Expr = ViewExpr | ElementwiseExpr | ReductionExpr | RechunkExpr | ConcatExpr | CallExpr;

/** Length of each axis; NaN where it is unknown. */
export function shapeOfExpr(expr: Expr): number[] {
  return shapeOf(expr.chunks);
}

/** A view; views of views are one view, and a view of everything is the array itself. */
export function view(of: Expr, cut: Cut): Expr {
  if (isIdentity(cut, of.chunks)) return of;
  if (of.kind === "view") return view(of.operands[0], composeCuts(cut, of.cut));
  return { kind: "view", dtype: of.dtype, chunks: chunksOfCut(cut), operands: [of], cut };
}

const tokens = new WeakMap<Expr, string>();

/**
 * Content token: equal expressions have equal ones. Computed once, from the leaves up, without
 * recursion.
 */
export function tokenOf(expr: Expr): string {
  for (const node of inOrder([expr], (e) => tokens.has(e)))
    tokens.set(node, tokenize(contentOf(node)));
  return tokens.get(expr) as string;
}

function contentOf(expr: Expr): unknown[] {
  const below = expr.operands.map((operand) => tokens.get(operand));
  switch (expr.kind) {
    case "view":
      return ["view", below, expr.cut];
    case "elementwise":
      return ["elementwise", below, expr.kernel];
    case "reduction":
      return ["reduction", below, reductionContent(expr)];
    case "rechunk":
      return ["rechunk", below, expr.chunks];
    case "concat":
      return ["concat", below, expr.axis];
    case "call":
      return ["call", below, expr.word, expr.identity, expr.chunks, expr.dtype];
  }
}

function reductionContent(expr: ReductionExpr): unknown {
  const { op, axes, keepdims, ddof, splitEvery, dtype } = expr;
  return { op, axes, keepdims, ddof, splitEvery, dtype };
}

/**
 * All nodes below and including `roots`, operands before those that use them; nodes for which
 * `known` holds are left out.
 */
export function inOrder(
  roots: readonly Expr[],
  known: (expr: Expr) => boolean = () => false,
): Expr[] {
  const order: Expr[] = [];
  const seen = new Set<Expr>();
  const stack: { readonly expr: Expr; next: number }[] = [];
  const enter = (expr: Expr): void => {
    if (seen.has(expr) || known(expr)) return;
    seen.add(expr);
    stack.push({ expr, next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const operand = top.expr.operands[top.next++];
      if (operand !== undefined) enter(operand);
      else order.push((stack.pop() as { expr: Expr }).expr);
    }
  }
  return order;
}
