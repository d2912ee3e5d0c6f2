/**
 * @file Reductions as trees. Every block gives a partial result (fused with the elementwise work
 * below it), partial results are combined a few blocks at a time, and the last step makes the
 * value. The tree follows from the chunks alone, so the same chunks give the same bits on any
 * number of workers.
 */
import type { Arg, Layer, TaskFunction } from "../core/graph.ts";
import type { AxisOverlaps } from "./axis-plans.ts";
import { type Blocks, blocksOfLayer, countUp, LayerPlan } from "./blocks.ts";
import { type Chunks, gridOf, offsetsOf, shapeOf } from "./chunks.ts";
import type { ReductionExpr } from "./expression.ts";
import { type Fused, inputsOf } from "./fused.ts";
import { boxEdges } from "./lower-blocks.ts";
import {
  argPartial,
  combineArgs,
  combineFolds,
  combineMoments,
  finishArgs,
  finishFolds,
  finishMoments,
  foldPartial,
  momentPartial,
} from "./reduction-tasks.ts";

/** A function with the constants that come before its list of partial results. */
export interface Stage {
  readonly fn: TaskFunction;
  readonly args: readonly unknown[];
}

/**
 * How partial results become the result. `combine` takes a list of them and gives one; `finish`
 * gives a block.
 */
export interface TreeStages {
  readonly combine: Stage;
  readonly finish: Stage;
}

/** The tasks of a reduction over fused elementwise work. */
export function lowerReduction(expr: ReductionExpr, fused: Fused, token: string): Blocks {
  const below = expr.operands[0].chunks;
  const plan = new LayerPlan(gridOf(below));
  const inputs = inputsOf(fused, plan);
  const kernel: Arg = constant(fused.kernel);
  const { template, stages } = stagesOf(expr, plan, below);
  const layer = plan.finish({
    word: `${expr.op}-partial`,
    token,
    kind: "reduction",
    template: { fn: template.fn, args: [...template.args, kernel, ...inputs] },
  });
  const partial = blocksOfLayer(layer, below);
  return lowerTree(partial, { ...expr, word: expr.op, stages, token });
}

function constant(value: unknown): Arg {
  return { kind: "const", value };
}

interface PartialPlan {
  readonly template: { readonly fn: TaskFunction; readonly args: readonly Arg[] };
  readonly stages: TreeStages;
}

function stagesOf(expr: ReductionExpr, plan: LayerPlan, below: Chunks): PartialPlan {
  const { op, axes, dtype, ddof } = expr;
  const dropped = expr.keepdims ? [] : axes;
  switch (op) {
    case "var":
    case "std":
    case "nanvar":
    case "nanstd":
      return {
        template: { fn: momentPartial, args: [constant(axes), constant(op.startsWith("nan"))] },
        stages: {
          combine: { fn: combineMoments, args: [] },
          finish: { fn: finishMoments, args: [{ dropped, dtype, ddof, root: op.endsWith("std") }] },
        },
      };
    case "argmin":
    case "argmax":
    case "nanargmin":
    case "nanargmax":
      return {
        template: {
          fn: argPartial,
          args: [constant(op), constant(axes), ...firstIndex(expr, plan, below)],
        },
        stages: {
          combine: { fn: combineArgs, args: [op] },
          finish: { fn: finishArgs, args: [op, dropped] },
        },
      };
    default:
      return {
        template: { fn: foldPartial, args: [constant(op), constant(axes), constant(dtype)] },
        stages: {
          combine: { fn: combineFolds, args: [op] },
          finish: { fn: finishFolds, args: [op, dropped] },
        },
      };
  }
}

/**
 * Where a block begins, for positions: its offset along each axis, and the strides of a flat index.
 */
function firstIndex(expr: ReductionExpr, plan: LayerPlan, below: Chunks): Arg[] {
  const items = below.map((blocks, axis) =>
    plan.axisLiteral(axis, offsetsOf(blocks).subarray(0, -1)),
  );
  return [{ kind: "array", items }, constant(expr.axes.length === 1 ? null : shapeOf(below))];
}

/** A tree over partial results. */
export interface Tree {
  readonly word: string;
  readonly token: string;
  readonly axes: readonly number[];
  readonly splitEvery: readonly number[];
  readonly keepdims: boolean;
  readonly stages: TreeStages;
}

/**
 * Combines partial results (one for each block of a grid) along axes until one block is left along
 * each of them.
 */
export function lowerTree(partial: Blocks, tree: Tree): Blocks {
  let blocks = partial;
  for (let level = 0; ; level++) {
    const grid = gridOf(blocks.chunks);
    const last = tree.axes.every(
      (axis, k) => (grid[axis] as number) <= (tree.splitEvery[k] as number),
    );
    const boxes = grid.map((count, axis) => {
      const k = tree.axes.indexOf(axis);
      return boxesOf(
        count,
        k === -1 ? 1 : last ? Math.max(1, count) : (tree.splitEvery[k] as number),
      );
    });
    const stage = last ? tree.stages.finish : tree.stages.combine;
    const word = last ? tree.word : `${tree.word}-combine`;
    const token = last ? tree.token : `${tree.token}-${level}`;
    const layer = boxLayer(blocks, boxes, stage, word, token);
    const chunks = blocks.chunks.map((lengths, axis) =>
      tree.axes.includes(axis)
        ? new Array<number>(boxes[axis]?.first.length ?? 1).fill(1)
        : lengths,
    );
    if (!last) {
      blocks = blocksOfLayer(layer, chunks);
      continue;
    }
    const kept = tree.keepdims ? chunks : chunks.filter((_, axis) => !tree.axes.includes(axis));
    return blocksOfLayer({ ...layer, grid: gridOf(kept) }, kept);
  }
}

/** Runs of `most` neighbours along an axis of `count` blocks. */
function boxesOf(count: number, most: number): Pick<AxisOverlaps, "first" | "count"> {
  const runs = Math.ceil(count / most);
  const first = countUp(runs, 0, most);
  return { first, count: first.map((start) => Math.min(most, count - start)) };
}

function boxLayer(
  blocks: Blocks,
  boxes: readonly Pick<AxisOverlaps, "first" | "count">[],
  stage: Stage,
  word: string,
  token: string,
): Layer {
  const plan = new LayerPlan(boxes.map(({ first }) => first.length));
  const { offsets, deps } = boxEdges(boxes, gridOf(blocks.chunks), plan.number(blocks));
  const args: Arg[] = [...stage.args.map(constant), { kind: "deps", start: 0 }];
  const template = { fn: stage.fn, args };
  return plan.finishWith({ word, token, kind: "reduction", template }, offsets, deps);
}
