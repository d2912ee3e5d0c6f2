/**
 * @file Rechunks whose new blocks need parts of very many old ones. As direct edges, a task would
 * hold all these old blocks whole; as an exchange, every old block is cut once, its pieces are
 * written out, and a new block reads only what it needs.
 */

import { exchange } from "../cluster/exchange.ts";
import { type DType, itemsizeOf } from "../core/dtype.ts";
import { type AxisOverlaps, overlapAxis } from "./axis-plans.ts";
import { type Blocks, blocksOfLayer, LayerPlan } from "./blocks.ts";
import { type Chunks, gridOf, product } from "./chunks.ts";
import { joinPieces, type RechunkPlan, splitPieces } from "./exchange-tasks.ts";
import { countOverlapEdges } from "./lower-blocks.ts";
import { arraySettings } from "./settings.ts";
import { passBlock } from "./tasks.ts";

/** Up to this many direct edges cost nothing worth saving. */
const FEW_EDGES = 100_000;
/** Share of the memory that the inputs of all running tasks may take as direct edges. */
const INPUT_SHARE = 0.25;

/**
 * Whether a rechunk goes through an exchange: as `array.rechunk.method` says, and by "auto" when
 * direct edges would be many for the number of blocks (`array.rechunk.threshold`), or would hold
 * too much at a time.
 */
export function needsExchange(old: Chunks, wanted: Chunks, dtype: DType): boolean {
  const { rechunkMethod, rechunkThreshold, memoryBytes, threads } = arraySettings();
  if (rechunkMethod !== "auto") return rechunkMethod === "exchange";
  const overlaps = wanted.map((blocks, axis) => overlapAxis(old[axis] ?? [], blocks));
  const edges = countOverlapEdges(overlaps);
  const blocks = product(gridOf(old)) + product(gridOf(wanted));
  if (edges > FEW_EDGES && edges > rechunkThreshold * blocks) return true;
  const inputBytes = product(overlaps.map((overlap, axis) => most(overlap, old[axis] ?? [])));
  return inputBytes * itemsizeOf(dtype) * threads > memoryBytes * INPUT_SHARE;
}

/** Length of the old blocks that the neediest new block touches. */
function most({ first, count }: AxisOverlaps, old: readonly number[]): number {
  let longest = 0;
  first.forEach((start, i) => {
    let length = 0;
    const end = start + (count[i] as number);
    for (let block = start; block < end; block++) length += old[block] as number;
    longest = Math.max(longest, length);
  });
  return longest;
}

/** The new blocks as the destinations of an exchange. */
export function lowerExchange(old: Blocks, wanted: Chunks, dtype: DType, token: string): Blocks {
  const plan: RechunkPlan = { old: old.chunks, wanted, dtype };
  const args = [{ kind: "const", value: plan } as const];
  const layer = exchange({
    name: `rechunk-${token}`,
    source: sourceLayer(old, token),
    destinations: product(gridOf(wanted)),
    grid: gridOf(wanted),
    split: { fn: splitPieces, args },
    join: { fn: joinPieces, args },
  });
  return blocksOfLayer(layer, wanted);
}

/** One layer whose tasks are the blocks in C order. */
function sourceLayer(blocks: Blocks, token: string): Blocks["layers"][number] {
  const [only] = blocks.layers;
  const whole = blocks.layers.length === 1 && blocks.tasks.every((task, i) => task === i);
  if (only !== undefined && whole && only.count === blocks.tasks.length) return only;
  const plan = new LayerPlan(gridOf(blocks.chunks));
  const template = { fn: passBlock, args: [plan.dep(plan.number(blocks))] };
  return plan.finish({ word: "rechunk-source", token, kind: "blockwise", template });
}
