/**
 * @file Reductions as trees. Every block gives a partial result (fused with the elementwise work
 * below it), partial results are combined a few blocks at a time, and the last step makes the
 * value. The tree follows from the chunks alone, so the same chunks give the same bits on any
 * number of workers. Blocks that lie in memory already are read and combined by one task, in the
 * same order: a task for each would take about as long to hand out as to run.
 */
import { itemsizeOf } from "../core/dtype.ts";
import type { Arg, Layer, TaskFunction } from "../core/graph.ts";
import type { AxisOverlaps } from "./axis-plans.ts";
import { type Blocks, blocksOfLayer, countUp, LayerPlan, type Operand } from "./blocks.ts";
import { type Chunks, gridOf, offsetsOf, product, shapeOf } from "./chunks.ts";
import { isIdentity } from "./cut.ts";
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
  foldPartials,
  momentPartial,
  momentPartials,
} from "./reduction-tasks.ts";
import { arraySettings } from "./settings.ts";

/** Blocks of up to so many bytes together are reduced by one task. */
const TOGETHER_BYTES_MAX = 64 * 1024 * 1024;
/** Share of the memory that the blocks of all running tasks may take. */
const TOGETHER_SHARE = 0.25;
/** Tasks a thread that must be left, so that no thread waits long for the others. */
const TASKS_A_THREAD_MIN = 4;

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
  const tree: Tree = { ...expr, word: expr.op, stages, token };
  if (template.together !== undefined && mayReadTogether(expr, fused)) {
    const { blocks } = fused.leaves[0] as Operand;
    const args = [...template.args, kernel, ALL_DEPS];
    return lowerTree(blocks, tree, { kind: "call", fn: template.together, args });
  }
  const layer = plan.finish({
    word: `${expr.op}-partial`,
    token,
    kind: "reduction",
    template: { fn: template.fn, args: [...template.args, kernel, ...inputs] },
  });
  const partial = blocksOfLayer(layer, below);
  return lowerTree(partial, tree);
}

/** Whether the blocks are in memory and nothing is done to them, so that reading them is all. */
function mayReadTogether(expr: ReductionExpr, { kernel, leaves }: Fused): boolean {
  const [leaf, ...others] = leaves;
  if (leaf === undefined || others.length > 0) return false;
  if (kernel.nodes.length > 1 || leaf.blocks.layers.some(({ held }) => held === undefined)) {
    return false;
  }
  if (leaf.cut !== null && !isIdentity(leaf.cut, leaf.blocks.chunks)) return false;
  const { chunks, dtype } = expr.operands[0];
  const { boxes } = levelOf(gridOf(chunks), expr);
  const mostBlocks = product(boxes.map(({ count }) => Math.max(0, ...count)));
  const blockBytes = product(chunks.map((lengths) => Math.max(0, ...lengths))) * itemsizeOf(dtype);
  const { memoryBytes, threads } = arraySettings();
  const tasks = product(boxes.map(({ first }) => first.length));
  const bytes = mostBlocks * blockBytes;
  return (
    tasks >= threads * TASKS_A_THREAD_MIN &&
    bytes <= TOGETHER_BYTES_MAX &&
    bytes * threads <= memoryBytes * TOGETHER_SHARE
  );
}

function constant(value: unknown): Arg {
  return { kind: "const", value };
}

interface PartialPlan {
  readonly template: {
    readonly fn: TaskFunction;
    /** The same for a list of blocks. */
    readonly together?: TaskFunction;
    readonly args: readonly Arg[];
  };
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
        template: {
          fn: momentPartial,
          together: momentPartials,
          args: [constant(axes), constant(op.startsWith("nan"))],
        },
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
        template: {
          fn: foldPartial,
          together: foldPartials,
          args: [constant(op), constant(axes), constant(dtype)],
        },
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

const ALL_DEPS: Arg = { kind: "deps", start: 0 };

/** What one level of a tree over a grid takes together, and whether it is the last. */
function levelOf(
  grid: readonly number[],
  { axes, splitEvery }: Pick<Tree, "axes" | "splitEvery">,
): { last: boolean; boxes: Box[] } {
  const last = axes.every((axis, k) => (grid[axis] as number) <= (splitEvery[k] as number));
  const boxes = grid.map((count, axis) => {
    const k = axes.indexOf(axis);
    return boxesOf(count, k === -1 ? 1 : last ? Math.max(1, count) : (splitEvery[k] as number));
  });
  return { last, boxes };
}

/**
 * Combines partial results (one for each block of a grid) along axes until one block is left along
 * each of them. `partials` makes the first level's list of them, where `below` has blocks that are
 * none yet.
 */
export function lowerTree(below: Blocks, tree: Tree, partials: Arg = ALL_DEPS): Blocks {
  let blocks = below;
  for (let level = 0; ; level++) {
    const { last, boxes } = levelOf(gridOf(blocks.chunks), tree);
    const stage = last ? tree.stages.finish : tree.stages.combine;
    const word = last ? tree.word : `${tree.word}-combine`;
    const token = last ? tree.token : `${tree.token}-${level}`;
    const list = level === 0 ? partials : ALL_DEPS;
    const layer = boxLayer(blocks, boxes, { stage, list, word, token });
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

/** For each run of neighbours along an axis, where it begins and how long it is. */
type Box = Pick<AxisOverlaps, "first" | "count">;

/** Runs of `most` neighbours along an axis of `count` blocks. */
function boxesOf(count: number, most: number): Box {
  const runs = Math.ceil(count / most);
  const first = countUp(runs, 0, most);
  return { first, count: first.map((start) => Math.min(most, count - start)) };
}

/** What a layer of a tree runs on the `list` of partial results. */
interface BoxWork {
  readonly stage: Stage;
  readonly list: Arg;
  readonly word: string;
  readonly token: string;
}

function boxLayer(blocks: Blocks, boxes: readonly Box[], work: BoxWork): Layer {
  const { stage, list, word, token } = work;
  const plan = new LayerPlan(boxes.map(({ first }) => first.length));
  const { offsets, deps } = boxEdges(boxes, gridOf(blocks.chunks), plan.number(blocks));
  const args: Arg[] = [...stage.args.map(constant), list];
  const template = { fn: stage.fn, args };
  return plan.finishWith({ word, token, kind: "reduction", template }, offsets, deps);
}
