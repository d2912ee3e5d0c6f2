/**
 * @file From expressions to layers: simplify, group what runs as one kernel, and make the blocks of
 * every group root.
 */
import type { Scalar } from "../core/dtype.ts";
import { KernelBuilder, type Ref } from "../ndarray/kernels/ir.ts";
import { withOptionsOf } from "./annotations.ts";
import { type Blocks, blocksOfLayer, LayerPlan, type Operand } from "./blocks.ts";
import { gridOf, sameChunks } from "./chunks.ts";
import {
  type ElementwiseExpr,
  type Expr,
  inOrder,
  type ReductionExpr,
  tokenOf,
} from "./expression.ts";
import { type Fused, inputsOf } from "./fused.ts";
import { lowerConcat, lowerRechunk, materialize } from "./lower-blocks.ts";
import { lowerExchange, needsExchange } from "./lower-exchange.ts";
import { lowerReduction } from "./lower-reduction.ts";
import { type Groups, groupElementwise, simplify } from "./simplify.ts";
import { kernelBlock } from "./tasks.ts";

/** The tasks of several arrays that are computed together; what they share is made once. */
export function lowerAll(roots: readonly Expr[]): Blocks[] {
  const simple = simplify(roots);
  const lowering: Lowering = { groups: groupElementwise(simple), made: new Map() };
  for (const expr of inOrder(simple)) {
    if (lowering.groups.get(expr) === expr) {
      lowering.made.set(
        expr,
        withOptionsOf(expr, () => lowerOne(expr, lowering)),
      );
    }
  }
  return simple.map((expr) => materialize(operandOf(expr, lowering), tokenOf(expr)));
}

interface Lowering {
  readonly groups: Groups;
  readonly made: Map<Expr, Operand>;
}

function operandOf(expr: Expr, lowering: Lowering): Operand {
  return lowering.made.get(expr) as Operand;
}

function blocksOf(expr: Expr, lowering: Lowering): Blocks {
  return materialize(operandOf(expr, lowering), tokenOf(expr));
}

function lowerOne(expr: Expr, lowering: Lowering): Operand {
  switch (expr.kind) {
    case "view":
      return { blocks: operandOf(expr.operands[0], lowering).blocks, cut: expr.cut };
    case "elementwise":
      return plain(lowerElementwise(expr, lowering));
    case "reduction":
      return plain(lowerReduction(expr, fusedUnder(expr, lowering), tokenOf(expr)));
    case "rechunk": {
      const { chunks, dtype } = expr;
      const below = blocksOf(expr.operands[0], lowering);
      const token = tokenOf(expr);
      return plain(
        needsExchange(below.chunks, chunks, dtype)
          ? lowerExchange(below, chunks, dtype, token)
          : lowerRechunk(below, chunks, token),
      );
    }
    case "concat": {
      const parts = expr.operands.map((part) => blocksOf(part, lowering));
      return plain(lowerConcat(parts, expr.chunks, expr.axis));
    }
    case "call": {
      const operands = expr.operands.map((operand) => operandOf(operand, lowering));
      return plain(expr.plan(operands, tokenOf(expr)));
    }
  }
}

function plain(blocks: Blocks): Operand {
  return { blocks, cut: null };
}

function lowerElementwise(expr: ElementwiseExpr, lowering: Lowering): Blocks {
  const fused = fuse(expr, expr, lowering);
  const plan = new LayerPlan(gridOf(expr.chunks));
  const args = inputsOf(fused, plan);
  const layer = plan.finish({
    word: expr.word,
    token: tokenOf(expr),
    kind: "blockwise",
    template: { fn: kernelBlock, args: [{ kind: "const", value: fused.kernel }, ...args] },
  });
  return blocksOfLayer(layer, expr.chunks);
}

function fusedUnder(expr: ReductionExpr, lowering: Lowering): Fused {
  return fuse(expr.operands[0], expr, lowering);
}

/** The kernel of `top` with everything in the group of `owner` below it inlined. */
function fuse(top: Expr, owner: Expr, lowering: Lowering): Fused {
  const inside = (expr: Expr): boolean =>
    expr.kind === "elementwise" && lowering.groups.get(expr) === owner;
  const members = inOrder([top], (expr) => !inside(expr)) as ElementwiseExpr[];
  const below = new Set(
    members.flatMap((node) => node.operands.filter((operand) => !inside(operand))),
  );
  if (members.length === 0) below.add(top);
  // Constant arrays become constants of the kernel, if another input is left that gives the blocks
  // their shape.
  const shaped = [...below].some(
    (leaf) => fillOf(leaf) === undefined && sameChunks(leaf.chunks, top.chunks),
  );
  const builder = new KernelBuilder();
  const values = new Map<Expr, Ref>();
  const leaves: Operand[] = [];
  const lockstep: number[][] = top.chunks.map(() => []);
  for (const leaf of below) {
    const fill = shaped ? fillOf(leaf) : undefined;
    if (fill === undefined) {
      leaf.chunks.forEach((blocks, axis) => {
        if (blocks.some(Number.isNaN)) lockstep[axis]?.push(leaves.length);
      });
      leaves.push(operandOf(leaf, lowering));
    }
    values.set(
      leaf,
      fill === undefined ? builder.input(leaf.dtype) : builder.scalar(fill, leaf.dtype),
    );
  }
  for (const node of members) {
    const args = node.operands.map((operand) => values.get(operand) as Ref);
    values.set(node, builder.inline(node.kernel, args));
  }
  return { kernel: builder.build(values.get(top) as Ref), leaves, lockstep };
}

function fillOf(expr: Expr): Scalar | undefined {
  return expr.kind === "call" ? expr.fill : undefined;
}
