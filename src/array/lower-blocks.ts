/**
 * @file Lowering of what only moves blocks: rechunks, concatenations, and views that must become
 * tasks of their own.
 */
import type { Arg } from "../core/graph.ts";
import { type AxisOverlaps, overlapAxis } from "./axis-plans.ts";
import { type Blocks, blocksOfLayer, LayerPlan, type Operand, pick, spread } from "./blocks.ts";
import { type Chunks, gridOf } from "./chunks.ts";
import { blocksBelow, chunksOfCut, isSelection, stridesOf } from "./cut.ts";
import { advance } from "./grid.ts";
import { assembleBlock, ownBlock } from "./tasks.ts";

/**
 * Blocks that are tasks: an operand with a view that does more than choose blocks gets a layer of
 * its own.
 */
export function materialize(operand: Operand, token: string): Blocks {
  const { blocks, cut } = operand;
  if (cut === null) return blocks;
  const chunks = chunksOfCut(cut);
  if (isSelection(cut, blocks.chunks.length)) {
    return {
      chunks,
      layers: blocks.layers,
      tasks: pick(blocks.tasks, blocksBelow(cut, blocks.chunks)),
    };
  }
  const plan = new LayerPlan(gridOf(chunks));
  const block = plan.operand(operand);
  const layer = plan.finish({
    word: "view",
    token,
    kind: "blockwise",
    // The call that cuts or turns the block is the argument.
    template: { fn: ownBlock, args: [block] },
  });
  return blocksOfLayer(layer, chunks);
}

/**
 * Blocks cut anew, each new block gathering the old ones that it overlaps. These direct edges are
 * cheap when cuts are similar; for all-to-all changes there is `lower-exchange.ts`.
 */
export function lowerRechunk(operand: Blocks, wanted: Chunks, token: string): Blocks {
  const overlaps = wanted.map((blocks, axis) => overlapAxis(operand.chunks[axis] ?? [], blocks));
  const plan = new LayerPlan(gridOf(wanted));
  const below = plan.number(operand);
  const { offsets, deps } = boxEdges(overlaps, gridOf(operand.chunks), below);
  const counts: Arg[] = overlaps.map((overlap, axis) => plan.axisLiteral(axis, overlap.count));
  const starts: Arg[] = overlaps.map((overlap, axis) => plan.axisLiteral(axis, overlap.start));
  const layer = plan.finishWith(
    {
      word: "rechunk",
      token,
      kind: "blockwise",
      template: {
        fn: assembleBlock,
        args: [
          { kind: "array", items: counts },
          { kind: "array", items: starts },
          plan.shapeArg(wanted),
          { kind: "deps", start: 0 },
        ],
      },
    },
    offsets,
    deps,
  );
  return blocksOfLayer(layer, wanted);
}

/** How many edges a rechunk has as a graph of direct dependencies. */
export function countOverlapEdges(overlaps: readonly Pick<AxisOverlaps, "count">[]): number {
  return overlaps.reduce((edges, { count }) => edges * count.reduce((a, b) => a + b, 0), 1);
}

/**
 * Edges of tasks that each take a box of blocks: one run of neighbours along every axis, in C
 * order.
 */
export function boxEdges(
  overlaps: readonly Pick<AxisOverlaps, "first" | "count">[],
  old: readonly number[],
  below: Int32Array,
): { offsets: Int32Array; deps: Int32Array } {
  const grid = overlaps.map(({ first }) => first.length);
  const strides = stridesOf(old);
  const firsts = spread(
    grid,
    0,
    overlaps.map(({ first }, axis) => ({
      axis,
      values: Float64Array.from(first, (block) => block * (strides[axis] as number)),
    })),
  );
  const offsets = new Int32Array(firsts.length + 1);
  const deps = new Int32Array(countOverlapEdges(overlaps));
  const cell = new Array<number>(grid.length).fill(0);
  let edge = 0;
  for (let task = 0; task < firsts.length; task++) {
    const counts = overlaps.map(({ count }, axis) => count[cell[axis] as number] as number);
    edge = writeBox(deps, edge, below, firsts[task] as number, counts, strides);
    offsets[task + 1] = edge;
    advance(cell, grid);
  }
  return { offsets, deps };
}

/** Writes the blocks of a box in C order, and returns where the next edge goes. */
function writeBox(
  deps: Int32Array,
  edge: number,
  below: Int32Array,
  first: number,
  counts: readonly number[],
  strides: readonly number[],
): number {
  const last = counts.length - 1;
  const row = last < 0 ? 1 : (counts[last] as number);
  const cell = new Array<number>(Math.max(0, last)).fill(0);
  const outer = counts.slice(0, Math.max(0, last));
  const rows = outer.reduce((a, b) => a * b, 1);
  for (let r = 0; r < rows; r++) {
    let at = first;
    for (let axis = 0; axis < last; axis++)
      at += (cell[axis] as number) * (strides[axis] as number);
    for (let i = 0; i < row; i++) deps[edge++] = below[at + i] as number;
    advance(cell, outer);
  }
  return edge;
}

/** Blocks of several arrays side by side along an axis; no task is made. */
export function lowerConcat(parts: readonly Blocks[], chunks: Chunks, axis: number): Blocks {
  const grid = gridOf(chunks);
  const layers = [...new Set(parts.flatMap((part) => part.layers))];
  const numbering = new LayerPlan([]);
  for (const layer of layers) numbering.number({ chunks: [], layers: [layer], tasks: EMPTY });
  const outer = grid.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = grid.slice(axis + 1).reduce((a, b) => a * b, 1);
  const row = (grid[axis] as number) * inner;
  const tasks = new Int32Array(outer * row);
  let begin = 0;
  for (const part of parts) {
    const numbers = numbering.number(part);
    const width = (part.chunks[axis]?.length ?? 1) * inner;
    for (let i = 0; i < outer; i++) {
      tasks.set(numbers.subarray(i * width, (i + 1) * width), i * row + begin);
    }
    begin += width;
  }
  return { chunks, layers, tasks };
}

const EMPTY = new Int32Array(0);
