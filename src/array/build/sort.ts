/**
 * @file Sorting. Lines that fit into a block are made whole and sorted there; one long axis is
 * sorted in its blocks, which then exchange what lies in the wrong one, so that no task holds more
 * than a few blocks' worth.
 */
import { exchange } from "../../cluster/exchange.ts";
import { itemsizeOf, kindOf } from "../../core/dtype.ts";
import type { Layer, TaskFunction } from "../../core/graph.ts";
import { type Blocks, blocksOfLayer, LayerPlan, type Operand } from "../blocks.ts";
import { type Chunks, gridOf, isKnown, product, sum } from "../chunks.ts";
import { type Expr, shapeOfExpr } from "../expression.ts";
import { materialize } from "../lower-blocks.ts";
import { arraySettings } from "../settings.ts";
import {
  chooseSplitters,
  cutsOf,
  flatBlock,
  joinSorted,
  sampleOf,
  sharesOf,
  sortSource,
  splitSorted,
} from "../sort-tasks.ts";
import { sortBlock } from "../statistics-tasks.ts";
import { blockCall, call, constant } from "./call.ts";
import { rechunk } from "./rechunk.ts";

/** Buckets for each block: of the data that a block gets, all but a share of two is its own. */
const BUCKETS = 8;
/** Samples of a block for each block: buckets are then equal to within a sixteenth of a block. */
const SAMPLES = 16;

/** The elements in ascending order along an axis. */
export function sort(array: Expr, axis: number): Expr {
  const blocks = array.chunks[axis] as readonly number[];
  const limitBytes = arraySettings().chunkSizeBytes;
  if (blocks.length === 1) return sortLines(array, axis);
  if (array.chunks.length === 1 && needsExchange(array, limitBytes)) return sortAxis(array);
  return sortLines(wholeLines(array, axis, limitBytes), axis);
}

/** Whether the elements are too many for one task, and can be exchanged. */
export function needsExchange(array: Expr, limitBytes: number): boolean {
  if (!isKnown(array.chunks) || kindOf(array.dtype) === "c") return false;
  return product(shapeOfExpr(array)) * itemsizeOf(array.dtype) > limitBytes;
}

/** The axis in one block; the others are cut finer where blocks would become too large. */
function wholeLines(array: Expr, axis: number, limitBytes: number): Expr {
  const others = array.chunks.filter((_, k) => k !== axis);
  const length = sum(array.chunks[axis] as readonly number[]);
  const lines = product(others.map((blocks) => Math.max(0, ...blocks)));
  const isLarge = lines * length * itemsizeOf(array.dtype) > limitBytes;
  if (!isLarge || !isKnown(array.chunks)) return rechunk(array, { [axis]: -1 });
  return rechunk(
    array,
    array.chunks.map((_, k) => (k === axis ? -1 : "auto")),
  );
}

function sortLines(whole: Expr, axis: number): Expr {
  const { dtype, chunks } = whole;
  return blockCall(
    { word: "sort", dtype, chunks, operands: [whole], identity: [axis] },
    { fn: sortBlock, args: (plan, [block]) => [constant(axis), plan.operand(block as Operand)] },
  );
}

/** All elements of an array of known chunks as one axis, block after block, in no other order. */
export function inBlockOrder(array: Expr): Expr {
  if (array.chunks.length === 1) return array;
  const lengths = array.chunks.reduce<readonly number[]>(
    (sizes, blocks) => sizes.flatMap((size) => blocks.map((length) => size * length)),
    [1],
  );
  const { dtype } = array;
  return call(
    { word: "flat", dtype, chunks: [lengths], operands: [array], identity: [] },
    ([operand], token) => {
      const below = materialize(operand as Operand, `${token}-below`);
      const plan = new LayerPlan([lengths.length]);
      const template = { fn: flatBlock, args: [plan.dep(plan.number(below))] };
      const layer = plan.finish({ word: "flat", token, kind: "blockwise", template });
      return blocksOfLayer(layer, [lengths]);
    },
  );
}

/** One axis of known blocks in ascending order, in the same blocks. */
export function sortAxis(array: Expr): Expr {
  const { dtype, chunks } = array;
  return call(
    { word: "sort", dtype, chunks, operands: [array], identity: ["blocks"] },
    ([operand], token) => lowerSort(operand as Operand, chunks, token),
  );
}

function lowerSort(operand: Operand, chunks: Chunks, token: string): Blocks {
  const lengths = chunks[0] as readonly number[];
  const count = lengths.length;
  const samples = SAMPLES * count;
  const each = perBlock(chunks, token);
  const sorted = each("sort-block", sortBlock, (plan) => [constant(0), plan.operand(operand)]);
  const sample = each("sort-sample", sampleOf, (plan) => [
    constant(samples),
    plan.operand(plain(sorted)),
  ]);
  const splitters = ofAll("sort-splitters", token, sample, chooseSplitters, [
    lengths,
    samples,
    BUCKETS * count,
  ]);
  const numbers = lengths.map((_, i) => i);
  const cuts = each("sort-cuts", cutsOf, (plan) => [
    plan.axisLiteral(0, numbers),
    plan.operand(plain(sorted)),
    plan.operand(plain(splitters), [0]),
  ]);
  const shares = ofAll("sort-shares", token, cuts, sharesOf, [lengths]);
  const source = each("sort-source", sortSource, (plan) => [
    plan.operand(plain(sorted)),
    plan.operand(plain(cuts)),
    plan.operand(plain(shares), [0]),
  ]);
  const layer = exchange({
    name: `sort-${token}`,
    source: source.layers[0] as Layer,
    destinations: count,
    grid: gridOf(chunks),
    split: { fn: splitSorted },
    join: { fn: joinSorted, args: [constant(lengths)] },
  });
  return blocksOfLayer(layer, chunks);
}

function plain(blocks: Blocks): Operand {
  return { blocks, cut: null };
}

type MakeArgs = (plan: LayerPlan) => ReturnType<LayerPlan["operand"]>[];

/** Makes layers of one task for each block. */
function perBlock(
  chunks: Chunks,
  token: string,
): (word: string, fn: TaskFunction, args: MakeArgs) => Blocks {
  return (word: string, fn: TaskFunction, args: MakeArgs): Blocks => {
    const plan = new LayerPlan(gridOf(chunks));
    const template = { fn, args: args(plan) };
    return blocksOfLayer(plan.finish({ word, token, kind: "blockwise", template }), chunks);
  };
}

/** One task that sees what all blocks gave. */
function ofAll(
  word: string,
  token: string,
  below: Blocks,
  fn: TaskFunction,
  args: readonly unknown[],
): Blocks {
  const plan = new LayerPlan([1]);
  const deps = plan.number(below);
  const template = { fn, args: [...args.map(constant), { kind: "deps", start: 0 } as const] };
  const offsets = Int32Array.of(0, deps.length);
  const layer = plan.finishWith({ word, token, kind: "reduction", template }, offsets, deps);
  return blocksOfLayer(layer, [[1]]);
}
